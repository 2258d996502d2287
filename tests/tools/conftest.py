"""A workspace with pictures, a detector that sees what a test says, and the real tool node around the real tools."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolInvocationError
from PIL import Image

from tools.catalog import ModelEntry, active
from tools.detector import Detection
from tools.errors import ToolError
from tools.models import Models
from tools.outliner import GrabCut
from tools.reader import Line
from tools.recogniser import Floats
from tools.registry import load_tools
from tools.workspace import Workspace

Call = Callable[..., ToolMessage]


class SeenBefore:
    """Stands in for a detector: gives out what it was told, of the labels asked for."""

    name = "fake-1"

    def __init__(self, detections: list[Detection]) -> None:
        self.detections = detections
        self.asked: list[Collection[str] | None] = []

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        self.asked.append(labels)
        return [d for d in self.detections if labels is None or d.label in labels]


class Names:
    """Stands in for a recogniser: knows three classes, and tells pictures apart by their mean colour."""

    name = "fake-names"
    classes: tuple[str, ...] = ("dog", "cat", "tree")

    def __call__(self, images: Sequence[Image.Image], labels: Sequence[str] = ()) -> Floats:
        """The sum of red, green and blue in each picture, as shares; for labels of one's own, the first wins."""
        if labels:
            return np.tile(np.eye(1, len(labels), dtype=np.float32), (len(images), 1))
        return np.stack([self._mean(image) for image in images])

    def embed(self, images: Sequence[Image.Image]) -> Floats:
        means = self(images)
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)

    def _mean(self, image: Image.Image) -> Floats:
        mean = np.asarray(image, dtype=np.float32).mean(axis=(0, 1))
        return np.asarray(mean / mean.sum(), dtype=np.float32)


class Lines:
    """Stands in for a reader: gives out what it was told, and keeps what it was given to read."""

    name = "fake-lines"

    def __init__(self) -> None:
        self.lines = [Line("EXIT", 0.9, (2, 3, 12, 8)), Line("no. 7", 0.8, (2, 10, 12, 15))]
        self.asked: list[tuple[int, int]] = []

    def __call__(self, image: Image.Image) -> list[Line]:
        self.asked.append(image.size)
        return self.lines


def patch(label: str, x: int, y: int, size: int, score: float = 0.9) -> Detection:
    """A square thing in an image of 100 x 80 pixels, with its mask."""
    mask = np.zeros((80, 100), dtype=np.bool_)
    mask[y : y + size, x : x + size] = True
    return Detection(label=label, score=score, box=(x, y, x + size, y + size), mask=mask)


@pytest.fixture
def detector() -> SeenBefore:
    """Sees a red dog, a blue dog and a tree."""
    return SeenBefore([patch("dog", 60, 10, 10), patch("dog", 5, 10, 20), patch("tree", 30, 40, 30, 0.8)])


@pytest.fixture
def names() -> Names:
    """Knows dog, cat and tree."""
    return Names()


@pytest.fixture
def lines() -> Lines:
    """Reads two lines."""
    return Lines()


@pytest.fixture
def workspace(tmp_path: Path, detector: SeenBefore, names: Names, lines: Lines) -> Workspace:
    """One image, green, with what the detector sees painted in."""
    image = Image.new("RGB", (100, 80), "#5c9e31")
    image.paste("#d22f27", (5, 10, 25, 30))
    image.paste("#1e50a0", (60, 10, 70, 20))
    image.save(tmp_path / "a.png")

    models = {"segment": detector, "recognise": names, "read": lines, "outline": GrabCut(active("outline"))}

    def load(entry: ModelEntry) -> object:
        return models[entry.task]

    return Workspace.open([tmp_path / "a.png"], Models(load))


@pytest.fixture
def call(workspace: Workspace) -> Call:
    """Calls a tool by name as LangGraph does, in one conversation; errors that are for the model come as messages."""
    node = ToolNode(load_tools(), handle_tool_errors=(ToolError, ToolInvocationError))
    graph: Any = StateGraph(MessagesState, context_schema=Workspace)
    graph.add_node("tools", node).add_edge(START, "tools").add_edge("tools", END)
    compiled = graph.compile()
    messages: list[AnyMessage] = []

    def run(name: str, **arguments: object) -> ToolMessage:
        call_id = f"call-{len(messages) // 2 + 1}"
        messages.append(
            AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": call_id, "type": "tool_call"}])
        )
        answered = compiled.invoke({"messages": messages}, context=workspace)["messages"][-1]
        assert isinstance(answered, ToolMessage)
        messages.append(answered)
        return answered

    return run
