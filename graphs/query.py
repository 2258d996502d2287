"""The short questions that the embedded planner knows, answered with ids. The full typed API is in `questions`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import model_validator

from graphs.relations import PREDICATES, Predicate
from graphs.scene import SceneEntity, SceneGraph, shown
from graphs.types import Frozen

Op = Literal["count", "exists", "list", "largest", "relation", "attribute"]
Value = int | bool | str | list[str] | None


class SceneQuery(Frozen):
    """A question to a scene.

    Attributes:
        op: What is asked.
        label: A category or a hypernym; "" or "thing" for anything.
        colour: Keep only entities of this colour.
        relation: Keep only entities that stand in this relation to an `other`.
        other: A category or a hypernym: the object of `relation`, or the second thing of op `relation`.
    """

    op: Op
    label: str = ""
    colour: str | None = None
    relation: Predicate | None = None
    other: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> SceneQuery:
        if self.op == "relation":
            if not self.other:
                raise ValueError("op relation needs other: the second label")
        elif (self.relation is None) != (not self.other):
            raise ValueError("relation and other go together: give both or neither")
        return self


class Finding(Frozen):
    """The answer of a scene to a query.

    Attributes:
        text: One short line for a model (op `attribute`: one per entity).
        value: Count: int; exists: bool; list: labels, the most frequent first; largest: its label or none; relation:
            the predicates, or none if a thing is missing; attribute: the colours known, in the order of the ids.
        evidence: Ids of the entities; where there are none, of the images that were searched.
    """

    text: str
    value: Value
    evidence: tuple[str, ...]


def ask(scene: SceneGraph, query: SceneQuery) -> Finding:
    """Answer a query from the scene as it stands; whether anyone has looked is `SceneGraph.searched`."""
    found = _matching(scene, query)
    if query.op == "relation":
        return _relation(scene, query, found)
    ids = tuple(entity.id for entity in found)
    evidence = ids or tuple(name for name in scene.images() if scene.searched(query.label, name))
    joined = " ".join(ids)
    match query.op:
        case "count":
            return Finding(
                text=f"count = {len(ids)}" + (f": {joined}" if ids else ""), value=len(ids), evidence=evidence
            )
        case "exists":
            return Finding(text=f"yes: {joined}" if ids else "no", value=bool(ids), evidence=evidence)
        case "list":
            counts = ranked(entity.label for entity in found)
            text = f"{tally(counts)}: {joined}" if ids else "none"
            return Finding(text=text, value=list(counts), evidence=evidence)
        case "largest":
            if not found:
                return Finding(text="none", value=None, evidence=evidence)
            best = by_size(found)[0]
            return Finding(text=f"largest = {best.label}: {best.id}", value=best.label, evidence=(best.id,))
        case "attribute":
            text = "\n".join(" ".join([entity.id, *shown(entity.attributes)]) for entity in found) or "none"
            colours = [str(e.attributes["colour"]) for e in found if "colour" in e.attributes]
            return Finding(text=text, value=colours, evidence=evidence)


def sizes(entities: Sequence[SceneEntity]) -> list[float]:
    """How large each is beside the others: what their outlines cover of the image, or the pixels of their boxes.

    Boxes it is where one has no outline, and of things of several images, whose shares are of different wholes.
    """
    shares = [entity.attributes.get("area_share") for entity in entities]
    outlined = [share for share in shares if isinstance(share, float)]
    alike = len({entity.image_id for entity in entities}) <= 1
    return outlined if alike and len(outlined) == len(entities) else [entity.box.area for entity in entities]


def by_size(entities: Sequence[SceneEntity]) -> list[SceneEntity]:
    """Entities by `sizes`, largest first; equals stay in the order given."""
    order = sorted(zip(sizes(entities), entities, strict=True), key=lambda pair: -pair[0])
    return [entity for _, entity in order]


def ranked(labels: Iterable[str]) -> dict[str, int]:
    """How often each label occurs: the most frequent first, then by name."""
    return dict(sorted(Counter(labels).items(), key=lambda item: (-item[1], item[0])))


def tally(counts: dict[str, int]) -> str:
    """Counts as a model reads them: `dog 3, cat 0`."""
    return ", ".join(f"{label} {count}" for label, count in counts.items())


def _matching(scene: SceneGraph, query: SceneQuery) -> list[SceneEntity]:
    found = scene.find(query.label, query.colour)
    if query.relation is None or not query.other:
        return found
    others = {entity.id for entity in scene.find(query.other)}
    subjects = {
        relation.subject
        for relation in scene.relations()
        if relation.predicate == query.relation and relation.object in others
    }
    return [entity for entity in found if entity.id in subjects]


def _relation(scene: SceneGraph, query: SceneQuery, found: Sequence[SceneEntity]) -> Finding:
    """The predicates between the largest thing and the largest other in the same image."""
    others = by_size(scene.find(query.other or ""))
    for subject in by_size(found):
        for other in others:
            if other.image_id == subject.image_id and other.id != subject.id:
                held = [r for r in scene.relations() if (r.subject, r.object) == (subject.id, other.id)]
                names = list(
                    dict.fromkeys(r.predicate for r in held if r.source == "model" or r.predicate in PREDICATES)
                )
                text = f"{', '.join(names) or 'none'}: {subject.id} {other.id}"
                return Finding(text=text, value=names, evidence=(subject.id, other.id))
    searched = [i for i in scene.images() if scene.searched(query.label, i) and scene.searched(query.other or "", i)]
    return Finding(text="none", value=None, evidence=tuple(searched))
