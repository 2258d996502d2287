"""What is remembered of a look, and of whose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_core.messages import ToolCall, ToolMessage

from agent.recall import Recall
from graphs.types import ImageRef, Observation
from tools.catalog import ModelEntry
from tools.models import Models
from tools.workspace import Workspace

if TYPE_CHECKING:
    from tests.agent.conftest import Detector, Server

DETECT = ("detect", {"image_id": "img-1", "labels": ["dog"]})
TWO_DOGS = ("answer", {"text": "There are 2 dogs.", "value": 2, "evidence": ["dog-1", "dog-2"]})


class Trained(Models):
    """Models of which the detector is another, with the same weights, once its confidence was set."""

    confidence: float | None = None

    def entry(self, task: str) -> ModelEntry:
        return super().entry(task).model_copy(update={"confidence": self.confidence})


def test_another_model_of_the_same_weights_looks_itself(
    serve: Callable[..., Server], picture: Path, detector: Detector
) -> None:
    models = Trained(lambda _: detector)
    made = serve([DETECT], [TWO_DOGS], [DETECT], [TWO_DOGS], [DETECT], [TWO_DOGS]).agent()
    looks = []
    for confidence in (None, None, 0.5):
        models.confidence = confidence
        run = asyncio.run(made.ask(Workspace.open([picture], models), "How many dogs are there?"))
        assert (run.error, run.answer.value) == (None, 2)
        looks.append(detector.asked)
    assert looks == [1, 1, 2]


def test_a_look_during_which_the_model_changed_is_not_remembered() -> None:
    call = ToolCall(name="detect", args={"image_id": "img-1"}, id="call-1", type="tool_call")
    image = ImageRef(id="img-1", sha256="0" * 64, width=1, height=1, path="a.png")
    active = ["old"]
    looked = []

    async def look() -> ToolMessage:
        looked.append(active[0])
        active[0] = "new"
        return ToolMessage("", tool_call_id="call-1", artifact=Observation(text="seen").dump())

    async def ask() -> None:
        recall = Recall()
        for model in ("old", "old", "new", "new"):
            active[0] = model
            await recall.look(call, image, lambda: active[0], look)

    asyncio.run(ask())
    assert looked == ["old", "old", "new"]
