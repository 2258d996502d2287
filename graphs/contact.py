"""Which things of one image touch, and which stands before the other, from their pixels where masks are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from graphs.geometry import Floats, Held, Pairs
from graphs.pixels import Runs, in_hull, runs_of
from graphs.types import Entity

# Outlines of a segmenter end a pixel or two beside the edge: 2 percent of the smaller thing, and at least that.
TOUCH_SHARE, TOUCH_PIXELS = 0.02, 2.0
# Boxes that meet may hold things that do not; a relation that is no more than possible scores a half.
POSSIBLE = 0.5
# What is hidden leaves a bite in the outline: the share of a thing's pixels that another has within its convex hull,
# and by how many times it must exceed the bite the other way round. Chosen on dioramas of seeds from 3,000,000 up.
BITE, BITE_RATIO = 0.02, 1.2


def contacts(entities: Sequence[Entity], boxes: Floats) -> dict[str, Held]:
    """Where `touching` and `occludes` hold between entities of one image.

    Things touch if the gap between them is at most `TOUCH_SHARE` of the smaller one's diagonal. One occludes another
    that it touches if it bites into its convex hull, and that more deeply than it is bitten.

    Args:
        entities: N of them.
        boxes: Theirs, shape (N, 4).
    """
    touching: list[tuple[int, int, float]] = []
    occludes: list[tuple[int, int, float]] = []
    for i, j, pixels in _meeting(boxes):
        one, two = entities[i].mask, entities[j].mask
        if one is None or two is None:
            touching += [(i, j, POSSIBLE), (j, i, POSSIBLE)]
            continue
        a, b = runs_of(one), runs_of(two)
        if _touch(a, b, int(pixels)):
            touching += [(i, j, 1.0), (j, i, 1.0)]
            occludes += [(i, j, score) for score in _before(a, b)] + [(j, i, score) for score in _before(b, a)]
    return {"touching": _held(touching), "occludes": _held(occludes)}


def _meeting(boxes: Floats) -> Iterator[tuple[int, int, float]]:
    """The pairs whose boxes all but meet, and the gap in pixels that still counts as none."""
    pairs = Pairs.of(boxes)
    slack = np.maximum(TOUCH_SHARE * np.minimum(pairs.a[4], pairs.b[4]), TOUCH_PIXELS)
    meet = np.flatnonzero(np.minimum(pairs.spread(0), pairs.spread(1)) >= -slack)
    return zip(pairs.one[meet].tolist(), pairs.two[meet].tolist(), slack[meet].tolist(), strict=True)


def _held(found: list[tuple[int, int, float]]) -> Held:
    rows = np.array(found, dtype=np.float64).reshape(-1, 3)
    return Held(rows[:, 0].astype(np.intp), rows[:, 1].astype(np.intp), rows[:, 2])


def _touch(one: Runs, two: Runs, pixels: int) -> bool:
    grown = one.grown(pixels)
    return any(grown.moved(columns).shared(two) for columns in range(-pixels, pixels + 1))


def _before(one: Runs, two: Runs) -> list[float]:
    """How sure it is that the first hides a part of the second; nothing where it does not seem so."""
    bite, bitten = in_hull(one, two) / max(two.area, 1), in_hull(two, one) / max(one.area, 1)
    return [max(bite / (bite + bitten), POSSIBLE)] if bite >= max(BITE, BITE_RATIO * bitten) else []
