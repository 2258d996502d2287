"""When two sightings are one thing, within an image and across images, and how sure several witnesses make it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from graphs.geometry import Floats, boxes_of, iou
from graphs.pixels import mask_iou
from graphs.taxonomy import covers
from graphs.types import Entity, Relation

SAME_IOU = 0.6
"""Two boxes with one label in one image that share at least this are one thing; overlapping neighbours share less."""

SAME_MASK_IOU = 0.5
"""Likewise for masks, where both have one: those of two things hardly share anything, however their boxes overlap."""

SAME_LOOKS = 0.8
"""Cosine of two embeddings from which on they may show one thing."""


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


def combined(told: Iterable[Entity] | Iterable[Relation]) -> float:
    """The chance that not all who tell it err: 1 - (1 - a)(1 - b)…, over models.

    Only different models err apart. What one model says twice, by whatever tools, counts once, with its best score.
    """
    best: dict[str, float] = {}
    for one in told:
        best[one.model] = max(one.score, best.get(one.model, 0.0))
    return float(1 - np.prod([1 - best[model] for model in sorted(best)])) if len(best) > 1 else max(best.values())


def same_across(entities: Sequence[Entity], embeddings: Mapping[str, ArrayLike], model: str) -> Iterator[Relation]:
    """Which things of different images are one: each the other's most alike, with labels that agree.

    Args:
        entities: Of any number of images.
        embeddings: By entity id, one vector each, all of one length; entities without one are left out.
        model: Name of the catalog entry that made the embeddings.

    Yields:
        `same_as` between two images' things, the score being the cosine of their embeddings, from `SAME_LOOKS` up.
    """
    by_image: dict[str, list[Entity]] = {}
    for entity in entities:
        if entity.id in embeddings:
            by_image.setdefault(entity.image_id, []).append(entity)
    for here, there in combinations(by_image.values(), 2):
        alike = _unit(here, embeddings) @ _unit(there, embeddings).T
        agreeing = np.array([[agree(one.label, two.label) for two in there] for one in here], dtype=np.bool_)
        alike = np.where(agreeing, alike, -1.0)
        for i, j in enumerate(alike.argmax(axis=1).tolist()):
            if alike[i, j] >= SAME_LOOKS and alike[:, j].argmax() == i:
                score = min(float(alike[i, j]), 1.0)
                yield Relation(
                    subject=here[i].id,
                    predicate="same_as",
                    object=there[j].id,
                    score=score,
                    source="model",
                    model=model,
                )


def _unit(entities: Sequence[Entity], embeddings: Mapping[str, ArrayLike]) -> Floats:
    vectors = np.array([np.asarray(embeddings[entity.id], dtype=np.float64) for entity in entities])
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float64)
