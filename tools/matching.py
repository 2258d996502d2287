"""Which things of one image are which of another: graph matching by looks, place and neighbours. No models here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphs.geometry import boxes_of
from graphs.types import Entity

PLACE, SIZE, COLOUR, NEIGHBOURS = 0.35, 0.15, 0.2, 0.3
"""How much each likeness counts; together 1. The place counts less than the rest, for things and cameras move."""

LEAST = 0.35
"""Pairs less alike than this are two things."""

ROUNDS = 3
"""How often neighbours are looked at anew; more changed nothing on dioramas."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Match:
    """Two entities that are held to be one thing, by their places in what was given; likeness is 0 to 1."""

    first: int
    second: int
    likeness: float


def match(
    first: Sequence[Entity], second: Sequence[Entity], sizes: tuple[tuple[int, int], tuple[int, int]]
) -> list[Match]:
    """Pair the things of two images that are the same, each at most once; only things of one label pair.

    The likeness of a pair is that of its place, size and colour and, with the pairs of the round before, of the
    directions to its neighbours. Each round solves the assignment exactly (Kuhn 1955), as in the iterative
    approximations of quadratic assignment (Gold and Rangarajan 1996).

    Args:
        first: Things of the one image.
        second: Of the other.
        sizes: Width and height of both images, in pixels.

    Returns:
        Pairs in the order of `first`.
    """
    from scipy.optimize import linear_sum_assignment

    if not first or not second:
        return []
    same = np.array([[a.label == b.label for b in second] for a in first])
    centres = [_centres(things, size) for things, size in zip((first, second), sizes, strict=True)]
    alone = _alone(first, second, centres, sizes)
    likeness, pairs = alone / (1 - NEIGHBOURS), np.zeros((0, 2), dtype=np.intp)
    for _ in range(ROUNDS):
        likeness = np.where(same, likeness, 0.0)
        rows, columns = linear_sum_assignment(-likeness)
        kept = likeness[rows, columns] >= LEAST
        pairs = np.stack([rows[kept], columns[kept]], axis=1)
        likeness = alone + NEIGHBOURS * _agreeing(centres[0], centres[1], pairs)
    return [Match(int(a), int(b), float(min(likeness[a, b], 1.0))) for a, b in pairs]


def _alone(
    first: Sequence[Entity], second: Sequence[Entity], centres: list[Floats], sizes: tuple[tuple[int, int], ...]
) -> Floats:
    """Likeness of each pair by itself, up to 1 - NEIGHBOURS, shape (N, M)."""
    apart = np.linalg.norm(centres[0][:, None] - centres[1][None], axis=2) / np.sqrt(2)
    areas = [_areas(things, size) for things, size in zip((first, second), sizes, strict=True)]
    ratio = np.exp(-np.abs(np.log(areas[0][:, None] / areas[1][None])))
    colours = np.array([[a.attributes.get("colour") == b.attributes.get("colour") for b in second] for a in first])
    return np.asarray(PLACE * (1 - apart) + SIZE * ratio + COLOUR * colours, dtype=np.float64)


def _agreeing(first: Floats, second: Floats, pairs: NDArray[np.intp]) -> Floats:
    """How well the directions to those already paired agree: the mean cosine, negative ones as 0; shape (N, M)."""
    if not len(pairs):
        return np.ones((len(first), len(second)))
    ahead = _directions(first, first[pairs[:, 0]])
    other = _directions(second, second[pairs[:, 1]])
    cosines = np.clip(np.einsum("npd,mpd->nmp", ahead, other), 0, None)
    # A pair is no neighbour of its own; where there is no other, nothing speaks against it.
    others = np.ones_like(cosines)
    others[pairs[:, 0], :, np.arange(len(pairs))] = 0
    others[:, pairs[:, 1], np.arange(len(pairs))] = 0
    counted = others.sum(axis=2)
    mean = (cosines * others).sum(axis=2) / np.maximum(counted, 1)
    return np.asarray(np.where(counted > 0, mean, 1.0), dtype=np.float64)


def _directions(points: Floats, to: Floats) -> Floats:
    """Unit vectors from each point to each of the others, shape (N, P, 2); zero where they coincide."""
    vectors = to[None] - points[:, None]
    lengths = np.linalg.norm(vectors, axis=2, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float64)


def _centres(things: Sequence[Entity], size: tuple[int, int]) -> Floats:
    boxes = boxes_of(things)
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2 / np.array(size), dtype=np.float64)


def _areas(things: Sequence[Entity], size: tuple[int, int]) -> Floats:
    return np.array([thing.box.area for thing in things]) / (size[0] * size[1])
