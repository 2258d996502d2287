"""Every tool on photographs that nobody of the project took, and people's questions about them; see ../shared/data."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.calls import Calls
from tools.catalog import ModelEntry, entries
from tools.catalog.adding import describe
from tools.errors import ToolError
from tools.models import Models, load
from tools.registry import load_tools
from tools.workspace import Workspace

SHARED = Path(__file__).parents[2] / "shared"
PHOTOS = SHARED / "data" / "photos"
WEIGHTS = SHARED / "weights" / "yolov8n-seg_int8.onnx"
LEAST_RIGHT = 4
"""Measured with yolov8n-seg: players, tour buses, a crowd and a cake right; two counts, bread and a vase wrong."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PHOTOS.is_dir() or not WEIGHTS.is_file(), reason=f"needs {PHOTOS} and {WEIGHTS}"),
]


@dataclass(frozen=True)
class Plan:
    """How the tools answer a question: by counting things of a label and a colour."""

    label: str
    colour: str | None = None
    says: Callable[[int], str] = str


def there_is(count: int) -> str:
    return "yes" if count else "no"


PLANS = {
    "65": Plan("person", says=there_is),
    "67": Plan("person"),
    "68": Plan("stop sign"),
    "107": Plan("bus", says=there_is),
    "113": Plan("person", says=lambda count: there_is(count > 10)),
    "120": Plan("cake", says=there_is),
    "206": Plan("hot dog", says=there_is),
    "267": Plan("vase", colour="yellow"),
}
"""For the questions about things that COCO names; the others ask what no detector of it can tell."""


@pytest.fixture(scope="module")
def models() -> Models:
    """The segmenter of the photographs, the ImageNet recogniser and the reader."""
    segmenter = describe(WEIGHTS)
    named = next(entry for entry in entries() if entry.name == "imagenet-efficientnet-lite0")

    def chosen(entry: ModelEntry) -> object:
        return load({"segment": segmenter, "recognise": named}.get(entry.task, entry))

    class Chosen(Models):
        def entry(self, task: str) -> ModelEntry:
            return {"segment": segmenter, "detect": segmenter, "recognise": named}.get(task) or super().entry(task)

    return Chosen(chosen)


@pytest.fixture(scope="module")
def questions() -> list[dict[str, str | list[str]]]:
    """The questions that are answered by a number, or by yes or no."""
    asked = json.loads((PHOTOS / "questions.json").read_text(encoding="utf-8"))
    return [one for one in asked if one["answer"].isdigit() or one["answer"] in ("yes", "no")]


def test_every_tool_runs_on_every_photo(models: Models) -> None:
    paths = sorted((PHOTOS / "images").iterdir())
    assert len(paths) == 13
    for path in paths:
        calls = Calls(Workspace.open([path, paths[0]], models), load_tools())
        calls("detect", image_id="img-1", labels=[])
        calls("segment", image_id="img-1", labels=[])
        calls("read_text", image_id="img-1")
        calls("classify", image_id="img-1")
        calls("describe", image_id="img-1")
        calls("compare", image_id="img-1", other_id="img-2")
        calls("find_similar", image_id="img-1")
        calls("look_closer", image_id="img-1", box=[0, 0, 100, 100])
        with contextlib.suppress(ToolError):  # where nothing stands out from its surroundings
            calls("segment_at", image_id="img-1", point=[200, 200])
        things = [one.id for one in calls.scene.entities() if one.image_id == "img-1" and one.tool != "read_text"]
        if things:
            calls("measure", things=things[:1])
            calls("describe", image_id="img-1", thing=things[0])
            calls("query_scene", op="list", label="")


def test_people_s_questions(models: Models, questions: list[dict[str, str | list[str]]]) -> None:
    right = []
    for one in questions:
        plan = PLANS.get(str(one["pid"]))
        if plan is None:
            continue
        calls = Calls(Workspace.open([PHOTOS / str(one["image"])], models), load_tools())
        found = calls("detect", image_id="img-1", labels=[plan.label]).entities
        count = sum(plan.colour in (None, thing.attributes.get("colour")) for thing in found)
        said, human = plan.says(count), one["answer_gt"]
        # VQA's measure: right as far as three people agree (Antol et al. 2015).
        if min(list(human).count(said) / 3, 1) == 1:
            right.append(one["pid"])
    print(f"\n{len(right)} of {len(PLANS)} that the tools can tell, of {len(questions)} in all: right are {right}")
    assert len(right) >= LEAST_RIGHT
