"""Whether a number, or what compares numbers, is what the scene holds for what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.case import Case, found, said, unsearched
from agent.claims import Claim, Unit
from graphs.rules import SIGNS
from graphs.scene import SceneEntity


def number_stands(case: Case, value: int) -> str | None:
    """Say why a count does not stand; it does where all that match, in all images or in one, are cited."""
    cited = {entity.id for entity in case.entities}
    if any(case.answers(entity) == str(value) for entity in case.entities):
        return None
    # A number that somebody wrote into the picture is no count of what is in it.
    told = str(value) in case.told and not case.question.counts
    if not cited and told:
        return None
    if unit := case.question.unit:
        return _difference(case, value) if unit == "difference" else _in_units(case, value, unit)
    if value and not cited:
        return "cite the entities that show it, not only the image"
    if value != len(cited):
        return None if told else f"value is {value} but {len(cited)} entities are cited"
    if reason := _unsaid_number(case, value) or _unread(case):
        return reason
    claims = case.claims or [Claim(entity.label) for entity in case.entities]
    if not cited and (reason := unsearched(case, claims, case.images)):
        return reason
    options = meant(case, claims)
    if len({*case.question.counted}) < 2 and not case.together:
        options += [set(found(case.scene, claim, scope)) for claim in claims for scope in case.scopes]
    if cited in options:
        return None
    return f"{said(claims[0])}: the scene holds {len(options[0])}, not {value}"


def _in_units(case: Case, value: int, unit: Unit) -> str | None:
    """How many kinds or colours of things there are, or how many images show them."""
    if reason := _unsaid_number(case, value) or _unread(case):
        return reason
    if unit == "image" and not case.question.labels:
        return None if value == len(case.scene.images()) else f"there are {len(case.scene.images())} images"
    things = [one for one in case.scene.entities() if one.id in meant(case, case.claims)[0]]
    kinds = {_counted_as(one, unit) for one in things} - {""}
    if value != len(kinds):
        return f"there are {len(kinds)}: {', '.join(sorted(kinds))}"
    if {one.id for one in case.entities} != {one.id for one in things} and {*case.images} != kinds:
        return "cite everything that shows it, and nothing else"
    return unsearched(case, case.claims, case.scene.images()) if unit == "image" else None


def _counted_as(thing: SceneEntity, unit: Unit) -> str:
    if unit == "image":
        return thing.image_id
    return thing.label if unit == "kind" else str(thing.attributes.get("colour", ""))


def _difference(case: Case, value: int) -> str | None:
    """How many more there are of one label than of another, or in one image than in another."""
    claims = [_counted(case, label) for label in case.question.labels[:2]]
    sides = [case.matching(claim) for claim in claims]
    if len(claims) == 1 and len(case.mentioned) == 2:
        sides = [set(found(case.scene, claims[0], image)) for image in case.mentioned]
    if reason := _unread(case):
        return reason
    if len(sides) != 2:
        return "the check cannot tell what is compared: answer with value null"
    first, second = map(len, sides if case.question.compared == ">" else sides[::-1])
    if value != first - second:
        return f"there are {len(sides[0])} and {len(sides[1])}"
    return None if {one.id for one in case.entities} == sides[0] | sides[1] else "cite all that is compared"


def _unsaid_number(case: Case, value: int) -> str | None:
    """Why the text does not say this number; it may say what adds up to it."""
    total = sum(1 if claim.number is None else claim.number for claim in case.text.claims)
    if not case.text.said or value in (*case.text.said, total):
        return None
    return f"value is {value} but the text says {case.text.said[0]}"


def _unread(case: Case) -> str | None:
    """What a question for a number asks of things that no tool has told of."""
    word = case.question.beyond
    if not case.question.counts or case.question.outlined or word is None or word in case.told:
        return None
    return f"no tool has told which are so ({word!r}): ask one that can, or answer with value null"


def comparison_stands(case: Case, value: bool) -> str | None:
    """Why it is not so that there are more, or fewer, of one label than of another, or in one image than in another."""
    claims = [_counted(case, label) for label in case.question.labels[:2]]
    return _between_labels(case, value, claims) if len(claims) > 1 else _between_images(case, value, claims[0])


def _between_labels(case: Case, value: bool, claims: Sequence[Claim]) -> str | None:
    """Whether there are more, or fewer, of one label than of another."""
    first, second = map(case.matching, claims)
    names = [said(claim) for claim in claims]
    true = SIGNS[case.question.compared or "="](len(first), len(second))
    if value is not true:
        return f"there are {len(first)} of {names[0]} and {len(second)} of {names[1]}, so {'yes' if true else 'no'}"
    if {entity.id for entity in case.entities} != first | second:
        return f"cite every {names[0]} and every {names[1]}"
    return unsearched(case, claims, case.due or case.scene.images()[:1])


def _between_images(case: Case, value: bool, claim: Claim) -> str | None:
    """Whether one image shows more, or fewer, than another."""
    images = case.mentioned
    if reason := unsearched(case, [claim], images):
        return reason
    first, second = (len(found(case.scene, claim, image)) for image in images)
    true = SIGNS[case.question.compared or "="](first, second)
    return None if value is true else f"there are: {images[0]} {first}, {images[1]} {second}"


def most_stands(case: Case, value: str) -> str | None:
    """Of which of several labels, or of which kind of one, there are the most, or the fewest."""
    labels = case.question.labels
    kinds = labels if len(labels) > 1 else {one.label for label in labels for one in case.scene.find(label)}
    counts = {kind: len(case.matching(Claim(kind))) for kind in kinds}
    best = (min if case.question.compared == "<" else max)(counts.values(), default=0)
    winners = [kind for kind, count in counts.items() if count == best]
    return None if winners == [value] else f"there are: {', '.join(f'{kind} {n}' for kind, n in counts.items())}"


def _counted(case: Case, label: str) -> Claim:
    """What of a label a question counts: those of a colour, where it says one."""
    claim = next((one for one in case.question.claims if one.label == label and not one.relation), Claim(label))
    return replace(claim, number=None, denied=False)


def meant(case: Case, claims: Sequence[Claim]) -> list[set[str]]:
    """All things that claims are about, in each scope."""
    scopes = [None] if case.together else case.scopes
    return [{name for claim in claims for name in found(case.scene, claim, scope)} for scope in scopes]


def holds_in(case: Case, claim: Claim, image: str) -> bool:
    """Whether a claim holds in an image."""
    number = len(found(case.scene, replace(claim, denied=False), image))
    if claim.denied or claim.number is None:
        return bool(number) is not claim.denied
    return SIGNS[claim.bound or "="](number, claim.number)
