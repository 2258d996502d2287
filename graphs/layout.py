"""Where the nodes of a drawing go, and which relations it shows; the SVG itself is `drawing`'s."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HEIGHT = 26.0
"""Of a node, in units of the drawing; its width goes by its name."""

GAP = np.array([60.0, 44.0])
"""Left free between nodes, across and down, for the words on the edges."""

AREA = 30_000.0
"""Of a picture's panel for each node in it."""

INVERSE = frozenset({"right_of", "below", "contains", "behind", "occluded_by"})
"""Relations that say again, from the other end, what their opposite says."""

SYMMETRIC = frozenset({"aligned", "near", "next_to", "overlaps", "same_as", "touching"})
"""Relations that hold both ways, so that their lines have no arrow."""

UNDRAWN = frozenset({"has", "in", "is_a"})
"""Edges that a drawing shows otherwise: by the panel, the name and the tooltip of a node."""

SIDES = ("left_of", "above", "near", "aligned", "between")
"""What a look at the positions tells by itself: said of neighbours only, and only if nothing else is."""


def spread(centres: Floats, widths: Floats, steps: int = 400) -> Floats:
    """Move nodes apart until none overlaps another, each as little as it takes.

    Args:
        centres: Shape (N, 2).
        widths: Shape (N,).
        steps: The most rounds to go.

    Returns:
        New centres, shape (N, 2).
    """
    placed = centres + np.random.default_rng(0).normal(0, 0.01, centres.shape)  # so that no two lie on one point
    half = np.stack([widths / 2 + GAP[0] / 2, np.full(len(widths), (HEIGHT + GAP[1]) / 2)], axis=1)
    for _ in range(steps):
        apart = placed[:, None] - placed[None]
        depth = half[:, None] + half[None] - np.abs(apart)
        overlap = (depth > 0).all(axis=2) & ~np.eye(len(placed), dtype=np.bool_)
        if not overlap.any():
            break
        # Along the axis on which it takes less.
        push = np.where(depth == depth.min(axis=2, keepdims=True), np.sign(apart) * depth, 0)
        placed += 0.3 * (push * overlap[..., None]).sum(axis=1)
    return placed


def panel(boxes: Floats, size: tuple[float, float], widths: Floats) -> Floats:
    """Centres of the things in one image, on a panel of its shape that has room for their names.

    Args:
        boxes: Shape (N, 4), `xyxy` in pixels.
        size: Of the image: width and height in pixels.
        widths: Of the nodes, shape (N,).
    """
    width, height = size
    scale = (AREA * max(len(boxes), 4) / (width * height)) ** 0.5
    placed = spread(scale * (boxes[:, :2] + boxes[:, 2:]) / 2, widths)
    moved: Floats = placed - (placed - np.stack([widths / 2, np.full(len(widths), HEIGHT / 2)], axis=1)).min(axis=0)
    return moved


def by_relations(graph: nx.MultiDiGraph, widths: Floats) -> Floats:
    """Centres of nodes that lie in no image, by who is joined to whom, shape (N, 2)."""
    if len(graph) == 0:
        return np.zeros((0, 2))
    # On a circle first: the same graph gives the same drawing.
    start = nx.circular_layout(graph)
    found = nx.kamada_kawai_layout(nx.Graph(graph), pos=start) if len(graph) > 2 else start
    side = (AREA * len(graph)) ** 0.5
    placed = spread(np.array([found[name] for name in graph]) * side / 2, widths)
    moved: Floats = placed - (placed - np.stack([widths / 2, np.full(len(widths), HEIGHT / 2)], axis=1)).min(axis=0)
    return moved


def neighbours(centres: Floats) -> set[tuple[int, int]]:
    """Pairs of points with no third that is nearer to both of them than they are to each other.

    This relative neighbourhood graph (Toussaint, 1980) is connected and planar, with little more edges than points.
    """
    distance = np.hypot(*(centres[:, None] - centres[None]).T)
    lune = np.maximum(distance[:, :, None], distance[None]).min(axis=1, initial=np.inf, where=_third(len(centres)))
    return {(int(i), int(j)) for i, j in np.argwhere(distance <= lune) if i < j}


def _third(count: int) -> NDArray[np.bool_]:
    """Of shape (N, N, N): whether the middle index is neither of the others."""
    index = np.arange(count)
    other = index[:, None] != index[None]
    return np.asarray(other[:, :, None] & other[None], dtype=np.bool_)


def shown(graph: nx.MultiDiGraph, near: set[frozenset[str]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The edges to draw, by their ends; each has its `predicate` beside its attributes.

    What a tool, a rule or a person told is drawn. Of what geometry says, an inverse is left out, what holds both ways
    is drawn once, and sides and nearness are drawn between neighbours alone, one way.

    Args:
        graph: Of one scene.
        near: Pairs of neighbours.
    """
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for start, end, predicate, data in graph.edges(keys=True, data=True):
        plain = data.get("basis") == "geometry" and predicate in SIDES
        again = data.get("basis") == "geometry" and (
            predicate in INVERSE or any(one["predicate"] == predicate for one in found.get((end, start), ()))
        )
        if predicate in UNDRAWN or again or (plain and frozenset((start, end)) not in near):
            continue
        found.setdefault((start, end), []).append({"predicate": predicate, **data})
    telling = {ends: _telling(edges) for ends, edges in found.items()}
    return {
        (start, end): edges
        for (start, end), edges in telling.items()
        if start < end or not _plain(edges) or (end, start) not in telling
    }


def _telling(edges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what goes without saying: a side where more is said, and nearness of things whose side is said."""
    for plain in (SIDES, ("near", "aligned", "between")):
        more = [one for one in edges if one["predicate"] not in plain or one.get("basis") != "geometry"]
        if more:
            return more
    return edges


def _plain(edges: list[dict[str, Any]]) -> bool:
    return all(one["predicate"] in SIDES and one.get("basis") == "geometry" for one in edges)
