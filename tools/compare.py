"""The tool that compares two images: which things are the same, moved or changed, and where the pixels differ."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from graphs.types import Box, Entity, Observation, Relation
from tools.errors import ToolError
from tools.looking import look
from tools.matching import Match, match
from tools.regions import Runtime, corners
from tools.vision_tool import ImageId, vision_tool

MOVED = 0.03
"""Share of the image's diagonal from which on a thing has moved; boxes of detectors tremble by less."""

RESIZED = 1.35
"""Ratio of areas from which on a thing has grown or shrunk."""

SAME_SHAPE = 0.02
"""Widths over heights may differ by this share for pixels to be compared."""

DIFFERENT = 24
"""Levels of 255 by which a pixel differs, noise and compression aside."""

BLUR = 1.5
MOST_AREAS = 4
LEAST_AREA = 0.0005


@vision_tool(seconds=120)
def compare(image_id: ImageId, other_id: ImageId, runtime: Runtime) -> Observation:
    """Say what is the same in two images and what changed from the first to the second.

    Args:
        image_id: The first image.
        other_id: The second image.
        runtime: Of the call; hidden from the model.
    """
    if image_id == other_id:
        raise ToolError("give two different images")
    images = [runtime.context.image(name) for name in (image_id, other_id)]
    looks = [look("compare", name, [], runtime, outlines=False) for name in (image_id, other_id)]
    before, after = ([_own(one) for one in seen.entities] for seen in looks)
    pairs = match(before, after, (images[0].size, images[1].size))
    told = [*_things(before, after, pairs, images[0].size, images[1].size, (image_id, other_id)), _pixels(*images)]
    relations = tuple(
        Relation(
            subject=before[pair.first].id,
            predicate="same_as",
            object=after[pair.second].id,
            score=round(pair.likeness, 4),
            source="model",
            model=looks[0].searches[0].model,
            call_id=runtime.tool_call_id or "",
            tool="compare",
        )
        for pair in pairs
    )
    return Observation(
        text="; ".join(told),
        entities=(*before, *after),
        relations=relations,
        searches=(*looks[0].searches, *looks[1].searches),
    )


def _own(entity: Entity) -> Entity:
    """The entity under an id that no other of the same call has in another image."""
    call_id, _, number = entity.id.partition("/")
    return entity.model_copy(update={"id": f"{call_id}/{entity.image_id}/{number}"})


def _things(
    before: list[Entity],
    after: list[Entity],
    pairs: list[Match],
    size: tuple[int, int],
    other_size: tuple[int, int],
    names: tuple[str, str],
) -> list[str]:
    """What became of each thing, one phrase a kind of change."""
    changes = [(before[one.first], _change(before[one.first], after[one.second], size, other_size)) for one in pairs]
    same = [named(thing) for thing, change in changes if not change]
    gone = [named(one) for place, one in enumerate(before) if place not in {pair.first for pair in pairs}]
    new = [named(one) for place, one in enumerate(after) if place not in {pair.second for pair in pairs}]
    told = [f"same: {', '.join(same)}"] if same else []
    told += [f"changed: {named(thing)} {change}" for thing, change in changes if change]
    told += [f"only in {names[0]}: {', '.join(gone)}"] if gone else []
    told += [f"only in {names[1]}: {', '.join(new)}"] if new else []
    return told or ["nothing found in either"]


def _change(before: Entity, after: Entity, size: tuple[int, int], other_size: tuple[int, int]) -> str:
    """How one thing differs, in words; empty where it does not."""
    (x, y), (to_x, to_y) = _centre(before.box, size), _centre(after.box, other_size)
    told = []
    if math.hypot(to_x - x, to_y - y) / math.sqrt(2) > MOVED:
        told.append(f"moved to {corners(after.box)}")
    growth = (after.box.area / math.prod(other_size)) / (before.box.area / math.prod(size))
    if not 1 / RESIZED <= growth <= RESIZED:
        told.append(f"{growth:.1f} times as large")
    was, now = before.attributes.get("colour"), after.attributes.get("colour")
    if was != now and was and now:
        told.append(f"now {now}")
    return ", ".join(told)


def named(one: Entity) -> str:
    """A thing as a model reads it: colour, label and box."""
    colour = f"{one.attributes['colour']} " if "colour" in one.attributes else ""
    return f"{colour}{one.label} at {corners(one.box)}"


def _centre(box: Box, size: tuple[int, int]) -> tuple[float, float]:
    return (box.x1 + box.x2) / 2 / size[0], (box.y1 + box.y2) / 2 / size[1]


def _pixels(first: Image.Image, second: Image.Image) -> str:
    """How many pixels differ, and where most of them are."""
    import cv2

    if abs(first.width / first.height * second.height / second.width - 1) > SAME_SHAPE:
        return "pixels not compared: the images have different shapes"
    soft = [
        np.asarray(one.resize(first.size).filter(ImageFilter.GaussianBlur(BLUR)), dtype=np.int16)
        for one in (first, second)
    ]
    differs = (np.abs(soft[0] - soft[1]).max(axis=2) > DIFFERENT).astype(np.uint8)
    share = float(differs.mean())
    if share == 0:
        return "pixels: no difference"
    joined = cv2.dilate(differs, np.ones((9, 9), dtype=np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    areas = sorted(stats[1:].tolist(), key=lambda row: -row[4])[:MOST_AREAS]
    boxes = [
        f"{x},{y},{x + width},{y + height}" for x, y, width, height, area in areas if area >= LEAST_AREA * differs.size
    ]
    return f"pixels: {share:.1%} differ" + (f", mostly in {' and '.join(boxes)} of the first" if boxes else "")
