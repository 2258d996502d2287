"""What is measured without a model that knows things: bright regions, differences from a reference, gaps in rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graphs.types import Box, Entity, Observation, Search
from tools import masks

LONGEST_SIDE = 640
"""Regions are looked for at this size; finer ones are noise."""

MIN_SHARE, MOST = 0.001, 40
"""Regions that fill less of the image are specks; more than so many are texture."""

DIFFERENCE = 40
"""Levels of 255 by which a pixel must differ from the reference's; compression and noise stay below after blurring."""

GAP = 1.6
"""A gap is a space in a row of at least so many times the median width of the things in it."""


def bright_regions(image: Image.Image, image_id: str) -> Observation:
    """Regions brighter than the rest of the image, by Otsu's threshold (Otsu, 1979)."""
    import cv2

    grey = cv2.GaussianBlur(np.asarray(_small(image).convert("L")), (5, 5), 0)
    if grey.min() == grey.max():  # nothing is brighter than the rest, and Otsu's threshold would take all for bright
        return _observed(np.zeros_like(grey, dtype=np.bool_), image, image_id, "region", "regions", "otsu")
    _, bright = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return _observed(bright > 0, image, image_id, "region", "regions", "otsu")


def differences(image: Image.Image, image_id: str, reference: Image.Image) -> Observation:
    """Regions in which an image differs from a reference, which is stretched to its size."""
    import cv2

    small = _small(image)
    pair = (small, reference.resize(small.size))
    now, due = (cv2.GaussianBlur(np.asarray(one), (5, 5), 0).astype(np.int16) for one in pair)
    changed = np.abs(now - due).max(axis=2) > DIFFERENCE
    closed = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return _observed(closed > 0, image, image_id, "difference", "compare", "pixel-difference")


def gaps(things: Sequence[Entity], image_id: str) -> Observation:
    """Spaces between neighbours in a row that are wide enough for another thing.

    Args:
        things: What stands in the image; those whose middles lie within each other's height form a row.
        image_id: The image.
    """
    call_id = f"{image_id}-shelf"
    found = [space for row in _rows(things) for space in _spaces(row)]
    entities = tuple(
        Entity(
            id=f"{call_id}/{number}", label="gap", image_id=image_id, box=box, score=1.0, model="row-spacing",
            call_id=call_id, tool="shelf",
        )
        for number, box in enumerate(found)
    )  # fmt: skip
    return Observation(
        text="", entities=entities, searches=(_search(image_id, "gap", "row-spacing", call_id, "shelf"),)
    )


def _rows(things: Sequence[Entity]) -> list[list[Entity]]:
    rows: list[list[Entity]] = []
    for thing in sorted(things, key=lambda one: one.box.y1 + one.box.y2):
        middle = (thing.box.y1 + thing.box.y2) / 2
        if rows and rows[-1][-1].box.y1 <= middle <= rows[-1][-1].box.y2:
            rows[-1].append(thing)
        else:
            rows.append([thing])
    return [sorted(row, key=lambda one: one.box.x1) for row in rows if len(row) > 1]


def _spaces(row: Sequence[Entity]) -> list[Box]:
    wide = GAP * float(np.median([thing.box.x2 - thing.box.x1 for thing in row]))
    top, bottom = min(thing.box.y1 for thing in row), max(thing.box.y2 for thing in row)
    end, found = row[0].box.x2, list[Box]()
    for thing in row[1:]:
        if thing.box.x1 - end >= wide:
            found.append(Box(x1=end, y1=top, x2=thing.box.x1, y2=bottom))
        end = max(end, thing.box.x2)
    return found


def _small(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return small


def _observed(
    mask: NDArray[np.bool_], image: Image.Image, image_id: str, label: str, tool: str, model: str
) -> Observation:
    """Each connected region of a mask as an entity; the mask may be smaller than the image."""
    import cv2

    count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    call_id = f"{image_id}-{tool}"
    large = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] >= MIN_SHARE * mask.size]
    large.sort(key=lambda n: -int(stats[n, cv2.CC_STAT_AREA]))
    scale = image.width / mask.shape[1], image.height / mask.shape[0]
    entities = []
    for number in large[:MOST]:
        x, y, w, h, pixels = (int(value) for value in stats[number])
        box = Box(x1=x * scale[0], y1=y * scale[1], x2=(x + w) * scale[0], y2=(y + h) * scale[1])
        entities.append(
            Entity(
                id=f"{call_id}/{number}", label=label, image_id=image_id, box=box, score=1.0, model=model,
                mask=masks.encode(numbers == number, (image.height, image.width)), call_id=call_id, tool=tool,
                attributes={"area_share": round(pixels / mask.size, 5)},
            )
        )  # fmt: skip
    return Observation(text="", entities=tuple(entities), searches=(_search(image_id, label, model, call_id, tool),))


def _search(image_id: str, label: str, model: str, call_id: str, tool: str) -> Search:
    return Search(image_id=image_id, label=label, model=model, call_id=call_id, tool=tool)
