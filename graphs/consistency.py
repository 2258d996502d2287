"""What in a scene cannot be true together: impossible pairs, and sightings that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from graphs.geometry import boxes_of, iou
from graphs.identity import agree
from graphs.pixels import mask_iou
from graphs.rules import IMPOSSIBLE
from graphs.types import Event, Frozen, Relation

if TYPE_CHECKING:
    from graphs.scene import SceneEntity, SceneGraph

ONE_WAY = frozenset(("left_of", "right_of", "above", "below", "inside", "on", "occludes", "part_of"))
"""If a is so to b, then b is not so to a."""

OPPOSITES = {"left_of": "right_of", "right_of": "left_of", "above": "below", "below": "above"}
"""If a is the one to b, then it is not the other."""

SAME_PLACE = 0.85
"""IoU from which on two boxes or masks are of one thing, so that two labels for it contradict each other."""

Kind = Literal["impossible", "label", "attribute", "rule"]


class Problem(Frozen):
    """Something that cannot be as the scene has it.

    Attributes:
        kind: `impossible`: two relations that exclude each other; `label`: two sightings of one place that name
            different things; `attribute`: witnesses of one thing that measured different values; `rule`: what a rule
            of the user calls impossible.
        text: The problem in words, with ids.
        ids: The entities concerned.
    """

    kind: Kind
    text: str
    ids: tuple[str, ...]


def problems(scene: SceneGraph) -> list[Problem]:
    """Everything that cannot be as the scene has it."""
    relations = scene.relations()
    entities = scene.entities()
    found = [*_impossible(relations), *_forbidden(relations, scene.events())]
    for one, other in contradictions(entities):
        told = f"{one.id} ({one.model}, {one.score:.2f}) and {other.id} ({other.model}, {other.score:.2f})"
        found.append(Problem(kind="label", text=f"{told} are at one place", ids=(one.id, other.id)))
    for entity in entities:
        found += _measured(entity)
    return found


def _impossible(relations: Sequence[Relation]) -> Iterator[Problem]:
    held = {(one.subject, one.predicate, one.object): one for one in relations}
    for (subject, predicate, other), relation in held.items():
        if subject == other:
            yield Problem(kind="impossible", text=f"{relation}: nothing is so to itself", ids=(subject,))
        elif predicate in ONE_WAY and subject < other and (other, predicate, subject) in held:
            text = f"{relation} and {held[other, predicate, subject]}: one excludes the other"
            yield Problem(kind="impossible", text=text, ids=(subject, other))
        opposite = OPPOSITES.get(predicate)
        if opposite in ("right_of", "below") and (subject, opposite, other) in held:
            text = f"{relation} and {held[subject, opposite, other]}: one excludes the other"
            yield Problem(kind="impossible", text=text, ids=(subject, other))


def _forbidden(relations: Sequence[Relation], events: Sequence[Event]) -> Iterator[Problem]:
    for one in relations:
        if one.source == "rule" and one.predicate == IMPOSSIBLE:
            text = f"{' and '.join(one.because)}: the rule {one.model!r} calls it impossible"
            yield Problem(kind="rule", text=text, ids=(one.subject, one.object))
    # A rule on counts alone names no pair: it comes as a fact about all that it counted in an image.
    for event in events:
        if event.source == "rule" and event.label == IMPOSSIBLE:
            told = " and ".join(event.participants or event.image_ids)
            yield Problem(
                kind="rule", text=f"{told}: the rule {event.model!r} calls it impossible", ids=event.participants
            )


def contradictions(entities: Sequence[SceneEntity]) -> Iterator[tuple[SceneEntity, SceneEntity]]:
    """Pairs of things at one place whose labels do not agree, and that no call saw side by side."""
    by_image: dict[str, list[SceneEntity]] = {}
    for entity in entities:
        by_image.setdefault(entity.image_id, []).append(entity)
    for group in by_image.values():
        shared = np.triu(iou(boxes_of(group), boxes_of(group)), k=1)
        for i, j in np.argwhere(shared > 0).tolist():
            one, other = group[i], group[j]
            place = mask_iou(one.mask, other.mask) if one.mask and other.mask else shared[i, j]
            if place >= SAME_PLACE and not agree(one.label, other.label) and not _calls(one) & _calls(other):
                yield one, other


def _calls(entity: SceneEntity) -> set[str]:
    return {witness.call_id for witness in entity.witnesses}


def _measured(entity: SceneEntity) -> Iterator[Problem]:
    for name in sorted({name for witness in entity.witnesses for name in witness.attributes}):
        told = {str(w.attributes[name]): w for w in entity.witnesses if isinstance(w.attributes.get(name), str)}
        if len(told) > 1:
            values = " and ".join(f"{value} ({told[value].tool}, {told[value].model})" for value in sorted(told))
            yield Problem(kind="attribute", text=f"{entity.id} has {name} {values}", ids=(entity.id,))
