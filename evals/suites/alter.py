"""Changes at the seams of the agent: its tools, and the models that they look with. When to make them, suites say."""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PIL import Image

from evals.metrics.called import ENDING
from graphs.taxonomy import CATEGORIES
from tools.detector import Detection
from tools.errors import ToolError
from tools.models import Models

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from tools.catalog import ModelEntry

Told = tuple[str, dict[str, Any]]
"""What a tool's function gives: its text, and its observation as plain JSON."""

FAILED = "the tool failed this time: call it again"
WRONG = 0.25
"""Share of detections that get another label."""
GARBLED = 0.1
"""Share of letters that are read as others, as at a word error rate of about a third."""


def around(tool: BaseTool, change: Callable[[Callable[..., Told], tuple[Any, ...], dict[str, Any]], Told]) -> BaseTool:
    """A tool whose function is called by `change`; its name, schema and terms stay."""
    function = getattr(tool, "func", None)
    if function is None:
        return tool  # async, or of another kind: as it is

    @functools.wraps(function)
    def changed(*args: Any, **kwargs: Any) -> Told:
        return change(function, args, kwargs)

    return tool.model_copy(update={"func": changed})


def failing_once(tools: Sequence[BaseTool]) -> list[BaseTool]:
    """Tools of which the first call fails, whichever it is; `answer` is left alone."""
    failed: list[bool] = []

    def change(function: Callable[..., Told], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Told:
        if not failed:
            failed.append(True)
            raise ToolError(FAILED)
        return function(*args, **kwargs)

    return [tool if tool.name == ENDING else around(tool, change) for tool in tools]


def telling(tools: Sequence[BaseTool], change: Callable[[str], str]) -> list[BaseTool]:
    """Tools whose texts are changed; what they saw stays."""

    def changed(function: Callable[..., Told], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Told:
        text, observation = function(*args, **kwargs)
        return change(text), {**observation, "text": change(text)}

    return [tool if tool.name == ENDING else around(tool, changed) for tool in tools]


def garbled(text: str) -> str:
    """A text in which one letter in ten is another; the same text is always garbled alike."""
    draw = random.Random(text)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return "".join(draw.choice(letters) if c.isalpha() and draw.random() < GARBLED else c for c in text)


def renamed(tools: Sequence[BaseTool], names: Mapping[str, str]) -> list[BaseTool]:
    """Tools under other names."""
    return [tool.model_copy(update={"name": names.get(tool.name, tool.name)}) for tool in tools]


def distracting() -> list[BaseTool]:
    """Tools that look useful and never help."""
    from langchain_core.tools import tool

    def make(name: str, about: str) -> BaseTool:
        def useless(image_id: str) -> str:
            raise ToolError(f"{name} cannot tell anything about {image_id}")

        return tool(name, description=about)(useless)

    texts = {
        "rate_photo": "Rate how beautiful an image is.",
        "find_author": "Find who made an image.",
        "read_barcode": "Read a barcode in an image.",
        "measure_noise": "Measure the noise of an image.",
    }
    return [make(name, about) for name, about in texts.items()]


def mislabelling(models: Models) -> Models:
    """Models whose detector gives one detection in four another label; the same picture is always seen alike."""

    class Mistaken:
        def __init__(self, detector: Any) -> None:
            self._detector = detector
            self.name = detector.name

        def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
            draw = random.Random(hashlib.sha256(image.tobytes()).hexdigest())
            seen = []
            for one in self._detector(image, None):
                wrong = draw.random() < WRONG
                seen.append(replace(one, label=draw.choice(list(CATEGORIES))) if wrong else one)
            return [one for one in seen if labels is None or one.label in labels]

    def load(entry: ModelEntry) -> Any:
        model = models.get(entry.task)
        return Mistaken(model) if entry.task == "segment" else model

    return Models(load)
