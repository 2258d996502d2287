from pathlib import Path

import pytest

from finetune.begun import ASKED, going_on, size_of
from tools.errors import UserError

WANTED = {"recipe": "detect", "options": ["epochs=2"], "size": [1, 3]}


def test_a_training_goes_on_only_as_it_was_asked_for(tmp_path: Path) -> None:
    for _ in range(2):
        with going_on(tmp_path, WANTED):
            pass
    with (
        pytest.raises(UserError, match="holds a training that differs in options and size: choose another --out"),
        going_on(tmp_path, WANTED | {"options": [], "size": [2, 3]}),
    ):
        raise AssertionError
    with going_on(tmp_path, WANTED):
        pass


def test_what_was_refused_at_once_may_be_asked_for_otherwise(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such option"), going_on(tmp_path, WANTED):
        raise UserError("no such option")
    assert not (tmp_path / ASKED).exists()


def test_data_that_changed_has_another_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    out = tmp_path / "out"
    out.mkdir()
    (out / "weights").write_text("grow")
    before = size_of(tmp_path, out)
    (tmp_path / "b").write_text("more")
    assert (before, size_of(tmp_path, out), size_of(tmp_path / "a", out)) == ([1, 3], [2, 7], [1, 3])


def test_a_damaged_record_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ASKED).write_text("")
    with pytest.raises(UserError, match="asked.json is damaged"), going_on(tmp_path, WANTED):
        raise AssertionError
