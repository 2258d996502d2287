"""What pages draw: outlines over a picture, and the graph laid out as the picture is. Marks are the page's concern."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from PIL import Image

from agent.report.claims import Claim
from agent.report.facts import Findings
from agent.report.plan import RANK
from agent.report.words import Words
from graphs.scene import SceneEntity, SceneGraph
from graphs.types import Mask
from tools import masks

LONGEST_SIDE = 960
"""Pixels of a picture in a report: enough to see what is meant, and twenty stay under two megabytes."""

QUALITY = 80
THUMBNAIL = 176
GRAPH_WIDTH = 1000
PLAIN = ("on", "inside", "overlaps", "near")
"""Relations that are drawn from the start; those of direction would hide all else."""


@dataclass(frozen=True)
class Thing:
    """An entity over its picture, in pixels of the image, and as a node of the graph."""

    id: str
    name: str
    entity: SceneEntity
    outline: str
    doubtful: bool
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Edge:
    """A relation of the graph, drawn as a curve that bends by its kind, so that two between a pair stay apart."""

    predicate: str
    name: str
    subject: str
    object: str
    path: str
    x: float
    y: float
    claim: str
    shown: bool


@dataclass(frozen=True)
class Drawing:
    """One image: its picture as a data URL, what lies over it, and its graph."""

    width: int
    height: int
    picture: str
    things: tuple[Thing, ...]
    edges: tuple[Edge, ...]
    graph_height: int

    @property
    def predicates(self) -> dict[str, bool]:
        """Each kind of relation there is, and whether it is drawn from the start."""
        return {name: name in PLAIN for name in dict.fromkeys(edge.predicate for edge in self.edges)}


def shrunk(image: Image.Image) -> bytes:
    """A picture as JPEG, small enough for a page."""
    small = image.copy()
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    data = io.BytesIO()
    small.save(data, "JPEG", quality=QUALITY, optimize=True)
    return data.getvalue()


def thumbnail(picture: bytes) -> bytes:
    """A JPEG made small."""
    with Image.open(io.BytesIO(picture)) as image:
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        data = io.BytesIO()
        image.save(data, "JPEG", quality=QUALITY)
    return data.getvalue()


def data_url(picture: bytes) -> str:
    """A JPEG as it stands in a page."""
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"


def draw(scene: SceneGraph, found: Findings, picture: bytes, claims: Iterable[Claim], words: Words) -> Drawing:
    """Lay out one image."""
    image = scene.image(found.image)
    width, height = (image.width, image.height) if image else (1, 1)
    shown = [*found.sure, *found.measured, *found.doubtful, *found.texts]
    graph_height = round(GRAPH_WIDTH * min(max(height / width, 0.6), 1.2))
    places = _layout(shown, width, height, graph_height)
    things = tuple(
        Thing(one.id, words.name(one.id), one, outline(one.mask), one in found.doubtful, *places[one.id])
        for one in shown
    )
    told = {
        (c.content.subject, c.content.predicate, c.content.object): c.id for c in claims if c.content.kind == "relates"
    }
    edges = tuple(_edges(found, places, told, words))
    return Drawing(width, height, data_url(picture), things, edges, graph_height)


def _layout(
    things: Sequence[SceneEntity], width: int, height: int, graph_height: int
) -> dict[str, tuple[float, float]]:
    """Where nodes stand: as their boxes do, pushed apart until they can be read."""
    if not things:
        return {}
    centres = {
        one.id: np.array([(one.box.x1 + one.box.x2) / 2 / width, (one.box.y1 + one.box.y2) / 2 / height])
        for one in things
    }
    graph = nx.empty_graph(list(centres))
    spread = nx.spring_layout(graph, pos=centres, k=0.9 / len(things) ** 0.5, iterations=6, seed=0, scale=None)
    points = np.array([spread[name] for name in centres])
    low, high = points.min(axis=0), points.max(axis=0)
    unit = (points - low) / np.where(high > low, high - low, 1) if len(points) > 1 else np.full((1, 2), 0.5)
    placed = 80 + unit * [GRAPH_WIDTH - 160, graph_height - 160]
    return {name: (round(float(x), 1), round(float(y), 1)) for name, (x, y) in zip(centres, placed, strict=True)}


def _edges(
    found: Findings,
    places: Mapping[str, tuple[float, float]],
    told: Mapping[tuple[str, str, str], str],
    words: Words,
) -> Iterable[Edge]:
    ids = {one.id for one in found.sure}
    for one in found.relations:
        triple = (one.subject, one.predicate, one.object)
        inverse = one.predicate in ("near", "overlaps", "touching") and one.subject > one.object
        if one.predicate not in RANK or one.subject not in ids or one.object not in ids:
            continue
        if inverse and triple not in told:
            continue
        if (one.object, one.predicate, one.subject) in told:
            continue
        path, x, y = _curve(places[one.subject], places[one.object], list(RANK).index(one.predicate))
        name = words(f"predicate.{one.predicate}", other="").strip()
        shown = one.predicate in PLAIN or triple in told
        yield Edge(one.predicate, name, one.subject, one.object, path, x, y, told.get(triple, ""), shown)


def _curve(start: tuple[float, float], end: tuple[float, float], kind: int) -> tuple[str, float, float]:
    """A quadratic Bézier curve, and its middle."""
    (x1, y1), (x2, y2) = start, end
    bend = 0.08 * (kind + 1)
    x, y = (x1 + x2) / 2 - bend * (y2 - y1), (y1 + y2) / 2 + bend * (x2 - x1)
    middle = (x1 + x2) / 4 + x / 2, (y1 + y2) / 4 + y / 2
    return f"M{x1:.0f} {y1:.0f}Q{x:.0f} {y:.0f} {x2:.0f} {y2:.0f}", round(middle[0], 1), round(middle[1], 1)


def outline(mask: Mask | None) -> str:
    """A mask as an SVG path in pixels of its image; empty where there is none."""
    if mask is None:
        return ""
    import cv2

    pixels = masks.decode(mask).astype(np.uint8)
    found, _ = cv2.findContours(pixels, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    slack = max(pixels.shape) / 600
    paths = [cv2.approxPolyDP(one, slack, closed=True).reshape(-1, 2) for one in found]
    return "".join("M" + "L".join(f"{x} {y}" for x, y in path) + "Z" for path in paths if len(path) > 2)
