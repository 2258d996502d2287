"""The tool that outlines what is at a place, whether or not a label for it is known."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import Field

from graphs.geometry import boxes_of, iou
from graphs.taxonomy import ANYTHING
from graphs.types import Box, Entity, Observation
from tools import masks
from tools.colour import dominant
from tools.errors import ToolError
from tools.looking import look
from tools.outliner import Outliner
from tools.regions import Corners, Runtime, corners, within
from tools.vision_tool import ImageId, vision_tool

Point = Annotated[list[float], Field(min_length=2, max_length=2)]

SAME_BOX_IOU = 0.5
"""From this on, a box that is given means the thing that was found there."""

LEAST, MOST = 0.0005, 0.9
"""Shares of the image between which an outline is that of a thing."""


@vision_tool(seconds=60)
def segment_at(
    image_id: ImageId, runtime: Runtime, box: Corners | None = None, point: Point | None = None
) -> Observation:
    """Outline the thing within a box or at a point, whatever it is.

    Args:
        image_id: Which image to look at.
        runtime: Of the call; hidden from the model.
        box: Around the thing, x1, y1, x2, y2 in pixels.
        point: On the thing instead, x, y in pixels.
    """
    image = runtime.context.image(image_id)
    if bool(box) == bool(point):
        raise ToolError("give either a box or a point")
    where = within(box, image_id, image.size) if box else None
    spot = None if where or not point else _inside(point, image_id, image.size)
    known = look("segment_at", image_id, [], runtime, outlines=True).entities
    entity = _known(known, where, spot) or _cut_out(image, image_id, where, spot, runtime)
    return Observation(text=f"{entity.label} at {corners(entity.box)}, by {entity.model}", entities=(entity,))


def _inside(point: list[float], image_id: str, size: tuple[int, int]) -> tuple[int, int]:
    given = ", ".join(f"{value:g}" for value in point)
    if len(point) != 2 or not all(map(math.isfinite, point)):
        raise ToolError(f"point [{given}] is none: give x, y in pixels")
    x, y = int(point[0]), int(point[1])
    if not (0 <= point[0] and x < size[0] and 0 <= point[1] and y < size[1]):
        raise ToolError(f"point [{given}] lies outside {image_id}, which has {size[0]} x {size[1]} pixels")
    return x, y


def _known(found: tuple[Entity, ...], box: Box | None, point: tuple[int, int] | None) -> Entity | None:
    """The thing that the detector knows there: that of nearly the same box, or the smallest that holds the point."""
    outlined = [one for one in found if one.mask is not None]
    if box is not None and outlined:
        shared = iou(np.array([box.xyxy]), boxes_of(outlined))[0]
        best = int(shared.argmax())
        return outlined[best] if shared[best] >= SAME_BOX_IOU else None
    if point is not None:
        x, y = point
        there = [one for one in outlined if one.mask is not None and masks.decode(one.mask)[y, x]]
        return min(there, key=lambda one: one.box.area, default=None)
    return None


def _cut_out(
    image: Image.Image, image_id: str, box: Box | None, point: tuple[int, int] | None, runtime: Runtime
) -> Entity:
    """What stands out from its surroundings there.

    Raises:
        ToolError: If nothing does.
    """
    outliner: Outliner = runtime.context.model("outline")
    mask, score = outliner(image, box, point)
    if not LEAST <= mask.mean() <= MOST:
        raise ToolError("nothing stands out from its surroundings there: give a box close around the thing")
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    x_scale, y_scale = image.width / width, image.height / height
    attributes: dict[str, str | float] = {"area_share": round(float(mask.mean()), 5)}
    if (colour := dominant(np.asarray(image.convert("RGB").resize((width, height))), mask)) is not None:
        attributes["colour"] = colour
    call_id = runtime.tool_call_id or ""
    return Entity(
        id=f"{call_id}/0",
        label=ANYTHING,
        image_id=image_id,
        box=Box(
            x1=columns[0] * x_scale,
            y1=rows[0] * y_scale,
            x2=(columns[-1] + 1) * x_scale,
            y2=(rows[-1] + 1) * y_scale,
        ),
        mask=masks.encode(mask, (image.height, image.width)),
        score=score,
        attributes=attributes,
        model=outliner.name,
        call_id=call_id,
        tool="segment_at",
    )
