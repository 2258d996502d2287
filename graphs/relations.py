"""Spatial relations between boxes, from geometry alone. Relations that models tell come as observations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from graphs.types import Entity, Relation

Predicate = Literal["left_of", "right_of", "above", "below", "inside", "overlaps", "near"]
PREDICATES: tuple[Predicate, ...] = get_args(Predicate)

# Boxes of detectors and loose outlines touch a little although the things stand side by side; a quarter of the smaller
# extent forgives that, and is still so small that left_of and right_of can never hold together.
SIDE_SLACK = 0.25
# A box is drawn around the visible part with an error of a few percent; nine tenths is "in it" to the eye.
INSIDE_SHARE = 0.9
# Below this intersection over union two boxes only graze each other by their corners.
OVERLAP_IOU = 0.05
# A gap of half the mean diagonal: about half the size of the things themselves, whatever the size of the image.
NEAR_DIAGONALS = 0.5

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def boxes_of(entities: Sequence[Entity]) -> Floats:
    """The boxes of entities as an array of shape (N, 4), `xyxy` in pixels."""
    return np.array([entity.box.xyxy for entity in entities], dtype=np.float64).reshape(-1, 4)


def intersection(boxes: Floats, others: Floats) -> Floats:
    """Areas shared by every pair of boxes.

    Args:
        boxes: Shape (N, 4), `xyxy` in pixels.
        others: Shape (M, 4), likewise.

    Returns:
        Shape (N, M), square pixels.
    """
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared: Floats = np.prod(np.clip(high - low, 0.0, None), axis=2)
    return shared


def area(boxes: Floats) -> Floats:
    """Areas of boxes of shape (N, 4), in square pixels, shape (N,)."""
    sides: Floats = boxes[:, 2:] - boxes[:, :2]
    return np.asarray(sides[:, 0] * sides[:, 1], dtype=np.float64)


def iou(boxes: Floats, others: Floats) -> Floats:
    """Intersection over union of every pair of boxes, shape (N, M), 0 to 1."""
    shared = intersection(boxes, others)
    union = area(boxes)[:, None] + area(others)[None, :] - shared
    return np.asarray(shared / union, dtype=np.float64)


def predicates(boxes: Floats) -> dict[Predicate, Bools]:
    """Which predicates hold between every ordered pair of boxes of one image.

    `a left_of b` holds if a ends before b begins, give or take `SIDE_SLACK` of the narrower width; the other three
    sides likewise. A thing can so be both left of and above another. `a inside b` holds if `INSIDE_SHARE` of a lies in
    the larger b; `overlaps` if the IoU exceeds `OVERLAP_IOU` and neither is inside the other; `near` if the gap between
    the boxes (Euclidean, 0 where they touch) is at most `NEAR_DIAGONALS` of the mean of their diagonals.

    Args:
        boxes: Shape (N, 4), `xyxy` in pixels, each with an area.

    Returns:
        For each predicate a matrix of shape (N, N): row is subject, column is object, the diagonal is false.
    """
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    size = high - low
    slack = SIDE_SLACK * np.minimum(size, size.transpose(1, 0, 2))
    before = high <= low.transpose(1, 0, 2) + slack
    areas = area(boxes)
    shared = intersection(boxes, boxes)
    inside = (shared >= INSIDE_SHARE * areas[:, None]) & (areas[:, None] < areas[None, :])
    gap = np.hypot(
        *np.clip(np.maximum(low, low.transpose(1, 0, 2)) - np.minimum(high, high.transpose(1, 0, 2)), 0, None).T
    )
    diagonal = np.hypot(*(boxes[:, 2:] - boxes[:, :2]).T)
    found: dict[Predicate, Bools] = {
        "left_of": before[..., 0],
        "right_of": before[..., 0].T,
        "above": before[..., 1],
        "below": before[..., 1].T,
        "inside": inside,
        "overlaps": (iou(boxes, boxes) > OVERLAP_IOU) & ~inside & ~inside.T,
        "near": gap <= NEAR_DIAGONALS * (diagonal[:, None] + diagonal[None, :]) / 2,
    }
    off_diagonal = ~np.eye(len(boxes), dtype=np.bool_)
    return {name: matrix & off_diagonal for name, matrix in found.items()}


def relate(entities: Sequence[Entity]) -> list[Relation]:
    """Every geometric relation between entities of the same image.

    Args:
        entities: Any number, of any images; pairs across images are never related.

    Returns:
        Relations with source `geometry`, ordered by image, predicate (as in `PREDICATES`), subject and object, the last
        two as the entities were given.
    """
    by_image: dict[str, list[Entity]] = {}
    for entity in entities:
        by_image.setdefault(entity.image_id, []).append(entity)
    return [
        Relation(subject=group[i].id, predicate=name, object=group[j].id, source="geometry")
        for group in by_image.values()
        for name, matrix in predicates(boxes_of(group)).items()
        for i, j in np.argwhere(matrix)
    ]
