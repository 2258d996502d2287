"""The scene graph as one plain NetworkX graph, and back: what is written to files. Files themselves are elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx

from graphs.consistency import contradictions
from graphs.taxonomy import hypernyms
from graphs.types import Event, ImageRef, Relation, Search

if TYPE_CHECKING:
    from graphs.scene import SceneEntity, SceneGraph

PROVENANCE = ("model", "call_id", "tool", "because", "also")
"""Of a relation; written where it is not empty."""


def plain(scene: SceneGraph) -> nx.MultiDiGraph:
    """All that a scene holds, with attributes that are plain JSON values.

    Nodes by `kind`: `image`, `entity`, `category` (`category:dog`), `attribute` (`attribute:colour=brown`), `text`
    (`text:OPEN`) and `event` (`event:crowd-1`). Edges by key: `in` from entities and events to their images, `is_a` up
    the hypernyms, `has` to attribute values, `reads` to texts, `part_of` from participants to events, `derived_from`
    from images to the image they were made from, `contradicts` between entities of which one must be wrong, and every
    relation under its predicate. Relations, and only they, have `score` and `basis` (where they come from).
    """
    graph = nx.MultiDiGraph()
    for name in scene.images():
        ref = scene.image(name)
        fields = ref.model_dump(mode="json", exclude={"id"}) if ref else {}
        searches = [search.model_dump(mode="json") for search in scene.searches(name)]
        graph.add_node(name, kind="image", **fields, searches=searches)
    for name in list(graph):
        parent = graph.nodes[name].get("parent")
        if parent in graph:
            graph.add_edge(name, parent, key="derived_from")
    entities = scene.entities()
    for entity in entities:
        _add_entity(graph, entity)
    for one, other in contradictions(entities):
        graph.add_edge(one.id, other.id, key="contradicts")
    for event in scene.events():
        _add_event(graph, event)
    # What was told comes last, and stands where geometry says the same.
    for relation in reversed(scene.relations()):
        _add_relation(graph, relation)
    return graph


def _add_entity(graph: nx.MultiDiGraph, entity: SceneEntity) -> None:
    graph.add_node(entity.id, kind="entity", **entity.model_dump(mode="json", exclude={"id"}))
    graph.add_edge(entity.id, entity.image_id, key="in")
    below = entity.id
    for label in (entity.label, *hypernyms(entity.label)):
        name = f"category:{label}"
        graph.add_node(name, kind="category", label=label)
        graph.add_edge(below, name, key="is_a")
        below = name
    for key, value in entity.attributes.items():
        if key == "text":
            graph.add_node(f"text:{value}", kind="text", text=value)
            graph.add_edge(entity.id, f"text:{value}", key="reads")
        elif isinstance(value, str):
            graph.add_node(f"attribute:{key}={value}", kind="attribute", name=key, value=value)
            graph.add_edge(entity.id, f"attribute:{key}={value}", key="has")


def _add_event(graph: nx.MultiDiGraph, event: Event) -> None:
    graph.add_node(event.id, kind="event", **event.model_dump(mode="json", exclude={"id"}))
    for name in event.image_ids:
        if name in graph:
            graph.add_edge(event.id, name, key="in")
    for name in event.participants:
        graph.add_edge(name, event.id, key="part_of")


def _add_relation(graph: nx.MultiDiGraph, relation: Relation) -> None:
    written = relation.model_dump(mode="json", include=set(PROVENANCE))
    # Not `source`: that is node-link's own word for where an edge starts.
    fields = {"score": relation.score, "basis": relation.source} | {key: one for key, one in written.items() if one}
    graph.add_edge(relation.subject, relation.object, key=relation.predicate, **fields)


class Read(NamedTuple):
    """What a written graph holds; the rest of it follows from this.

    Attributes:
        images: By id, in order; those that were only named have no reference.
        entities: The fields of each.
        relations: Those that do not come from geometry.
        events: What happens.
        searches: Where tools have looked.
    """

    images: dict[str, ImageRef | None]
    entities: list[dict[str, Any]]
    relations: tuple[Relation, ...]
    events: tuple[Event, ...]
    searches: tuple[Search, ...]


def read(data: dict[str, Any]) -> Read:
    """Read node-link data that came from `plain`.

    Raises:
        pydantic.ValidationError: If a node or an edge lacks what it must have.
    """
    graph = nx.node_link_graph(data, edges="edges")
    images: dict[str, ImageRef | None] = {}
    entities: list[dict[str, Any]] = []
    events: list[Event] = []
    searches: list[Search] = []
    for name, node in graph.nodes(data=True):
        fields = {key: value for key, value in node.items() if key not in ("kind", "searches")}
        match node.get("kind"):
            case "image":
                images[name] = ImageRef(id=name, **fields) if fields else None
                searches += [Search.model_validate(search) for search in node.get("searches", ())]
            case "entity":
                own = {"id": name, "label": fields["label"], "image_id": fields["image_id"]}
                witnesses = [own | witness for witness in fields["witnesses"]]
                entities.append(fields | {"id": name, "witnesses": witnesses})
            case "event":
                events.append(Event(id=name, **fields))
    relations = [
        Relation(subject=one, predicate=predicate, object=other, source=edge["basis"], **_told(edge))
        for one, other, predicate, edge in graph.edges(keys=True, data=True)
        if edge.get("basis", "geometry") != "geometry"
    ]
    return Read(images, entities, tuple(relations), tuple(events), tuple(searches))


def _told(edge: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in edge.items() if key in ("score", *PROVENANCE)}
