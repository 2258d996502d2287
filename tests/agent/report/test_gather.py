from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from agent.report.gather import expand, gather
from agent.report.survey import Surveyor
from tools.detector import Detection
from tools.errors import UserError
from tools.models import Models
from tools.reader import Line

if TYPE_CHECKING:
    from tools.catalog import ModelEntry


class Eye:
    """Sees one dog in everything, and counts how often it looked."""

    name = "eye"

    def __init__(self) -> None:
        self.looked = 0

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        self.looked += 1
        mask = np.zeros((image.height, image.width), dtype=np.bool_)
        mask[10:40, 10:50] = True
        return [Detection("dog", 0.9, (10, 10, 50, 40), mask)]


@pytest.fixture
def eye() -> Eye:
    return Eye()


def loader(eye: Eye) -> Callable[[ModelEntry], Any]:
    def load(entry: ModelEntry) -> Any:
        if entry.task == "segment":
            return eye
        raise UserError(f"no {entry.task} here")

    return load


def surveyor(eye: Eye, *focus: str) -> Surveyor:
    return Surveyor(focus, Models(loader(eye)))


def folder_of(tmp_path: Path, count: int) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (100, 80), (number, 90, 90)).save(folder / f"{number}.png")
    return folder


def test_a_broken_off_run_goes_on(eye: Eye, tmp_path: Path) -> None:
    paths = expand([folder_of(tmp_path, 5)], tmp_path / "out")
    first = gather(paths[:3], surveyor(eye), tmp_path / "kept")
    assert eye.looked == 3
    done: list[int] = []
    second = gather(paths, surveyor(eye), tmp_path / "kept", lambda: done.append(1))

    assert eye.looked == 5
    assert len(done) == 5
    assert second.seen[:3] == first.seen
    assert [one.image.id for one in second.seen] == [f"img-{number}" for number in range(1, 6)]
    assert [e.call_id for e in second.seen[4].observations()[0].entities] == ["img-5-segment"]
    assert second.pictures.keys() == {one.image.id for one in second.seen}


def test_other_labels_are_another_look(eye: Eye, tmp_path: Path, dog_file: Path) -> None:
    gather([dog_file], surveyor(eye), tmp_path / "kept")
    focused = gather([dog_file], surveyor(eye, "dog"), tmp_path / "kept")

    assert eye.looked == 2
    assert [one.label for one in focused.seen[0].observations()[0].searches] == ["dog"]


def test_another_model_is_another_look(eye: Eye, tmp_path: Path, dog_file: Path) -> None:
    class Surer(Models):
        def entry(self, task: str) -> ModelEntry:
            return super().entry(task).model_copy(update={"confidence": 0.9})

    gather([dog_file], surveyor(eye), tmp_path / "kept")
    gather([dog_file], Surveyor(models=Surer(loader(eye))), tmp_path / "kept")
    assert eye.looked == 2


def test_what_could_not_look_looks_again(eye: Eye, tmp_path: Path, dog_file: Path) -> None:
    def read(image: Image.Image) -> list[Line]:
        return [Line("EXIT", 0.9, (30, 40, 50, 46))]

    read.name = "reader"  # type: ignore[attr-defined]
    first = gather([dog_file], surveyor(eye), tmp_path / "kept")
    assert [look.error for look in first.seen[0].looks] == [None, "no read here"]
    reading = Surveyor(models=Models(lambda entry: eye if entry.task == "segment" else read))
    second = gather([dog_file], reading, tmp_path / "kept")

    assert [look.error for look in second.seen[0].looks] == [None, None]
    assert eye.looked == 1


def test_one_bad_file_among_good_ones_is_left_out_and_named(eye: Eye, tmp_path: Path, dog_file: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    gathered = gather([bad, dog_file], surveyor(eye), tmp_path / "kept")

    assert [one.image.id for one in gathered.seen] == ["img-1"]
    assert "bad.png is not an image" in gathered.unread[0]
    with pytest.raises(UserError, match="is not an image"):
        gather([bad], surveyor(eye), tmp_path / "nothing" / "kept")
    assert not (tmp_path / "nothing").exists()


def test_a_path_that_holds_no_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such image"):
        expand([tmp_path / "missing.png"], tmp_path / "out")
    with pytest.raises(UserError, match="no images in"):
        expand([tmp_path], tmp_path / "out")


def test_the_report_itself_is_not_reported_on(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 2)
    (folder / "report" / "seen").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "report" / "seen" / "0.jpg")
    assert [path.name for path in expand([folder], folder / "report")] == ["0.png", "1.png"]
