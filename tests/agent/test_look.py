"""What `look` shows, with fakes behind the loader, and the verb's own errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from agent.calls import Calls
from agent.cli import main
from agent.seen import see
from graphs.scene import SceneGraph
from tools.catalog import ModelEntry
from tools.errors import ToolError
from tools.models import Models
from tools.reader import Line
from tools.recogniser import Floats
from tools.registry import load_tools
from tools.seen import Seen as Cache
from tools.workspace import Workspace

if TYPE_CHECKING:
    from tests.agent.conftest import Detector


class Cat:
    """A recogniser that takes everything for a cat."""

    name = "fake-names"
    classes = ("dog", "cat")

    def __call__(self, images: Sequence[Image.Image], labels: Sequence[str] = ()) -> Floats:
        """See a cat."""
        return np.tile(np.array([[0.2, 0.8]], dtype=np.float32), (len(images), 1))


def read(image: Image.Image) -> list[Line]:
    """A reader that reads one word."""
    return [Line("EXIT", 0.9, (30, 40, 50, 46))]


read.name = "fake-reader"  # type: ignore[attr-defined]


@pytest.fixture
def models(detector: Detector) -> Models:
    """Fakes of all tasks."""

    def load(entry: ModelEntry) -> object:
        return {"segment": detector, "recognise": Cat(), "read": read}[entry.task]

    return Models(load)


def test_everything_is_seen_in_every_image(picture: Path, models: Models, tmp_path: Path) -> None:
    seen = see([picture, picture], models)
    rows = seen.rows()
    assert [row[1] for row in rows] == ["dog-1", "dog-2", "text-1", "tree-1", "dog-3", "dog-4", "text-2", "tree-2"]
    assert rows[0] == ("park.png", "dog-1", "2,4,12,14", "0.90", "3.3%", "brown", "cat", "")
    assert rows[2][1:] == ("text-1", "30,40,50,46", "0.90", "", "", "", "EXIT")
    told = json.loads(json.dumps(seen.to_json()))
    assert [len(image["entities"]) for image in told["images"]] == [4, 4]
    assert len(SceneGraph.from_json(told["scene"]).entities()) == 8
    files = seen.write(tmp_path / "out")
    assert [path.name for path in files] == ["img-1-annotated.png", "img-2-annotated.png", "graph.json"]
    assert all(path.stat().st_size for path in files)


def test_names_and_text_may_be_left_out(picture: Path, models: Models) -> None:
    rows = see([picture], models, text=False, names=False).rows()
    assert [(row[1], row[6], row[7]) for row in rows] == [("dog-1", "", ""), ("dog-2", "", ""), ("tree-1", "", "")]


def test_an_image_with_nothing_in_it_has_its_row(picture: Path, models: Models, detector: Detector) -> None:
    detector.seen = []
    [row] = see([picture], models, text=False).rows()
    assert row[:3] == ("park.png", "nothing found", "")


def test_what_was_seen_is_kept_for_the_same_picture_under_another_id(
    picture: Path, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.seen = Cache(tmp_path / "seen.sqlite")
    other = tmp_path / "other.png"
    Image.new("RGB", (64, 48), "white").save(other)
    first = see([picture], models).to_json()
    monkeypatch.setattr(Cat, "__call__", None)  # nobody looks again
    with pytest.raises(TypeError):
        see([other], models)
    monkeypatch.undo()
    see([other], models)
    monkeypatch.setattr(Cat, "__call__", None)
    again = see([other, picture, picture], models)
    assert see([picture], models).to_json() == first
    one, two, three = (image["entities"] for image in again.to_json()["images"])
    assert {entity["image_id"] for entity in [*one, *two, *three]} == {"img-1", "img-2", "img-3"}
    assert [entity["box"] for entity in two] == [entity["box"] for entity in first["images"][0]["entities"]]
    assert not {entity["call_id"] for entity in two} & {entity["call_id"] for entity in three}


def test_calls_go_on_from_each_other_and_errors_are_for_the_caller(workspace: Workspace) -> None:
    calls = Calls(workspace, load_tools())
    calls("detect", image_id="img-1", labels=["dog"])
    assert calls("query_scene", op="count", label="dog").text == "count = 2: dog-1 dog-2"
    assert {one.call_id for one in calls.scene.entities()} == {"call-1"}
    with pytest.raises(ToolError, match="no image 'img-7'"):
        calls("detect", image_id="img-7", labels=[])
    assert len(calls.observations) == 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["missing.png"], "no such image: missing.png"),
        (["https://example.org/a.png"], "pictures from the web are off"),
        (["*.gif"], "nothing matches"),
        (["park.png", "--out", "park.png/x"], "cannot write to park.png/x"),
    ],
)
def test_bad_input_gets_one_line(
    picture: Path,
    arguments: list[str],
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(picture.parent)
    with pytest.raises(SystemExit) as ended:
        main(["look", *arguments])
    assert ended.value.code == 2
    assert line in capsys.readouterr().err
