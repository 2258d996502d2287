"""Which part of an image a call means: a thing that was found, a box, or all of it. What is seen there, tools say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from langgraph.prebuilt import ToolRuntime
from PIL import Image
from pydantic import Field

from graphs.scene import SceneEntity, SceneGraph, fold
from graphs.taxonomy import ANYTHING
from graphs.types import Box, Entity
from tools.errors import ToolError
from tools.recogniser import square
from tools.vision_tool import observations
from tools.workspace import Workspace

ThingId = Annotated[str, Field(max_length=28)]
Corners = Annotated[list[float], Field(min_length=4, max_length=4)]
"""`x1, y1, x2, y2` in pixels."""

Runtime = ToolRuntime[Workspace, dict[str, Any]]

PICTURE = "picture"
"""Label of the entity that stands for an image as a whole, so that an answer can cite what was seen of it."""

MEASURED = ("colour", "area_share", "text", "recognised_as", "description")
"""Attributes that other code takes for what our tools measured, read or told; what a language model names freely must
not pass for them, nor for the answer to a question, which ends in its mark (see `describe.asked`)."""

SHOWN_IDS = 12

LEAST_SIDE = 0.001
"""Of a box, in pixels: far less than is seen or drawn, and enough to divide by."""


@dataclass(frozen=True)
class Region:
    """A part of an image.

    Attributes:
        image_id: Of the image.
        image: All its pixels.
        box: The part, within the image.
        thing: What was found there; None where a box was given, or nothing.
        whole: Whether it is all of the image.
    """

    image_id: str
    image: Image.Image
    box: Box
    thing: SceneEntity | None
    whole: bool

    def entity(
        self, tool: str, model: str, score: float, attributes: dict[str, str | float], call_id: str, label: str = ""
    ) -> Entity:
        """What a tool saw of it, as an entity: of the thing's label, else of the one given, else the whole picture."""
        return Entity(
            id=f"{call_id}/0",
            label=self.thing.label if self.thing else label or PICTURE,
            image_id=self.image_id,
            box=self.box,
            score=round(score, 4),
            attributes=attributes,
            model=model,
            call_id=call_id,
            tool=tool,
        )

    def crop(self) -> Image.Image:
        """The pixels of the part and no more; the image itself where it is whole."""
        return self.image if self.whole else self.image.crop(padded(self.box, self.image.size, 0.0))

    def square(self) -> Image.Image:
        """The pixels of the part as models that name pictures want them; the image itself where it is whole."""
        return self.image if self.whole else square(self.image, self.box.xyxy)


def scene_of(runtime: Runtime) -> SceneGraph:
    """The scene as the calls before this one saw it."""
    return fold(observations(runtime.state["messages"]), runtime.context.images)


def check_searched(scene: SceneGraph, terms: Iterable[str]) -> None:
    """Let nobody take for absent what was not looked for.

    Raises:
        ToolError: If no call has looked for one of the labels.
    """
    for term in terms:
        if not scene.searched(term):
            raise ToolError(f"nobody has looked for {term or ANYTHING!r} yet: call detect with it first")


def progress(runtime: Runtime) -> Callable[[int, int], None]:
    """What is told each step of long work and how many there are, and tells the person who waits."""
    return lambda done, total: runtime.stream_writer({"step": done, "of": total})


def find(scene: SceneGraph, thing: str) -> SceneEntity:
    """The thing with an id.

    Raises:
        ToolError: If nothing of that id was found yet.
    """
    entity = scene.get(thing)
    if entity is None:
        known = [one.id for one in scene.entities()]
        there = ", ".join(known[:SHOWN_IDS]) + (" …" if len(known) > SHOWN_IDS else "")
        raise ToolError(f"no thing {thing!r}; there is: {there or 'none yet, call detect first'}")
    return entity


def region(runtime: Runtime, image_id: str, thing: str | None, box: Sequence[float] | None) -> Region:
    """The part of an image that a call means: that of a thing or a box, else all of it.

    Raises:
        ToolError: If the image or the thing is unknown, both are given, or the box is none or lies outside.
    """
    image = runtime.context.image(image_id)
    if thing and box:
        raise ToolError("give a thing or a box, not both")
    if thing:
        entity = find(scene_of(runtime), thing)
        if entity.image_id != image_id:
            raise ToolError(f"{thing} is in {entity.image_id}, not in {image_id}")
        return Region(image_id, image, entity.box, entity, whole=False)
    if box:
        return Region(image_id, image, within(box, image_id, image.size), None, whole=False)
    return Region(image_id, image, Box(x1=0, y1=0, x2=image.width, y2=image.height), None, whole=True)


def within(corners: Sequence[float], image_id: str, size: tuple[int, int]) -> Box:
    """The part of a box that lies in its image.

    Args:
        corners: `x1, y1, x2, y2` in pixels.
        image_id: What to call the image in an error.
        size: Its width and height.

    Raises:
        ToolError: If there is none, or the corners are no box.
    """
    width, height = size
    given = ", ".join(f"{value:g}" for value in corners)
    if len(corners) != 4 or not all(map(math.isfinite, corners)):
        raise ToolError(f"box [{given}] is none: give x1, y1, x2, y2 in pixels")
    x1, y1, x2, y2 = corners
    if x2 - x1 < LEAST_SIDE or y2 - y1 < LEAST_SIDE:
        raise ToolError(f"box [{given}] has no area: x1, y1 is its upper left corner, x2, y2 its lower right one")
    x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    if x2 - x1 < LEAST_SIDE or y2 - y1 < LEAST_SIDE:
        raise ToolError(f"box [{given}] lies outside {image_id}, which has {width} x {height} pixels")
    return Box(x1=x1, y1=y1, x2=x2, y2=y2)


def padded(box: Box, size: tuple[int, int], margin: float) -> tuple[int, int, int, int]:
    """A box with a margin, in whole pixels within the image: at least one wide and high.

    Args:
        box: In pixels.
        size: Width and height of the image.
        margin: Share of the longer side to add on each side.
    """
    more = margin * max(box.x2 - box.x1, box.y2 - box.y1)
    x1 = min(max(math.floor(box.x1 - more), 0), size[0] - 1)
    y1 = min(max(math.floor(box.y1 - more), 0), size[1] - 1)
    x2 = max(min(math.ceil(box.x2 + more), size[0]), x1 + 1)
    y2 = max(min(math.ceil(box.y2 + more), size[1]), y1 + 1)
    return x1, y1, x2, y2


def corners(box: Box) -> str:
    """A box as a model reads it."""
    return ",".join(str(round(value)) for value in box.xyxy)
