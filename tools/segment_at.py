"""The tool that outlines what is at a place, whether or not a label for it is known."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from graphs.geometry import boxes_of, iou
from graphs.taxonomy import ANYTHING
from graphs.types import Box, Entity, Observation
from tools import masks
from tools.colour import dominant
from tools.errors import ToolError
from tools.looking import look
from tools.regions import Corners, Runtime, corners, within
from tools.vision_tool import ImageId, vision_tool

Point = Annotated[list[float], Field(min_length=2, max_length=2)]

SAME_BOX_IOU = 0.5
"""From this on, a box that is given means the thing that was found there."""

GRABCUT = "grabcut"
"""Rother, Kolmogorov and Blake 2004: it cuts out what differs in colour from its surroundings."""

UNSURE = 0.5
"""Score of an outline by GrabCut, which gives none: neither for nor against."""

LONGEST_SIDE = 320
ITERATIONS = 4
SEED_RADIUS = 0.02
REACH = 0.25
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
    entity = _known(known, where, spot) or _cut_out(image, image_id, where, spot, runtime.tool_call_id or "")
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


def _cut_out(image: Image.Image, image_id: str, box: Box | None, point: tuple[int, int] | None, call_id: str) -> Entity:
    """What stands out from its surroundings there.

    Raises:
        ToolError: If nothing does.
    """
    scale = min(LONGEST_SIDE / max(image.size), 1.0)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    pixels = np.asarray(image.resize(size))
    start = _in_box(size, box, scale) if box is not None else _around(size, point or (0, 0), scale)
    mask = _grabcut(pixels, start)
    if not LEAST <= mask.mean() <= MOST:
        raise ToolError("nothing stands out from its surroundings there: give a box close around the thing")
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x_scale, y_scale = image.width / size[0], image.height / size[1]
    attributes: dict[str, str | float] = {"area_share": round(float(mask.mean()), 5)}
    if (colour := dominant(pixels, mask)) is not None:
        attributes["colour"] = colour
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
        score=UNSURE,
        attributes=attributes,
        model=GRABCUT,
        call_id=call_id,
        tool="segment_at",
    )


def _in_box(size: tuple[int, int], box: Box, scale: float) -> NDArray[np.uint8]:
    """GrabCut's start for a box: outside of it is background for sure."""
    import cv2

    start = np.full((size[1], size[0]), cv2.GC_BGD, dtype=np.uint8)
    x1, y1, x2, y2 = (round(value * scale) for value in box.xyxy)
    start[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)] = cv2.GC_PR_FGD
    return start


def _around(size: tuple[int, int], point: tuple[int, int], scale: float) -> NDArray[np.uint8]:
    """GrabCut's start for a point: a small disc is foreground for sure, a wider one perhaps."""
    import cv2

    start = np.full((size[1], size[0]), cv2.GC_PR_BGD, dtype=np.uint8)
    centre, longest = (round(point[0] * scale), round(point[1] * scale)), max(size)
    cv2.circle(start, centre, max(round(REACH * longest / 2), 2), cv2.GC_PR_FGD, -1)
    cv2.circle(start, centre, max(round(SEED_RADIUS * longest), 1), cv2.GC_FGD, -1)
    return start


def _grabcut(pixels: NDArray[np.uint8], start: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The connected part of the foreground that holds most of what was sure at the start, or else likely."""
    import cv2

    sure = start == cv2.GC_FGD
    behind, front = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    try:
        made, _, _ = cv2.grabCut(
            np.ascontiguousarray(pixels[..., ::-1]), start.copy(), (0, 0, 1, 1), behind, front, ITERATIONS,
            cv2.GC_INIT_WITH_MASK,
        )  # fmt: skip
    except cv2.error as error:  # where one side of the start holds too few pixels
        raise ToolError("too little is there to tell it from its surroundings: give another box or point") from error
    foreground = np.isin(made, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    count, parts = cv2.connectedComponents(foreground)
    if count < 2:
        return np.zeros(foreground.shape, dtype=np.bool_)
    votes = np.bincount(parts[sure if sure.any() else start == cv2.GC_PR_FGD], minlength=count)
    votes[0] = 0
    return np.asarray(parts == int(votes.argmax()), dtype=np.bool_)
