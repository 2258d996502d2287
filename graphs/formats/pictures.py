"""What COCO, YOLO and Visual Genome share: pictures with the things in them, out of a graph and folded into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from graphs.formats import node_link
from graphs.formats.plain import FormatError
from graphs.scene import fold
from graphs.types import Box, Entity, ImageRef, Mask, Observation, Relation

TOOL = "import"
"""The tool that an imported entity names as its witness; its model is the format."""


@dataclass
class Picture:
    """An image of a graph.

    Attributes:
        name: Of its node.
        data: Its attributes.
        things: Attributes of the entities in it that have a box, by name.
    """

    name: str
    data: dict[str, Any]
    things: dict[str, dict[str, Any]] = field(default_factory=dict)


def of(graph: nx.MultiDiGraph) -> list[Picture]:
    """The images of a graph of one scene or many, with what is in them."""
    found = {name: Picture(name, data) for name, data in graph.nodes(data=True) if data.get("kind") == "image"}
    for name, data in graph.nodes(data=True):
        if data.get("kind") != "entity" or not data.get("box"):
            continue
        image = f"{data['scene']}/{data['image_id']}" if "scene" in data else data["image_id"]
        if image in found:
            found[image].things[name] = data
    return list(found.values())


def relations(graph: nx.MultiDiGraph) -> list[tuple[str, str, str]]:
    """What is said of two entities, as `(subject, predicate, object)`; what takes a third one is left out."""
    entities = {name for name, kind in graph.nodes(data="kind") if kind == "entity"}
    return [
        (start, key, end)
        for start, end, key, data in graph.edges(keys=True, data=True)
        if start in entities and end in entities and "basis" in data and "also" not in data
    ]


def corners(data: dict[str, Any]) -> tuple[float, float, float, float]:
    """The box of an entity, `xyxy` in pixels."""
    box = data["box"]
    return box["x1"], box["y1"], box["x2"], box["y2"]


def image(number: int, path: str, width: int, height: int, sha256: str = "") -> ImageRef:
    """The reference of an imported image; without its bytes at hand, the hash is empty."""
    return ImageRef(id=f"img-{number}", sha256=sha256, width=width, height=height, path=path)


def entity(
    name: str,
    label: str,
    place: ImageRef,
    xyxy: Sequence[float],
    model: str,
    *,
    mask: Mask | None = None,
    score: float = 1.0,
    attributes: dict[str, str | float] | None = None,
) -> Entity:
    """A thing as an annotation tells it.

    Raises:
        ValueError: The box has no area, or the score is none.
    """
    x1, y1, x2, y2 = xyxy
    return Entity(
        id=name,
        label=" ".join(label.lower().split()),
        image_id=place.id,
        box=Box(x1=x1, y1=y1, x2=x2, y2=y2),
        mask=mask,
        score=score,
        attributes=attributes or {},
        model=model,
        call_id=f"{TOOL}-{place.id}",
        tool=TOOL,
    )


def folded(images: Iterable[ImageRef], things: Iterable[Entity], told: Iterable[Relation] = ()) -> nx.MultiDiGraph:
    """The graph of imported images, entities and relations.

    Raises:
        FormatError: A relation names what is no entity.
    """
    seen = Observation(text="", entities=tuple(things), relations=tuple(told))
    try:
        scene = fold([seen], images)
    except KeyError as error:
        raise FormatError(f"a relation names {error.args[0]}") from error
    return node_link.of_scene(scene)
