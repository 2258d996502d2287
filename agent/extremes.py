"""Which thing is the largest, or the leftmost, and whether an answer about such a one stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.case import Case, unsearched
from agent.claims import Claim
from graphs.query import by_size
from graphs.scene import SceneEntity
from graphs.taxonomy import ANYTHING


def best(case: Case, claims: Sequence[Claim]) -> SceneEntity | None:
    """The largest of what claims are about, or whichever else the question singles out."""
    pool = set().union(*map(case.matching, claims))
    ranked = [one for one in case.scene.entities() if one.id in pool]
    axis, way, place = case.question.extreme or case.text.extreme or ("size", 1, 0)
    if axis == "size":
        ranked = by_size(ranked)
    else:
        ranked.sort(key=lambda one: -(one.box.x1 + one.box.x2 if axis == "x" else one.box.y1 + one.box.y2))
    return ranked[::way][place] if place < len(ranked) else None


def extreme_stands(case: Case, wanted: Sequence[Claim]) -> str | None:
    """Why what is called the largest is not that, of all that the question asks about; None when it is.

    Args:
        case: The answer.
        wanted: What the question singles out, beside the labels it names.
    """
    asked = case.question
    if not (asked.extreme or case.text.extreme):
        return None
    labels = asked.labels if asked.either else asked.labels[:1]
    top = best(case, wanted or [Claim(label) for label in labels or [ANYTHING]])
    if top is None:
        return "there are not so many"
    return None if case.entities == [top] else f"of {', '.join(labels)} it is {top.id}"


def colour_stands(case: Case, value: bool, claim: Claim) -> str | None:
    """Why the largest of a label, or the like, has a colour or has it not, against the value."""
    top = best(case, [replace(claim, colour=None, number=None)])
    if top is None:
        return unsearched(case, [claim], case.due)
    colour = top.attributes.get("colour")
    if value is not ((colour == claim.colour) is not claim.denied):
        return f"{top.id} is {colour}"
    return None if case.entities == [top] else f"cite {top.id}, and no others"
