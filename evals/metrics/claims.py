"""Whether a claim of a report is true of a diorama, worked out from the world's truth and from no graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from agent.report.claims import (
    Alike,
    Claim,
    Coloured,
    Count,
    Differs,
    Fills,
    Is,
    Largest,
    Means,
    Odd,
    Placed,
    Reads,
    Relates,
    Varies,
    Zoned,
)
from evals.diorama.cases import AREA_TOLERANCE
from evals.diorama.truth import TrueObject, Truth
from evals.metrics.comparators import box_iou
from graphs.types import Box, Entity

SAME_IOU = 0.5
"""Boxes that share at least this are of one thing, as in mAP50."""

PERCENT_SLACK = 0.1
"""Percent points that rounding a share to one digit may take, on either side."""

Matched = Mapping[str, TrueObject]
"""The true object that an entity is a sighting of, by the entity's id."""


def match(entities: Iterable[Entity], truth: Truth) -> dict[str, TrueObject]:
    """Pair entities with true objects by their boxes, best overlap first; what they are called does not matter."""
    options = [
        (box_iou(entity.box.xyxy, true.box.xyxy), entity.id, place)
        for entity in entities
        for place, true in enumerate(truth.objects)
    ]
    matched: dict[str, int] = {}
    for shared, name, place in sorted(options, key=lambda one: -one[0]):
        if shared >= SAME_IOU and name not in matched and place not in matched.values():
            matched[name] = place
    return {name: truth.objects[place] for name, place in matched.items()}


def is_true(claim: Claim, matched: Matched, truth: Truth) -> bool | None:
    """Whether a claim holds in the world.

    Args:
        claim: About the one image of the truth.
        matched: What its entities are sightings of.
        truth: Of the world.

    Returns:
        None where the world does not say: a colour where none stands out, a relation that it does not define.
    """
    match claim.content:
        case Count(label=label, number=number, more=more, at_least=at_least):
            true = len(truth.of("" if label == "thing" else label))
            return number <= true <= (len(truth.objects) if at_least else number + more)
        case Relates(subject=subject, predicate=predicate, object=other):
            if predicate not in WORLD_PREDICATES:
                return None
            return (
                subject in matched
                and other in matched
                and truth.holds(matched[subject].id, predicate, matched[other].id)
            )
        case Reads(text=text):
            return text.casefold() in {sign.word.casefold() for sign in truth.texts}
        case Means() | Varies() | Alike() | Odd() | Zoned() | Differs():
            return None  # made by other templates, or for several images
    thing = matched.get(claim.content.entity)
    if thing is None:
        return False
    return _of_thing(claim, thing, truth)


WORLD_PREDICATES = ("left_of", "right_of", "above", "below", "inside", "overlaps", "near")
"""The relations that dioramas define."""


def _of_thing(claim: Claim, thing: TrueObject, truth: Truth) -> bool | None:
    match claim.content:
        case Is(label=label):
            return label in ("thing", thing.category, *thing.hypernyms)
        case Coloured(colour=colour):
            return None if thing.colour is None else colour == thing.colour
        case Placed(place=place):
            return place == _ninth(thing.box, truth)
        case Fills(percent=percent, under=under):
            share = 100 * thing.area / (truth.width * truth.height)
            if under:
                return share < percent * (1 + AREA_TOLERANCE)
            return abs(percent - share) <= AREA_TOLERANCE * share + PERCENT_SLACK
        case Largest():
            return thing.box.area == max(other.box.area for other in truth.objects)
    raise AssertionError(f"claims of the kind {claim.content.kind} are judged above")


def _ninth(box: Box, truth: Truth) -> str:
    column = ("left", "", "right")[min(int(1.5 * (box.x1 + box.x2) / truth.width), 2)]
    row = ("top", "", "bottom")[min(int(1.5 * (box.y1 + box.y2) / truth.height), 2)]
    return "_".join(part for part in (row, column) if part) or "centre"


def mentioned(claims: Sequence[Claim], matched: Matched, entities: Iterable[Entity], truth: Truth) -> int:
    """How many true objects some claim names, by their right category, as seen or as in doubt."""
    labels = {entity.id: entity.label for entity in entities}
    cited = {name for claim in claims for name in claim.evidence}
    named = {matched[name].id for name in cited if name in matched and labels[name] == matched[name].category}
    return sum(thing.id in named for thing in truth.objects)
