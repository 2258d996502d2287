"""The scene graph: what tools saw, folded into one NetworkX graph with readable ids. Questions live in `query`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import networkx as nx

from graphs import network
from graphs.identity import combined, narrower, same
from graphs.order import natural, sighting_order
from graphs.relations import relate
from graphs.rules import Rule, derive
from graphs.taxonomy import covers, expand
from graphs.told import End, Told, numbered
from graphs.types import Box, Entity, Event, ImageRef, Observation, Relation, Search

EVERYTHING = "*"
"""The label of a search for all that a model knows."""

LONG_DIGEST = 32
"""A digest of more lines leaves area shares out: 40 lines with them would take half of a small model's context."""


class SceneEntity(Entity):
    """An entity with a readable id and everyone who saw it.

    `score` is the chance that not all models erred (see `identity.combined`), `label` the most telling of those that
    agree; box, tool, model and call are those of the witness with the best score.

    Attributes:
        witnesses: The sightings as the tools told them, in the order of their calls.
    """

    witnesses: tuple[Entity, ...]


class SceneGraph:
    """Images, the entities seen in them, and their relations; a fold over observations, never edited otherwise.

    The same observations give the same graph, in whatever order, however split and however often they come: sightings
    are folded in the order of their calls (`call-2` before `call-10`), and within a call from left to right. An id
    stays as it is unless a call arrives that comes before one that was folded.

    Nodes are images and entities; an entity has an edge `in` to its image. Relations from geometry and from rules are
    worked out when asked for, since boxes move as witnesses come.
    """

    def __init__(self, images: Iterable[ImageRef] = (), rules: Iterable[Rule] = ()) -> None:
        """Start with the images at hand, before anything was seen in them, and with rules that derive more."""
        self._graph = nx.MultiDiGraph()
        self._rules = tuple(rules)
        self._numbers: Counter[str] = Counter()
        self._named: dict[tuple[str, str], list[str]] = {}
        self._waiting: dict[tuple[str, str], list[Entity]] = {}
        self._last: tuple[Any, ...] = ()
        self._told = Told()
        self._entities: list[SceneEntity] | None = None
        self._relations: list[Relation] | None = None
        self._events: list[Event] | None = None
        for place, image in enumerate(images):
            self._image_node(image.id).update(ref=image, place=place)

    def add(self, observation: Observation) -> None:
        """Fold an observation in: entities are merged with those known or get the next id.

        A relation or an event whose entities are not there yet waits for them.

        Raises:
            ValueError: If one of its relations comes from geometry, which the graph works out itself.
        """
        self._told.add(observation)
        self._relations = self._events = None
        for image in observation.images:
            node = self._image_node(image.id)
            node["ref"] = min(filter(None, (node["ref"], image)), key=ImageRef.model_dump_json)
        for search in observation.searches:
            self._image_node(search.image_id)["searches"][search] = None
        for entity in observation.entities:
            self._image_node(entity.image_id)
            if not self._is_known(entity):
                self._waiting.setdefault((entity.call_id, entity.id), []).append(entity)

    def _image_node(self, image_id: str) -> dict[str, Any]:
        if image_id not in self._graph:
            self._graph.add_node(image_id, kind="image", ref=None, place=None, searches={})
        node: dict[str, Any] = self._graph.nodes[image_id]
        return node

    def _is_known(self, entity: Entity) -> bool:
        key = (entity.call_id, entity.id)
        folded = (self._graph.nodes[name]["entity"].witnesses for name in self._named.get(key, ()))
        return entity in self._waiting.get(key, ()) or any(entity in witnesses for witnesses in folded)

    def _settle(self) -> None:
        """Fold in what waits; where some of it comes before what was folded, all is folded anew."""
        if not self._waiting:
            return
        waiting = sorted((one for group in self._waiting.values() for one in group), key=sighting_order)
        self._waiting = {}
        if sighting_order(waiting[0]) < self._last:
            nodes = [name for name, data in self._graph.nodes(data=True) if data["kind"] == "entity"]
            waiting += [one for name in nodes for one in self._graph.nodes[name]["entity"].witnesses]
            waiting.sort(key=sighting_order)
            self._graph.remove_nodes_from(nodes)
            self._named, self._numbers = {}, Counter()
        for call_id, group in groupby(waiting, key=lambda one: one.call_id):
            self._fold_call(call_id, list(group))
        self._last = sighting_order(waiting[-1])
        self._entities = None

    def _fold_call(self, call_id: str, seen: Sequence[Entity]) -> None:
        """Fold in what one call saw; what it saw twice, it saw as two things."""
        matched: dict[int, str] = {}
        for image_id in dict.fromkeys(one.image_id for one in seen):
            places = [place for place, one in enumerate(seen) if one.image_id == image_id]
            known = [self._graph.nodes[name]["entity"] for name in self._graph.pred[image_id]]
            known = [entity for entity in known if all(w.call_id != call_id for w in entity.witnesses)]
            shared = same([seen[place] for place in places], known)
            for place, row in zip(places, shared, strict=True):
                if row.any():
                    best = int(row.argmax())
                    matched[place] = known[best].id
                    shared[:, best] = 0.0
        for place, entity in enumerate(seen):
            self._fold_one(entity, matched.get(place))

    def _fold_one(self, entity: Entity, name: str | None) -> None:
        if name is not None:
            node = self._graph.nodes[name]
            node["entity"] = _merged(node["entity"], entity)
        else:
            name = self._next_id(entity.label.replace(" ", "_"))
            fields = {field: getattr(entity, field) for field in Entity.model_fields}
            self._place(SceneEntity.model_construct(**fields | {"id": name}, witnesses=(entity,)))
        self._named.setdefault((entity.call_id, entity.id), []).append(name)

    def _next_id(self, stem: str) -> str:
        self._numbers[stem] += 1
        name = f"{stem}-{self._numbers[stem]}"
        return self._next_id(stem) if name in self._graph else name  # which is an image's then

    def _place(self, entity: SceneEntity) -> None:
        self._graph.add_node(entity.id, kind="entity", entity=entity)
        self._graph.add_edge(entity.id, entity.image_id, key="in")

    def _name(self, end: End) -> str | None:
        """The id that the graph gives to what a call named."""
        if end in self._named:
            return self._named[end][0]
        if self.get(end.id) is not None:
            return end.id
        return next((names[0] for (_, name), names in self._named.items() if name == end.id), None)

    def __contains__(self, name: str) -> bool:
        """Whether an entity or an image has this id."""
        self._settle()
        return name in self._graph

    def images(self) -> list[str]:
        """Ids of the images: those that the graph began with in their order, then the others by name."""
        nodes = {name: data["place"] for name, data in self._graph.nodes(data=True) if data["kind"] == "image"}
        begun = sorted((name for name, place in nodes.items() if place is not None), key=nodes.__getitem__)
        return begun + sorted((name for name, place in nodes.items() if place is None), key=natural)

    def image(self, image_id: str) -> ImageRef | None:
        """The reference of an image; none if it is unknown or was only named by a tool."""
        ref: ImageRef | None = self._graph.nodes[image_id].get("ref") if image_id in self._graph else None
        return ref

    def searches(self, image_id: str) -> list[Search]:
        """The searches of an image, by call and then by label."""
        looked = self._graph.nodes[image_id].get("searches", {}) if image_id in self._graph else {}
        return sorted(looked, key=lambda one: (natural(one.call_id), one.label, one.tool, one.model))

    def get(self, name: str) -> SceneEntity | None:
        """The entity with this id, or none."""
        self._settle()
        entity: SceneEntity | None = self._graph.nodes[name].get("entity") if name in self._graph else None
        return entity

    def entities(self) -> list[SceneEntity]:
        """All entities in the order of their ids: by label, then by number."""
        self._settle()
        if self._entities is None:
            found = [data["entity"] for _, data in self._graph.nodes(data=True) if data["kind"] == "entity"]
            self._entities = sorted(found, key=_id_order)
        return list(self._entities)

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
        """Every relation: those that tools told, by call, then those from geometry (see `relate`), then from rules."""
        return list(self._worked_out()[0])

    def events(self) -> list[Event]:
        """What tools told to happen, by call, then what holds of several things by a rule."""
        return list(self._worked_out()[1])

    def _worked_out(self) -> tuple[list[Relation], list[Event]]:
        if self._relations is None or self._events is None:
            entities = self.entities()
            relations = self._told.relations(self._name) + relate(entities)
            derived = derive(self._rules, entities, relations, self)
            self._relations = relations + derived.relations
            self._events = numbered(self._told.events(self._name) + derived.events)
        return self._relations, self._events

    def unknown(self) -> list[str]:
        """What relations and events name that nobody has seen, in words."""
        self._settle()
        return sorted(set(self._told.unknown(self._name)))

    def searched(self, label: str, image_id: str | None = None) -> bool:
        """Whether a tool has looked for a label all over an image, so that "there is none" is a claim with evidence.

        A search for the label counts, for a hypernym of it, for everything, or for all the categories that it covers.

        Args:
            label: A category or a hypernym; "" or "thing" for anything.
            image_id: That image; if none, any single one.
        """
        if image_id is None:
            return any(self.searched(label, name) for name in self.images())
        looked = {search.label for search in self.searches(image_id)}
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
            rows = [(entity.id, entity.box, entity.attributes) for entity in self.entities()]
        else:
            rows = [
                (entity.id, witness.box, witness.attributes)
                for entity in self.entities_of_call(call_id)
                for witness in entity.witnesses
                if witness.call_id == call_id
            ]
        return "\n".join(_line(*row, brief=len(rows) > LONG_DIGEST) for row in rows)

    def to_json(self) -> dict[str, Any]:
        """The graph as node-link data: plain JSON values, with all that `network` holds."""
        written: dict[str, Any] = nx.node_link_data(self.network(), edges="edges")
        return written

    def network(self) -> nx.MultiDiGraph:
        """The whole graph with plain attributes; what its nodes and edges are is said in `graphs.network`."""
        return network.plain(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SceneGraph:
        """Read back what `to_json` wrote; ids stay as they are written.

        Raises:
            ValueError: If a node lacks what it must have; pydantic's ValidationError is one.
        """
        read = network.read(data)
        scene = cls()
        for place, (name, ref) in enumerate(read.images.items()):
            scene._image_node(name).update(ref=ref, place=place)
        for entity in read.entities:
            placed = SceneEntity.model_validate(entity)
            scene._place(placed)
            stem, _, number = placed.id.rpartition("-")
            if not number.isdecimal():
                raise ValueError(f"{placed.id} is no id of an entity: it wants a label, a dash and a number")
            scene._numbers[stem] = max(scene._numbers[stem], int(number))
            for witness in placed.witnesses:
                scene._named.setdefault((witness.call_id, witness.id), []).append(placed.id)
                scene._last = max(scene._last, sighting_order(witness))
        scene.add(Observation(text="", relations=read.relations, events=read.events, searches=read.searches))
        return scene


def fold(
    observations: Iterable[Observation], images: Iterable[ImageRef] = (), rules: Iterable[Rule] = ()
) -> SceneGraph:
    """The scene graph of a transcript: the images, what the observations add, and what the rules derive.

    Raises:
        KeyError: If a relation or an event names an entity that no observation has and the graph does not know.
    """
    scene = SceneGraph(images, rules)
    for observation in observations:
        scene.add(observation)
    if unknown := scene.unknown():
        raise KeyError(f"{unknown[0]}, which is not in the scene")
    return scene


def _merged(known: SceneEntity, entity: Entity) -> SceneEntity:
    better = entity.score > max(w.score for w in known.witnesses)
    witnesses = (*known.witnesses, entity)
    changes: dict[str, Any] = {
        "label": narrower(known.label, entity.label),
        "score": combined(witnesses),
        "witnesses": witnesses,
        "attributes": known.attributes | entity.attributes if better else entity.attributes | known.attributes,
        "mask": (entity.mask or known.mask) if better else (known.mask or entity.mask),
    }
    if better:
        changes |= {"box": entity.box, "tool": entity.tool, "model": entity.model, "call_id": entity.call_id}
    return known.model_copy(update=changes)


def _id_order(entity: SceneEntity) -> tuple[str, int, str]:
    return entity.label, int(entity.id.rpartition("-")[2]), entity.id


def _line(name: str, box: Box, attributes: dict[str, str | float], *, brief: bool) -> str:
    corners = ",".join(str(round(value)) for value in box.xyxy)
    kept = {key: value for key, value in attributes.items() if key != "area_share"} if brief else attributes
    return " ".join([name, corners, *shown(kept)])


def shown(attributes: dict[str, str | float]) -> list[str]:
    """Attributes as a model reads them: the colour, then the area share as percent with one decimal."""
    parts = [str(attributes["colour"])] if "colour" in attributes else []
    # Graphs are read from other programs' files too, where it may be any word.
    if isinstance(share := attributes.get("area_share"), int | float):
        parts.append(f"{share:.1%}")
    return parts
