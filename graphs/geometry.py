"""Boxes as arrays: areas, intersections, pairs. Which relations they stand in is decided in `relations`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graphs.types import Entity

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]


class Pairs(NamedTuple):
    """Every pair of boxes of one image, once: half the work of a square matrix of them.

    Attributes:
        one: Index of the earlier box, (P,).
        two: Index of the later one, (P,).
        a: The earlier boxes, (5, P): x1, y1, x2, y2 and diagonal, in pixels.
        b: The later ones.
    """

    one: Indices
    two: Indices
    a: Floats
    b: Floats

    @classmethod
    def of(cls, boxes: Floats) -> Pairs:
        """The pairs of boxes of shape (N, 4), in order of the first, then of the second."""
        one, two = _upper(len(boxes))
        rows = np.vstack([boxes.T, np.hypot(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])])
        return cls(one, two, rows.take(one, axis=1), rows.take(two, axis=1))

    def at(self, chosen: Indices) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.one[chosen], self.two[chosen], self.a.take(chosen, axis=1), self.b.take(chosen, axis=1))

    def spread(self, axis: int) -> Floats:
        """How far the two share an axis, 0 across and 1 down: pixels, less than 0 for a gap."""
        high = np.minimum(self.a[axis + 2], self.b[axis + 2])
        return np.asarray(high - np.maximum(self.a[axis], self.b[axis]), dtype=np.float64)

    def extents(self, axis: int) -> tuple[Floats, Floats]:
        """The widths of both, or for axis 1 their heights."""
        return self.a[axis + 2] - self.a[axis], self.b[axis + 2] - self.b[axis]


class Held(NamedTuple):
    """Where a predicate holds: indices of subjects and objects, and scores from 0.5 to 1, all (K,)."""

    subjects: Indices
    objects: Indices
    scores: Floats


@lru_cache(maxsize=32)
def _upper(count: int) -> tuple[Indices, Indices]:
    return np.triu_indices(count, k=1)


def boxes_of(entities: Sequence[Entity]) -> Floats:
    """The boxes of entities as an array of shape (N, 4), `xyxy` in pixels."""
    return np.array([entity.box.xyxy for entity in entities], dtype=np.float64).reshape(-1, 4)


def area(boxes: Floats) -> Floats:
    """Areas of boxes of shape (N, 4), in square pixels, shape (N,)."""
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), dtype=np.float64)


def spread(boxes: Floats, others: Floats, axis: int) -> Floats:
    """How far every pair of boxes shares one axis: the length shared, or minus the gap between them.

    Args:
        boxes: Shape (N, 4), `xyxy` in pixels.
        others: Shape (M, 4), likewise.
        axis: 0 for horizontal, 1 for vertical.

    Returns:
        Shape (N, M), pixels.
    """
    low = np.maximum(boxes[:, None, axis], others[None, :, axis])
    high = np.minimum(boxes[:, None, axis + 2], others[None, :, axis + 2])
    return np.asarray(high - low, dtype=np.float64)


def intersection(boxes: Floats, others: Floats) -> Floats:
    """Areas shared by every pair of boxes of shapes (N, 4) and (M, 4): shape (N, M), square pixels."""
    wide, tall = spread(boxes, others, 0), spread(boxes, others, 1)
    return np.asarray(np.maximum(wide, 0.0) * np.maximum(tall, 0.0), dtype=np.float64)


def iou(boxes: Floats, others: Floats) -> Floats:
    """Intersection over union of every pair of boxes, shape (N, M), 0 to 1."""
    shared = intersection(boxes, others)
    union = area(boxes)[:, None] + area(others)[None, :] - shared
    return np.asarray(shared / union, dtype=np.float64)
