"""Whether a typed value is what the scene holds for what was asked, and the things cited show it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.case import Case, found, said, unsearched
from agent.claims import Claim
from graphs.query import by_size
from graphs.relations import PREDICATES
from graphs.taxonomy import ANYTHING, covers, normalise
from tools.colour import COLOURS

SHARE_SLACK = 0.051
"""Percent points: shares are told with one decimal."""

NOTHING = ("none", "nothing")

_SIGNS: dict[str, Callable[[int, int], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le, "=": operator.eq,
}  # fmt: skip


def value_stands(case: Case) -> str | None:
    """Say why the value does not stand; None when it does."""
    whether = isinstance(case.value, bool)
    if case.question.asks == "whether" and isinstance(case.value, int | float) and not whether:
        return "the question wants a yes or a no: the value is true or false"
    if case.question.asks == "what" and whether:
        return "the question wants no yes or no: answer what it asks for, or with value null"
    if case.question.outlined and (bare := [entity.id for entity in case.entities if entity.mask is None]):
        return f"outlines are asked for, and {bare[0]} has none yet: call segment"
    match case.value:
        case bool() as value:
            return _boolean(case, value)
        case int() as value:
            return _number(case, value)
        case float() as value:
            return measured(case, value)
        case str() as value:
            return _word(case, value)
        case list() as value:
            return _words(case, value)
    return None


def _number(case: Case, value: int) -> str | None:
    """A count: the things cited are all those that match, in all images or in one."""
    cited = {entity.id for entity in case.entities}
    if any(case.answers(entity) == str(value) for entity in case.entities):
        return None
    # A number that somebody wrote into the picture is no count of what is in it.
    told = str(value) in case.told and not case.question.counts
    if not cited and told:
        return None
    if value and not cited:
        return "cite the entities that show it, not only the image"
    if value != len(cited):
        return None if told else f"value is {value} but {len(cited)} entities are cited"
    claims = case.claims or [Claim(entity.label) for entity in case.entities]
    if not cited and (reason := unsearched(case, claims, case.images)):
        return reason
    options = _meant(case, claims)
    options += [set(found(case.scene, claim, scope)) for claim in claims for scope in case.scopes]
    if cited in options:
        return None
    return f"{said(claims[0])}: the scene holds {len(options[0])}, not {value}"


def _meant(case: Case, claims: Sequence[Claim]) -> list[set[str]]:
    """All things that claims are about, in each scope."""
    return [{name for claim in claims for name in found(case.scene, claim, scope)} for scope in case.scopes]


def _boolean(case: Case, value: bool) -> str | None:
    if case.text.opening is not None and case.text.opening is not value:
        return f"value is {str(value).lower()} but the text begins with the opposite"
    asked = case.question
    if asked.compared and len(asked.labels) > 1:
        return _comparison(case, value, [_counted(case, label) for label in asked.labels[:2]])
    images = [name for name in asked.ids if name in case.scene.images()]
    if asked.compared and len(asked.labels) == 1 and len(images) == 2:
        return _between(case, value, images)
    claims = case.claims
    if not claims or _described(case, claims):
        if any(case.answers(entity) == ("no" if value else "yes") for entity in case.entities):
            return f"value is {str(value).lower()} but what is cited says the opposite"
        return None if case.entities or not value else "cite the entities that show it, not only the image"
    plain = not any(claim.relation or claim.colour or claim.number is not None for claim in claims)
    # "Could you mask out the cats?" is a deed, which is done once they have masks.
    if asked.claims and asked.beyond and plain and not asked.outlined:
        return f"no tool has told whether it is so ({asked.beyond!r}): ask one that can, or answer with value null"
    return _whether(case, value, claims)


def _whether(case: Case, value: bool, claims: Sequence[Claim]) -> str | None:
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
    number = len(names := case.matching(claim))
    if denied:
        return not number
    if not case.question.claims or claim.number is None:
        if case.question.every and (claim.colour or claim.relation):
            return bool(names) and names == case.matching(Claim(claim.label))
        return bool(number)
    if sign := case.question.bound or case.question.compared:
        return _SIGNS[sign](number, claim.number)
    return value if number > claim.number else number == claim.number


def _counted(case: Case, label: str) -> Claim:
    """What of a label a question counts: those of a colour, where it says one."""
    claim = next((one for one in case.question.claims if one.label == label and not one.relation), Claim(label))
    return replace(claim, number=None, denied=False)


def _between(case: Case, value: bool, images: Sequence[str]) -> str | None:
    """Whether one image shows more, or fewer, than another."""
    claim = _counted(case, case.question.labels[0])
    if reason := unsearched(case, [claim], images):
        return reason
    first, second = (len(found(case.scene, claim, image)) for image in images)
    true = _SIGNS[case.question.compared or "="](first, second)
    return None if value is true else f"there are: {images[0]} {first}, {images[1]} {second}"


def _described(case: Case, claims: Sequence[Claim]) -> bool:
    """Whether a tool answered the question in words, about what is cited, and none looked for what it is about."""
    answered = any(case.answers(entity) is not None for entity in case.entities)
    return answered and unsearched(case, claims, sorted({entity.image_id for entity in case.entities})) is not None


def _comparison(case: Case, value: bool, claims: Sequence[Claim]) -> str | None:
    first, second = map(case.matching, claims)
    names = [said(claim) for claim in claims]
    true = _SIGNS[case.question.compared or "="](len(first), len(second))
    if value is not true:
        return f"there are {len(first)} of {names[0]} and {len(second)} of {names[1]}"
    if {entity.id for entity in case.entities} != first | second:
        return f"cite every {names[0]} and every {names[1]}"
    return unsearched(case, claims, case.due or case.scene.images()[:1])


def measured(case: Case, value: float) -> str | None:
    """A share in percent, or as a fraction, or any number that was measured of a thing cited or told by a tool."""
    known = [float(one) for entity in case.entities for one in entity.attributes.values() if not isinstance(one, str)]
    close = [one for one in known if abs(value - 100 * one) <= SHARE_SLACK or abs(value - one) <= SHARE_SLACK / 100]
    return None if close or f"{value:g}" in case.told else f"no tool has measured {value:g} of what is cited"


def _word(case: Case, value: str) -> str | None:
    if value in case.scene.images() or value == "same":
        return _image(case, value)
    if not case.entities and value in NOTHING:
        return unsearched(case, case.claims, case.images) or _empty(case)
    if value in COLOURS:
        missing = [e.id for e in case.entities if value not in (e.attributes.get("colour"), case.answers(e))]
        return f"{missing[0]} is not {value}" if missing else None if case.entities else f"cite what is {value}"
    labels = {entity.label for entity in case.entities}
    if any(covers(normalise(value), label) for label in labels):
        return _extreme(case)
    words = set(re.findall(r"[^\W_]+", value.lower()))
    return None if words and words <= case.told else f"no tool has told of {value!r}"


def _empty(case: Case) -> str | None:
    shown = [name for claim in case.claims for name in found(case.scene, claim)]
    return f"the scene shows {', '.join(shown)}" if shown else None


def _extreme(case: Case) -> str | None:
    """Who is called the largest is it, of all that the question asks about."""
    way = case.question.extreme or case.text.extreme
    if not way:
        return None
    label = next(iter(case.question.labels), ANYTHING)
    ranked = by_size(case.scene.find(label))[::way]
    best = {entity.id for entity in ranked[:1]}
    cited = {entity.id for entity in case.entities}
    return None if cited == best else f"of {label} the {'largest' if way > 0 else 'smallest'} is {', '.join(best)}"


def _image(case: Case, value: str) -> str | None:
    """The image that shows the most, or the fewest, of what is asked about."""
    claims = case.claims
    if not claims:
        return None
    counts = {image: len({n for c in claims for n in found(case.scene, c, image)}) for image in case.scene.images()}
    if reason := unsearched(case, claims, list(counts)):
        return reason
    fewest = case.question.compared == "<"
    best = (min if fewest else max)(counts.values())
    winners = [image for image, count in counts.items() if count == best]
    expected = winners[0] if len(winners) == 1 else "same"
    told = ", ".join(f"{image} {count}" for image, count in counts.items())
    return None if value == expected else f"there are: {told}"


def _words(case: Case, value: list[str]) -> str | None:
    given = set(value)
    if given and given <= set(PREDICATES):
        return _predicates(case, given)
    if given and given <= set(case.scene.images()):
        true = {image for image in case.scene.images() if any(found(case.scene, claim, image) for claim in case.claims)}
        return None if not case.claims or given == true else f"it is so in: {', '.join(sorted(true)) or 'none'}"
    if not case.entities and not given:
        return unsearched(case, case.claims, case.images) or _empty_list(case)
    if not case.entities:
        return "cite the entities that show it, not only the image"
    if not given:
        return _predicates(case, given)
    if given <= set(COLOURS):
        shown = {str(e.attributes["colour"]) for e in case.entities if "colour" in e.attributes}
        if given != shown:
            return f"the colours of what is cited are: {', '.join(sorted(shown))}"
        return _left_out(case)
    labels = {entity.label for entity in case.entities}
    if {normalise(one) for one in given} != labels:
        return f"what is cited is: {', '.join(sorted(labels))}"
    return _complete(case)


def _empty_list(case: Case) -> str | None:
    # The label of "what is left of the tree" is at the other end.
    claims = [claim for claim in case.text.claims if claim.relation] or case.claims
    shown = [name for claim in claims for name in found(case.scene, claim)]
    return f"the scene shows {', '.join(shown)}" if shown else None


def _complete(case: Case) -> str | None:
    """A list leaves out nothing of the kinds and the images it is about."""
    claims = [claim for claim in case.text.claims if claim.relation] or case.claims
    related = [replace(claim, label=ANYTHING, number=None) for claim in claims if claim.relation]
    wanted = {name for claim in related for name in found(case.scene, claim)}
    cited = {entity.id for entity in case.entities}
    if related and cited != wanted:
        return f"cite these, and no others: {', '.join(sorted(wanted)) or 'none'}"
    if not related and not case.question.labels:
        scopes = [{e.id for e in case.scene.find(image_id=scope)} for scope in case.scopes]
        return None if cited in scopes else f"leave nothing out: {', '.join(sorted(scopes[0] - cited))}"
    return None if related else _left_out(case)


def _left_out(case: Case) -> str | None:
    """Where all that is cited is what the question asks about, none of that is left out."""
    cited = {entity.id for entity in case.entities}
    options = _meant(case, case.claims)
    if cited in options:
        return None
    missing = next((option - cited for option in options if cited < option), set())
    return f"leave nothing out: {', '.join(sorted(missing))}" if missing else None


def _predicates(case: Case, given: set[str]) -> str | None:
    """Relations between two things, the subject first, as the text names them or as they are cited."""
    if len(case.entities) != 2:
        return "cite two things: the one, and the one it is related to"
    first, second = case.entities
    named = case.text.labels
    if len(named) > 1 and not (covers(named[0], first.label) and covers(named[1], second.label)):
        first, second = second, first
    held = {r.predicate for r in case.scene.relations() if (r.subject, r.object) == (first.id, second.id)}
    if given - held or (not given and held):
        return f"{first.id} to {second.id}: {', '.join(sorted(held)) or 'none'}"
    return None
