"""The tool that makes a larger image of a small part of one, so that the others find what is small."""

from __future__ import annotations

from PIL import Image

from graphs.types import Box, Observation
from tools.errors import ToolError
from tools.regions import Corners, Runtime, ThingId, corners, padded, region
from tools.vision_tool import ImageId, vision_tool

LONGEST_SIDE = 640
"""Pixels to which the part is enlarged: what models of vision look at, so that more would bring nothing."""

MARGIN = 0.15
"""A thing is easier to tell with a little of what surrounds it."""

SMALLEST = 4
"""Pixels: of less there is nothing to see, however large it is made."""


@vision_tool
def look_closer(
    image_id: ImageId, runtime: Runtime, thing: ThingId | None = None, box: Corners | None = None
) -> Observation:
    """Cut out a part of an image and enlarge it to a new image, in which other tools see more.

    Args:
        image_id: Which image to look at.
        runtime: Of the call; hidden from the model.
        thing: Id of the thing to look at.
        box: The part to look at instead, x1, y1, x2, y2 in pixels.
    """
    part = region(runtime, image_id, thing, box)
    if part.whole:
        raise ToolError("give the thing or the box to look at")
    x1, y1, x2, y2 = padded(part.box, part.image.size, MARGIN if part.thing else 0.0)
    if min(x2 - x1, y2 - y1) < SMALLEST:
        raise ToolError(f"{x2 - x1} x {y2 - y1} pixels hold nothing to see: give a larger box")
    scale = max(LONGEST_SIDE / max(x2 - x1, y2 - y1), 1.0)
    size = (max(round((x2 - x1) * scale), 1), max(round((y2 - y1) * scale), 1))
    made = part.image.crop((x1, y1, x2, y2)).resize(size, Image.Resampling.LANCZOS)
    ref = runtime.context.add(made, "crop", image_id)
    where = corners(Box(x1=x1, y1=y1, x2=x2, y2=y2))
    text = f"{ref.id} ({ref.width}x{ref.height}) shows {where} of {image_id}, {scale:.1f} times as large"
    return Observation(text=text, images=(ref,))
