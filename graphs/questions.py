"""The full set of typed questions to a scene graph: select, count, compare, group, path, neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import networkx as nx
from pydantic import Field

from graphs.query import ranked, tally
from graphs.scene import SceneEntity, SceneGraph
from graphs.taxonomy import hypernyms
from graphs.types import Frozen, Relation, Score

Value = int | float | str | list[str] | dict[str, int] | None


class Filter(Frozen):
    """Which things are meant; all that is given must hold.

    Attributes:
        label: A category or a hypernym; "" or "thing" for anything.
        ids: Only these, such as those that another question gave.
        image: Only in this image.
        attributes: Only with these values, such as `{"colour": "brown"}`.
        min_score: Only from this score up.
        related: Only what stands in each of these relations to something.
        without: Not what fits this.
    """

    label: str = ""
    ids: tuple[str, ...] = ()
    image: str | None = None
    attributes: dict[str, str | float] = {}
    min_score: Score = 0.0
    related: tuple[Related, ...] = ()
    without: Filter | None = None


class Related(Frozen):
    """Standing in a relation to one of some things: as its subject or, with `reverse`, as its object."""

    predicate: str
    to: Filter = Field(default_factory=lambda: Filter())
    reverse: bool = False


Filter.model_rebuild()


class Select(Frozen):
    """Which things there are: value is their ids, the first `limit` in the order of `by`."""

    op: Literal["select"] = "select"
    where: Filter = Filter()
    by: Literal["id", "area", "score", "left", "top"] = "id"
    limit: int = Field(default=100, ge=1)


class Count(Frozen):
    """How many things there are."""

    op: Literal["count"] = "count"
    where: Filter = Filter()


class Compare(Frozen):
    """Whether there is more of the first than of the second: value is `first`, `second` or `equal`."""

    op: Literal["compare"] = "compare"
    first: Filter
    second: Filter
    by: Literal["count", "area", "score"] = "count"


class Group(Frozen):
    """How many things there are by `label`, `hypernym`, `image` or the value of an attribute."""

    op: Literal["group"] = "group"
    where: Filter = Filter()
    by: str = "label"


class Path(Frozen):
    """How two things hang together: value is the shortest chain of relations, each `subject predicate object`."""

    op: Literal["path"] = "path"
    start: str
    goal: str
    predicates: tuple[str, ...] = ()


class Neighbours(Frozen):
    """What is related to a thing within some steps: value is the ids, the nearest first."""

    op: Literal["neighbours"] = "neighbours"
    of: str
    predicates: tuple[str, ...] = ()
    steps: int = Field(default=1, ge=1, le=4)


Question = Annotated[Select | Count | Compare | Group | Path | Neighbours, Field(discriminator="op")]


class Reply(Frozen):
    """The answer of a scene to a question.

    Attributes:
        text: For a model or a person.
        value: The same, typed; what it is says each question.
        evidence: Ids of the entities that bear it out; where there are none, of the images that were searched.
    """

    text: str
    value: Value
    evidence: tuple[str, ...]


def answer(scene: SceneGraph, question: Question) -> Reply:
    """Answer a question from the scene as it stands; whether anyone has looked is `SceneGraph.searched`.

    Raises:
        ValueError: If it names an id that the scene lacks.
    """
    match question:
        case Select():
            return _select(scene, question)
        case Count():
            ids = _ids(fitting(scene, question.where))
            return Reply(text=f"{len(ids)}", value=len(ids), evidence=ids or _searched(scene, question.where))
        case Compare():
            return _compare(scene, question)
        case Group():
            return _group(scene, question)
        case Path():
            return _path(scene, question)
        case Neighbours():
            return _neighbours(scene, question)


def fitting(scene: SceneGraph, where: Filter) -> list[SceneEntity]:
    """The entities that fit a filter, in the order of their ids."""
    found = [
        entity
        for entity in scene.find(where.label, image_id=where.image)
        if (not where.ids or entity.id in where.ids)
        and entity.score >= where.min_score
        and all(entity.attributes.get(name) == value for name, value in where.attributes.items())
    ]
    for related in where.related:
        others = set(_ids(fitting(scene, related.to)))
        held = {_ends(one, related.reverse) for one in scene.relations() if one.predicate == related.predicate}
        standing = {one for one, other in held if other in others}
        found = [entity for entity in found if entity.id in standing]
    left_out = set(_ids(fitting(scene, where.without))) if where.without else set()
    return [entity for entity in found if entity.id not in left_out]


def _ends(relation: Relation, reverse: bool) -> tuple[str, str]:
    return (relation.object, relation.subject) if reverse else (relation.subject, relation.object)


def _ids(entities: Sequence[SceneEntity]) -> tuple[str, ...]:
    return tuple(entity.id for entity in entities)


def _searched(scene: SceneGraph, where: Filter) -> tuple[str, ...]:
    images = [where.image] if where.image else scene.images()
    return tuple(name for name in images if scene.searched(where.label, name))


_ORDERS: dict[str, Callable[[SceneEntity], float]] = {
    "area": lambda one: -one.box.area,
    "score": lambda one: -one.score,
    "left": lambda one: one.box.x1,
    "top": lambda one: one.box.y1,
}


def _select(scene: SceneGraph, question: Select) -> Reply:
    found = fitting(scene, question.where)
    if question.by in _ORDERS:
        found = sorted(found, key=_ORDERS[question.by])
    ids = _ids(found[: question.limit])
    text = " ".join(ids) or "none"
    more = len(found) - len(ids)
    return Reply(
        text=f"{text} and {more} more" if more else text,
        value=list(ids),
        evidence=ids or _searched(scene, question.where),
    )


def _compare(scene: SceneGraph, question: Compare) -> Reply:
    first, second = fitting(scene, question.first), fitting(scene, question.second)
    measures: dict[str, Callable[[list[SceneEntity]], float]] = {
        "count": len,
        "area": lambda found: sum(one.box.area for one in found),
        "score": lambda found: max((one.score for one in found), default=0.0),
    }
    one, two = (measures[question.by](found) for found in (first, second))
    value = "equal" if one == two else "first" if one > two else "second"
    return Reply(
        text=f"{value}: {one:g} and {two:g} by {question.by}",
        value=value,
        evidence=_ids([*first, *second]) or _searched(scene, question.first),
    )


def _group(scene: SceneGraph, question: Group) -> Reply:
    found = fitting(scene, question.where)
    counts = ranked(_key(entity, question.by) for entity in found)
    return Reply(text=tally(counts) or "none", value=counts, evidence=_ids(found) or _searched(scene, question.where))


def _key(entity: SceneEntity, by: str) -> str:
    match by:
        case "label":
            return entity.label
        case "hypernym":
            return (hypernyms(entity.label) or (entity.label,))[-1]
        case "image":
            return entity.image_id
    return str(entity.attributes.get(by, "unknown"))


def _web(scene: SceneGraph, predicates: Sequence[str], *ids: str) -> nx.Graph:
    """Which things some relation joins, either way round, with that relation on the edge."""
    for name in ids:
        if scene.get(name) is None:
            raise ValueError(f"no {name!r} in the scene")
    web = nx.Graph()
    web.add_nodes_from(_ids(scene.entities()))
    for relation in scene.relations():
        joined = web.has_edge(relation.subject, relation.object)
        if not joined and (not predicates or relation.predicate in predicates):
            web.add_edge(relation.subject, relation.object, relation=relation)
    return web


def _path(scene: SceneGraph, question: Path) -> Reply:
    web = _web(scene, question.predicates, question.start, question.goal)
    if not nx.has_path(web, question.start, question.goal):
        return Reply(text="none", value=[], evidence=(question.start, question.goal))
    ids: list[str] = nx.shortest_path(web, question.start, question.goal)
    steps = [str(web.edges[one, other]["relation"]) for one, other in zip(ids, ids[1:], strict=False)]
    return Reply(text="; ".join(steps), value=steps, evidence=tuple(ids))


def _neighbours(scene: SceneGraph, question: Neighbours) -> Reply:
    web = _web(scene, question.predicates, question.of)
    away: dict[str, int] = nx.single_source_shortest_path_length(web, question.of, cutoff=question.steps)
    ids = sorted((name for name in away if name != question.of), key=lambda name: (away[name], name))
    told = [str(one) for one in scene.relations() if question.of in (one.subject, one.object)]
    kept = [one for one in told if not question.predicates or one.split()[1] in question.predicates]
    return Reply(text="; ".join(kept) or "none", value=ids, evidence=(question.of, *ids))
