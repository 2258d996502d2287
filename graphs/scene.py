"""The scene graph: what tools saw, folded into one NetworkX graph with readable ids. Questions live in `query`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import networkx as nx
import numpy as np

from graphs.relations import boxes_of, iou, relate
from graphs.taxonomy import covers, expand
from graphs.types import Box, Entity, Frozen, ImageRef, Mask, Observation, Relation, Score, Search

SAME_IOU = 0.6
"""Two boxes with one label in one image that share at least this are one thing; overlapping neighbours share less."""

EVERYTHING = "*"
"""The label of a search for all that a model knows."""


class Witness(Frozen):
    """One sighting of an entity: which call of which tool saw it, with which model, and what it saw."""

    tool: str
    call_id: str
    model: str
    score: Score
    box: Box
    mask: Mask | None = None
    attributes: dict[str, str | float] = {}


class SceneEntity(Entity):
    """An entity with a readable id and everyone who saw it.

    `score` is the chance that not all witnesses erred, 1 - (1 - a)(1 - b)…; box, tool, model and call are those of the
    witness with the best score.
    """

    witnesses: tuple[Witness, ...]


class SceneGraph:
    """Images, the entities seen in them, and their relations; a fold over observations, never edited otherwise.

    Nodes are images and entities; an entity has an edge `in` to its image. Relations between entities are edges keyed
    by their predicate. Those from geometry are worked out when asked for, since boxes move as witnesses come.
    """

    def __init__(self, images: Iterable[ImageRef] = ()) -> None:
        """Start with the images at hand, before anything was seen in them."""
        self._graph = nx.MultiDiGraph()
        self._numbers: Counter[str] = Counter()
        self._relations: list[Relation] | None = None
        for image in images:
            self._image_node(image.id)["ref"] = image

    def add(self, observation: Observation) -> None:
        """Fold an observation in: entities are merged with those known or get the next id, from left to right.

        Raises:
            ValueError: If one of its relations comes from geometry, which the graph works out itself.
            KeyError: If one of them names an entity that is neither its own nor in the graph.
        """
        self._relations = None
        for image in observation.images:
            self._image_node(image.id)["ref"] = image
        for search in observation.searches:
            self._image_node(search.image_id)["searches"].append(search)
        names: dict[str, str] = {}
        for entity in sorted(observation.entities, key=lambda e: (e.box.x1, e.box.y1)):
            names[entity.id] = self._add_entity(entity)
        for relation in observation.relations:
            self._add_relation(relation, names)

    def _image_node(self, image_id: str) -> dict[str, Any]:
        if image_id not in self._graph:
            self._graph.add_node(image_id, kind="image", ref=None, searches=[])
        node: dict[str, Any] = self._graph.nodes[image_id]
        return node

    def _add_entity(self, entity: Entity) -> str:
        witness = Witness.model_validate({name: getattr(entity, name) for name in Witness.model_fields})
        known = self._same(entity)
        if known is not None:
            self._graph.nodes[known.id]["entity"] = _merged(known, entity, witness)
            return known.id
        stem = entity.label.replace(" ", "_")
        self._numbers[stem] += 1
        name = f"{stem}-{self._numbers[stem]}"
        self._image_node(entity.image_id)
        fields = {field: getattr(entity, field) for field in Entity.model_fields}
        node = SceneEntity(**{**fields, "id": name}, witnesses=(witness,))
        self._graph.add_node(name, kind="entity", entity=node)
        self._graph.add_edge(name, entity.image_id, key="in")
        return name

    def _same(self, entity: Entity) -> SceneEntity | None:
        """The known entity that this one is another sighting of; what one call saw twice, it saw as two things."""
        if entity.image_id not in self._graph:
            return None
        peers = [
            peer
            for peer in (
                self._graph.nodes[name]["entity"] for name, _, key in self._graph.in_edges(entity.image_id, keys=True)
            )
            if peer.label == entity.label and all(w.call_id != entity.call_id for w in peer.witnesses)
        ]
        if not peers:
            return None
        shared = iou(boxes_of([entity]), boxes_of(peers))[0]
        best = int(np.argmax(shared))
        return peers[best] if shared[best] >= SAME_IOU else None

    def _add_relation(self, relation: Relation, names: dict[str, str]) -> None:
        if relation.source == "geometry":
            raise ValueError(f"relation {relation.predicate} is told as geometry's")
        subject = names.get(relation.subject, relation.subject)
        other = names.get(relation.object, relation.object)
        for name in (subject, other):
            if name not in self._graph:
                raise KeyError(f"relation {relation.predicate} names {name!r}, which is not in the scene")
        told = relation.model_copy(update={"subject": subject, "object": other})
        self._graph.add_edge(subject, other, key=relation.predicate, relation=told)

    def __contains__(self, name: str) -> bool:
        """Whether an entity or an image has this id."""
        return name in self._graph

    def images(self) -> list[str]:
        """Ids of the images, in the order in which they came."""
        return [name for name, data in self._graph.nodes(data=True) if data["kind"] == "image"]

    def image(self, image_id: str) -> ImageRef | None:
        """The reference of an image; none if it is unknown or was only named by a tool."""
        ref: ImageRef | None = self._graph.nodes[image_id].get("ref") if image_id in self._graph else None
        return ref

    def get(self, name: str) -> SceneEntity | None:
        """The entity with this id, or none."""
        entity: SceneEntity | None = self._graph.nodes[name].get("entity") if name in self._graph else None
        return entity

    def entities(self) -> list[SceneEntity]:
        """All entities in the order of their ids: by label, then by number."""
        found = [data["entity"] for _, data in self._graph.nodes(data=True) if data["kind"] == "entity"]
        return sorted(found, key=_id_order)

    def find(self, label: str = "", colour: str | None = None, image_id: str | None = None) -> list[SceneEntity]:
        """Entities that a label covers, in the order of their ids.

        Args:
            label: A category or a hypernym; "" or "thing" for all.
            colour: Only those of this colour.
            image_id: Only those in this image.
        """
        return [
            entity
            for entity in self.entities()
            if covers(label, entity.label)
            and (colour is None or entity.attributes.get("colour") == colour)
            and (image_id is None or entity.image_id == image_id)
        ]

    def relations(self) -> list[Relation]:
        """Every relation: those that tools told, in the order they came, then those from geometry (see `relate`)."""
        if self._relations is None:
            told = [data["relation"] for *_, data in self._graph.edges(data=True) if "relation" in data]
            self._relations = told + relate(self.entities())
        return self._relations

    def searched(self, label: str, image_id: str | None = None) -> bool:
        """Whether a tool has looked for a label all over an image, so that "there is none" is a claim with evidence.

        A search for the label counts, for a hypernym of it, for everything, or for all the categories that it covers.

        Args:
            label: A category or a hypernym; "" or "thing" for anything.
            image_id: That image; if none, any single one.
        """
        if image_id is None:
            return any(self.searched(label, name) for name in self.images())
        looked = (
            {search.label for search in self._graph.nodes[image_id]["searches"]} if image_id in self._graph else set()
        )
        wanted = expand(label) or (label,)
        return EVERYTHING in looked or all(any(covers(term, name) for term in looked) for name in wanted)

    def entities_of_call(self, call_id: str) -> list[SceneEntity]:
        """The entities that a tool call saw, in the order of their ids."""
        return [entity for entity in self.entities() if any(w.call_id == call_id for w in entity.witnesses)]

    def digest(self, call_id: str | None = None) -> str:
        """One line per entity for a model: `dog-1 12,40,88,120 brown 3.4%`, colour and area share where measured.

        Args:
            call_id: Only what this call saw, and as it saw it, so that the text stays the same when others see more.
        """
        if call_id is None:
            return "\n".join(_line(entity.id, entity.box, entity.attributes) for entity in self.entities())
        return "\n".join(
            _line(entity.id, witness.box, witness.attributes)
            for entity in self.entities_of_call(call_id)
            for witness in entity.witnesses
            if witness.call_id == call_id
        )

    def to_json(self) -> dict[str, Any]:
        """The graph as node-link data: plain JSON values, with the relations from geometry among the edges."""
        plain = nx.MultiDiGraph()
        for name, data in self._graph.nodes(data=True):
            plain.add_node(name, **_plain_node(data))
        for entity in self.entities():
            plain.add_edge(entity.id, entity.image_id, key="in")
        # What was told comes last, and stands where geometry says the same.
        for relation in reversed(self.relations()):
            # Not `source`: that is node-link's own word for where an edge starts.
            plain.add_edge(
                relation.subject, relation.object, key=relation.predicate, score=relation.score, basis=relation.source
            )
        written: dict[str, Any] = nx.node_link_data(plain, edges="edges")
        return written

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SceneGraph:
        """Read back what `to_json` wrote.

        Raises:
            pydantic.ValidationError: If a node lacks what it must have.
        """
        scene = cls()
        plain = nx.node_link_graph(data, edges="edges")
        for name, node in plain.nodes(data=True):
            fields = {key: value for key, value in node.items() if key not in ("kind", "searches")}
            if node["kind"] == "image":
                image = scene._image_node(name)
                image["ref"] = ImageRef(id=name, **fields) if fields else None
                image["searches"] = [Search.model_validate(search) for search in node["searches"]]
                continue
            entity = SceneEntity(id=name, **fields)
            scene._graph.add_node(name, kind="entity", entity=entity)
            stem, _, number = name.rpartition("-")
            scene._numbers[stem] = max(scene._numbers[stem], int(number))
        for subject, other, predicate, edge in plain.edges(keys=True, data=True):
            if predicate == "in":
                scene._graph.add_edge(subject, other, key="in")
            elif edge["basis"] != "geometry":
                told = Relation(
                    subject=subject, predicate=predicate, object=other, score=edge["score"], source=edge["basis"]
                )
                scene._graph.add_edge(subject, other, key=predicate, relation=told)
        return scene


def fold(observations: Iterable[Observation], images: Iterable[ImageRef] = ()) -> SceneGraph:
    """The scene graph of a transcript: the images, and what each observation adds, in order."""
    scene = SceneGraph(images)
    for observation in observations:
        scene.add(observation)
    return scene


def _merged(known: SceneEntity, entity: Entity, witness: Witness) -> SceneEntity:
    better = witness.score > max(w.score for w in known.witnesses)
    changes: dict[str, Any] = {
        "score": 1 - (1 - known.score) * (1 - entity.score),
        "witnesses": (*known.witnesses, witness),
        "attributes": known.attributes | entity.attributes if better else entity.attributes | known.attributes,
        "mask": (entity.mask or known.mask) if better else (known.mask or entity.mask),
    }
    if better:
        changes |= {"box": entity.box, "tool": entity.tool, "model": entity.model, "call_id": entity.call_id}
    return known.model_copy(update=changes)


def _id_order(entity: SceneEntity) -> tuple[str, int]:
    return entity.label, int(entity.id.rpartition("-")[2])


def _line(name: str, box: Box, attributes: dict[str, str | float]) -> str:
    corners = ",".join(str(round(value)) for value in box.xyxy)
    return " ".join([name, corners, *shown(attributes)])


def shown(attributes: dict[str, str | float]) -> list[str]:
    """Attributes as a model reads them: the colour, then the area share as percent with one decimal."""
    parts = [str(attributes["colour"])] if "colour" in attributes else []
    if "area_share" in attributes:
        parts.append(f"{float(attributes['area_share']):.1%}")
    return parts


def _plain_node(data: dict[str, Any]) -> dict[str, Any]:
    if data["kind"] == "entity":
        entity: dict[str, Any] = data["entity"].model_dump(mode="json", exclude={"id"})
        return {"kind": "entity"} | entity
    ref: dict[str, Any] = data["ref"].model_dump(mode="json", exclude={"id"}) if data["ref"] else {}
    return {"kind": "image"} | ref | {"searches": [search.model_dump(mode="json") for search in data["searches"]]}
