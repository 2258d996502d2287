"""The one order in which sightings are folded and names are listed, whatever the order they came in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from graphs.types import Entity

_DIGITS = re.compile(r"([0-9]+)")


@lru_cache(maxsize=4096)
def natural(name: str) -> tuple[str | int, ...]:
    """A key that sorts numbers in names by value: `call-2` before `call-10`."""
    return tuple(int(part) if place % 2 else part for place, part in enumerate(_DIGITS.split(name)))


def sighting_order(entity: Entity) -> tuple[Any, ...]:
    """By call, then from left to right; whatever else two sightings may differ in decides in the end."""
    box, mask = entity.box, entity.mask
    where = (box.x1, box.y1, natural(entity.id), entity.image_id, box.x2, box.y2)
    what = (entity.label, entity.score, entity.tool, entity.model, mask.counts if mask else "")
    return natural(entity.call_id), *where, *what, sorted(map(str, entity.attributes.items()))
