"""Where the images that `generate` and `edit` make go: never in the place of another file."""

from pathlib import Path

import pytest
from PIL import Image

from agent.commands import making
from graphs.types import ImageRef, Observation
from tools.errors import UserError


@pytest.fixture
def made(tmp_path: Path) -> Observation:
    """Two images that a tool made."""
    paths = [tmp_path / "made" / f"img-{number}.png" for number in (1, 2)]
    paths[0].parent.mkdir()
    for path in paths:
        Image.new("RGB", (4, 4)).save(path)
    refs = [ImageRef(id=path.stem, sha256="0" * 64, width=4, height=4, path=str(path)) for path in paths]
    return Observation(text="two", images=tuple(refs))


def test_they_are_numbered_on_from_what_is_there(made: Observation, tmp_path: Path) -> None:
    out = tmp_path / "out"
    making.check_out(out, 2)
    assert [path.name for path in making.delivered(made, out)] == ["img-1.png", "img-2.png"]
    (out / "img-1.png").unlink()
    assert [path.name for path in making.delivered(made, out)] == ["img-1.png", "img-3.png"]


def test_no_file_is_replaced(made: Observation, tmp_path: Path) -> None:
    one = made.model_copy(update={"images": made.images[:1]})
    out = tmp_path / "new" / "blue.png"
    making.check_out(out)
    assert making.delivered(one, out) == [out]
    with pytest.raises(UserError, match="blue.png is there already: choose another --out"):
        making.check_out(out)
    with pytest.raises(UserError, match="more.png is one file: name a folder for 2 images"):
        making.check_out(tmp_path / "more.png", 2)
    with pytest.raises(UserError, match="cannot write to .*blue.png/deeper"):
        making.check_out(out / "deeper")
