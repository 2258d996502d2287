"""The tool that measures things already found, and between them: sizes, distances, angles. It looks at no pixels."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from graphs.scene import SceneEntity
from graphs.types import Box, ImageRef, Observation
from tools import masks
from tools.errors import ToolError
from tools.regions import Runtime, ThingId, find, scene_of
from tools.vision_tool import vision_tool

Things = Annotated[list[ThingId], Field(min_length=1, max_length=3)]


@vision_tool
def measure(things: Things, runtime: Runtime) -> Observation:
    """Measure one thing's size, the distance and direction from one to another, or the angle at the second of three.

    Args:
        things: Ids of one to three different things found so far, in one image.
        runtime: Of the call; hidden from the model.
    """
    if not 1 <= len(things) <= 3 or len(set(things)) < len(things):
        raise ToolError("give one, two or three different ids")
    scene = scene_of(runtime)
    found = [find(scene, thing) for thing in things]
    if len({one.image_id for one in found}) > 1:
        where = ", ".join(f"{one.id} is in {one.image_id}" for one in found)
        raise ToolError(f"things of one image only can be measured together: {where}")
    image = runtime.context.ref(found[0].image_id)
    match found:
        case [one]:
            return Observation(text=_size(one, image))
        case [one, other]:
            return Observation(text=_apart(one, other, image))
        case _:
            return Observation(text=_angle(*found))


def _size(one: SceneEntity, image: ImageRef) -> str:
    width, height = one.box.x2 - one.box.x1, one.box.y2 - one.box.y1
    ratio = width / height
    if one.mask is not None:
        area, of = float(masks.decode(one.mask).sum()), "outline"
    else:
        area, of = one.box.area, "box"
    share = area / (image.width * image.height)
    return (
        f"{one.id}: width {width:.0f} px ({width / image.width:.1%} of {image.id}), height {height:.0f} px "
        f"({height / image.height:.1%}), area of its {of} {area:.0f} px ({share:.1%}), width/height {ratio:.2f}"
    )


def _apart(one: SceneEntity, other: SceneEntity, image: ImageRef) -> str:
    """Distances between centres and between boxes, the direction, and how the areas compare."""
    (x, y), (to_x, to_y) = _centre(one.box), _centre(other.box)
    distance, gap = math.hypot(to_x - x, to_y - y), _gap(one.box, other.box)
    diagonal = math.hypot(image.width, image.height)
    # Pixel rows count downwards; people's angles count upwards.
    angle = math.degrees(math.atan2(y - to_y, to_x - x)) % 360
    return (
        f"from {one.id} to {other.id}: {distance:.0f} px between centres ({distance / diagonal:.1%} of the image's "
        f"diagonal), {gap:.0f} px between boxes, direction {angle:.0f} degrees (0 right, 90 up); "
        f"{one.id} has {one.box.area / other.box.area:.2f} times the area of {other.id}"
    )


def _angle(one: SceneEntity, corner: SceneEntity, other: SceneEntity) -> str:
    x, y = _centre(corner.box)
    first, second = (math.atan2(cy - y, cx - x) for cx, cy in (_centre(one.box), _centre(other.box)))
    turned = abs(math.degrees(second - first)) % 360
    return f"angle at {corner.id} between {one.id} and {other.id}: {min(turned, 360 - turned):.0f} degrees"


def _centre(box: Box) -> tuple[float, float]:
    return (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2


def _gap(a: Box, b: Box) -> float:
    """Shortest distance between two boxes; 0 where they touch."""
    return math.hypot(max(a.x1 - b.x2, b.x1 - a.x2, 0.0), max(a.y1 - b.y2, b.y1 - a.y2, 0.0))
