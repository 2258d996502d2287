"""Under whose name a sight is kept."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from PIL import Image

from tools.catalog import ModelEntry, Source, find
from tools.catalog.changes import choose, keep
from tools.detector import Detection
from tools.models import Models
from tools.seen import Seen
from tools.sighting import Sight, sight
from tools.workspace import Workspace

pytestmark = pytest.mark.usefixtures("home")


class Namesake:
    """Stands in for a detector: sees one thing, which it calls by its namer's checksum, or by its own name."""

    def __init__(self, label: str) -> None:
        self.name = label
        self.label = label

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        return [Detection(self.label, 0.9, (1, 1, 5, 5), None)]


class Distracted(Seen):
    """Has another model chosen, or trained, while it is asked what was seen."""

    meanwhile: list[ModelEntry]

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        while self.meanwhile:
            one = self.meanwhile.pop()
            keep(one)
            if one.task == "segment":
                choose(one.name)
        return super().get(keys)


def entry(name: str, folder: Path, task: str = "segment", namer: str = "") -> ModelEntry:
    (folder / name).write_bytes(b"weights")
    source = Source(kind="file", location=str(folder / name))
    return ModelEntry(name=name, task=task, backend="fake", sources=(source,), licence="MIT", namer=namer, sha256="1")


@pytest.fixture
def seen(tmp_path: Path) -> Distracted:
    seen = Distracted(tmp_path / "seen.sqlite")
    seen.meanwhile = []
    return seen


def look(folder: Path, models: Models) -> tuple[str, str]:
    Image.new("RGB", (20, 10), "green").save(folder / "a.png")
    seen: Sight
    [seen] = sight(Workspace.open([folder / "a.png"], models), "segment", ["img-1"], None, False)
    return seen.model, seen.things[0]["label"]


def test_what_another_model_saw_is_not_kept_as_the_first_ones(tmp_path: Path, seen: Distracted) -> None:
    models = Models(lambda known: Namesake(known.name), seen=seen)
    first = entry("first", tmp_path)
    keep(first)
    choose("first")
    Image.new("RGB", (20, 10), "green").save(tmp_path / "a.png")
    workspace = Workspace.open([tmp_path / "a.png"], models)
    seen.meanwhile = [entry("second", tmp_path)]
    [told] = sight(workspace, "segment", ["img-1"], None, False)
    assert (told.model, told.things[0]["label"]) == ("second", "second")
    choose("first")
    assert look(tmp_path, models) == ("first", "first")
    choose("second")
    assert look(tmp_path, models) == ("second", "second")


def test_a_namer_that_was_trained_anew_names_anew(tmp_path: Path, seen: Distracted) -> None:
    models = Models(lambda known: Namesake(f"by {find(known.namer).sha256}"), seen=seen)
    namer = entry("namer", tmp_path, "recognise")
    for one in (namer, entry("seer", tmp_path, namer="namer")):
        keep(one)
    choose("seer")
    assert look(tmp_path, models) == ("seer", "by 1")
    Image.new("RGB", (20, 10), "red").save(tmp_path / "b.png")
    workspace = Workspace.open([tmp_path / "b.png"], models)
    seen.meanwhile = [namer.model_copy(update={"sha256": "2"})]
    [told] = sight(workspace, "segment", ["img-1"], None, False)
    assert told.things[0]["label"] == "by 2"
    assert look(tmp_path, models) == ("seer", "by 2")
    keep(namer)
    [told] = sight(workspace, "segment", ["img-1"], None, False)
    assert told.things[0]["label"] == "by 1"
