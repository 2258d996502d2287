"""Whether a yes or a no is what the scene holds for what was asked, and the things cited show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.case import Case, said, unsearched
from agent.claims import Claim
from agent.counts import comparison_stands, holds_in
from agent.extremes import colour_stands
from graphs.rules import SIGNS


def whether_stands(case: Case, value: bool) -> str | None:
    """Say why a yes or a no does not stand; None when it does."""
    if case.text.opening is not None and case.text.opening is not value:
        return f"value is {str(value).lower()} but the text begins with the opposite"
    asked = case.question
    # "Could you mask out the cats?" is a deed, which is done once they have masks.
    if asked.claims and asked.beyond and not asked.outlined and not _described(case, case.claims):
        return f"no tool has told whether it is so ({asked.beyond!r}): ask one that can, or answer with value null"
    if asked.compared and (len(asked.labels) > 1 or (asked.labels and len(case.mentioned) == 2)):
        return comparison_stands(case, value)
    claims = case.claims
    if not claims or _described(case, claims):
        if any(case.answers(entity) == ("no" if value else "yes") for entity in case.entities):
            return f"value is {str(value).lower()} but what is cited says the opposite"
        return None if case.entities or not value else "cite the entities that show it, not only the image"
    if asked.extreme and asked.claims and claims[0].colour:
        return colour_stands(case, value, claims[0])
    if asked.claims and case.together:
        return _everywhere(case, value, claims)
    return _anywhere(case, value, claims)


def _described(case: Case, claims: Sequence[Claim]) -> bool:
    """Whether a tool answered the question in words, about what is cited, and none looked for what it is about."""
    answered = any(case.answers(entity) is not None for entity in case.entities)
    return answered and unsearched(case, claims, sorted({entity.image_id for entity in case.entities})) is not None


def _everywhere(case: Case, value: bool, claims: Sequence[Claim]) -> str | None:
    """Whether claims hold in each of the images."""
    images = case.scene.images()
    lacking = [image for image in images if not all(holds_in(case, claim, image) for claim in claims)]
    if value is bool(lacking):
        return f"it is not so in {', '.join(lacking)}" if lacking else "it is so in each image"
    names = set().union(*map(case.matching, claims))
    if value and {one.image_id for one in case.entities if one.id in names} != {*images}:
        return "cite the entities that show it in each image"
    return None if value else unsearched(case, claims, lacking)


def _anywhere(case: Case, value: bool, claims: Sequence[Claim]) -> str | None:
    """A yes wants that the claims hold, all or, where the question says "or", one; and the things that show it."""
    # What the question denies it asks about; in the text of an answer that is the answer.
    denied = [claim for claim in claims if case.question.claims and (claim.denied or claim.number == 0)]
    groups: dict[Claim, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(replace(claim, colour=None), []).append(claim)  # "black and white" is one thing
    held = [any(_holds(case, claim, claim in denied, value) for claim in group) for group in groups.values()]
    true = any(held) if case.question.either else all(held)
    if true is not value:
        told = next(group[0] for group, holds in zip(groups.values(), held, strict=True) if holds is true)
        return f"{said(told)}: the scene shows {'that it is so' if true else 'no such thing'}"
    shown = [set().union(*map(case.matching, group)) for group in groups.values() if group[0] not in denied]
    against = set().union(*map(case.matching, denied))
    others = {name for claim in claims if claim.other for name in case.matching(Claim(claim.other))}
    cited = {entity.id for entity in case.entities}
    if value and shown:
        hit = any if case.question.either else all
        if not cited:
            return "cite the entities that show it, not only the image"
        if not (hit(cited & names for names in shown) and cited <= set().union(*shown) | others):
            return "cite the entities that show it, and no others"
    if not value and against and not cited & against:
        return "cite the entities that show it, not only the image"
    if value:
        return unsearched(case, denied, case.due or case.scene.images()) if denied else None
    return None if against else unsearched(case, claims, case.due)


def _holds(case: Case, claim: Claim, denied: bool, value: bool) -> bool:
    """Whether a claim of a question holds; where it may be meant either way, as "are there two?" of three, as told."""
    number = len(case.matching(claim))
    if denied:
        return not number
    if not case.question.claims or claim.number is None:
        if case.question.share and (claim.colour or claim.relation):
            every = len(case.matching(Claim(claim.label, colour=claim.colour if claim.relation else None)))
            return bool(number) and (number == every if case.question.share == "all" else 2 * number > every)
        return bool(number)
    if sign := claim.bound or case.question.compared:
        return SIGNS[sign](number, claim.number)
    return value if number > claim.number else number == claim.number
