"""When two sightings are one thing, and how sure several witnesses make it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from graphs.geometry import Floats, boxes_of, iou
from graphs.pixels import mask_iou
from graphs.taxonomy import covers
from graphs.types import Entity, Relation

SAME_IOU = 0.6
"""Two boxes with one label in one image that share at least this are one thing; overlapping neighbours share less."""

SAME_MASK_IOU = 0.5
"""Likewise for masks, where both have one: those of two things hardly share anything, however their boxes overlap."""


@lru_cache(maxsize=65_536)
def agree(label: str, other: str) -> bool:
    """Whether two labels can be said of one thing: they are equal, or one is a hypernym of the other."""
    return covers(label, other) or covers(other, label)


def narrower(label: str, other: str) -> str:
    """The more telling of two labels that agree."""
    return other if covers(label, other) else label


def overlap(seen: Sequence[Entity], known: Sequence[Entity]) -> Floats:
    """How much each sighting shares with each known thing of its image.

    Returns:
        Shape (seen, known): IoU of the masks where both have one, else of the boxes; 0 where it is too little to be the
        same thing.
    """
    shared = iou(boxes_of(seen), boxes_of(known))
    least = np.full(shared.shape, SAME_IOU)
    for i, j in np.argwhere(shared > 0).tolist():
        one, two = seen[i].mask, known[j].mask
        if one is not None and two is not None:
            shared[i, j], least[i, j] = mask_iou(one, two), SAME_MASK_IOU
    return np.asarray(np.where(shared >= least, shared, 0.0), dtype=np.float64)


def same(seen: Sequence[Entity], known: Sequence[Entity]) -> Floats:
    """`overlap`, and 0 where the labels do not agree."""
    agreeing = np.array([[agree(one.label, two.label) for two in known] for one in seen], dtype=np.bool_)
    return np.asarray(np.where(agreeing, overlap(seen, known), 0.0), dtype=np.float64)


GIVEN_BOXES = frozenset({"classify", "describe"})
"""Tools that are told where a thing is: how sure they are of its name says nothing of whether something is there."""


def combined(told: Iterable[Entity] | Iterable[Relation]) -> float:
    """The chance that not all who found it err: 1 - (1 - a)(1 - b)…, over models.

    Only different models err apart. What one model says twice, by whatever tools, counts once, with its best score.
    """
    witnesses = [*told]
    best: dict[str, float] = {}
    for one in [one for one in witnesses if one.tool not in GIVEN_BOXES] or witnesses:
        best[one.model] = max(one.score, best.get(one.model, 0.0))
    return float(1 - np.prod([1 - best[model] for model in sorted(best)])) if len(best) > 1 else max(best.values())
