"""Whether a typed value is what the scene holds for what was asked, and the things cited show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agent.case import Case, found, said, unsearched
from agent.claims import Claim
from agent.counts import holds_in, meant, most_stands, number_stands
from agent.extremes import best, extreme_stands
from agent.whether import whether_stands
from graphs.relations import PREDICATES
from graphs.scene import SceneEntity
from graphs.taxonomy import ANYTHING, covers, normalise
from tools.colour import COLOURS
from tools.read_text import LABEL as TEXT

SHARE_SLACK = 0.051
"""Percent points: shares are told with one decimal."""

NOTHING = ("none", "nothing")


def value_stands(case: Case) -> str | None:
    """Say why the value does not stand; None when it does."""
    whether = isinstance(case.value, bool)
    if case.question.asks == "whether" and isinstance(case.value, int | float) and not whether:
        return "the question wants a yes or a no: the value is true or false"
    if case.question.asks == "what" and whether:
        return "the question wants no yes or no: answer what it asks for, or with value null"
    if case.question.outlined and (bare := [entity.id for entity in case.entities if entity.mask is None]):
        return f"outlines are asked for, and {bare[0]} has none yet: call segment"
    if case.question.counts and isinstance(case.value, str | list) and (reason := _uncounted(case)):
        return reason
    if strange := _unknown(case):
        return f"nobody knows {strange!r}: look for it, ask a tool that can tell, or answer with value null"
    match case.value:
        case bool() as value:
            return whether_stands(case, value)
        case int() as value:
            return number_stands(case, value)
        case float() as value:
            return measured(case, value)
        case str() as value:
            return _word(case, value)
        case list() as value:
            return _words(case, value)
    return None


def _uncounted(case: Case) -> str | None:
    """Why a count is no word; where a tool was asked the same, or a text was read, its words may be."""
    given = set(case.value if isinstance(case.value, list) else [case.value])
    if _in_words(case) or "how many" not in case.asked.lower() or given <= {*case.scene.images(), "same", *NOTHING}:
        return None
    return "the question wants a number: how many there are"


def _unknown(case: Case) -> str | None:
    """What the question counts, or asks for, that no tool has looked for or told of."""
    asked = case.question
    if asked.labels or _in_words(case) or not (isinstance(case.value, bool) or "how many" in case.asked.lower()):
        return None
    return next((word for word in asked.strangers if word not in case.told), None)


def _in_words(case: Case) -> bool:
    """Whether what is cited is a text that was read, or carries an answer that a tool gave to the question."""
    return any(entity.label == TEXT or case.answers(entity) is not None for entity in case.entities)


def measured(case: Case, value: float) -> str | None:
    """A share in percent, or as a fraction, or any number that was measured of a thing cited or told by a tool."""
    known = [float(one) for entity in case.entities for one in entity.attributes.values() if not isinstance(one, str)]
    close = [one for one in known if abs(value - 100 * one) <= SHARE_SLACK or abs(value - one) <= SHARE_SLACK / 100]
    return None if close or f"{value:g}" in case.told else f"no tool has measured {value:g} of what is cited"


def _word(case: Case, value: str) -> str | None:
    if value in case.scene.images() or value == "same":
        return _image(case, value)
    if not case.entities and value in NOTHING:
        return unsearched(case, case.claims, case.images) or _none_shown(case, case.claims)
    if reason := _beside(case):
        return reason
    things = _singled(case)
    if value in COLOURS:
        missing = [one.id for one in things if value not in (one.attributes.get("colour"), case.answers(one))]
        if missing or not things:
            return f"{missing[0]} is not {value}" if missing else f"cite what is {value}"
        if case.text.colours and value not in case.text.colours:
            return f"value is {value} but the text says {case.text.colours[0]}"
        return extreme_stands(case, _wanted(case))
    if any(covers(normalise(value), one.label) for one in things):
        return most_stands(case, normalise(value)) if case.question.compared else extreme_stands(case, _wanted(case))
    words = set(re.findall(r"[^\W_]+", value.lower()))
    return None if words and words <= case.told else f"no tool has told of {value!r}"


def _singled(case: Case) -> list[SceneEntity]:
    """What is cited, less what only stands at the other end of a relation."""
    wanted = _wanted(case)
    names = {name for claim in wanted for name in case.matching(claim)}
    return [one for one in case.entities if not wanted or one.id in names or case.answers(one) is not None]


def _beside(case: Case) -> str | None:
    """Why what is cited is not what the question singles out."""
    wanted, things = _wanted(case), _singled(case)
    ends = {name for claim in wanted if claim.other for name in case.matching(Claim(claim.other))}
    astray = [one.id for one in case.entities if one not in things and (not things or one.id not in ends)]
    return f"{astray[0]} is not {said(wanted[0])}" if astray else None


def _wanted(case: Case) -> list[Claim]:
    """Claims by which the question singles out what it is about: a relation, or a colour where it offers no choice."""
    claims = [replace(claim, number=None) for claim in case.question.claims if not claim.denied]
    return [one for one in claims if one.relation or (one.colour and not case.question.either)]


def _image(case: Case, value: str) -> str | None:
    """The image that shows the most, or the fewest, of what is asked about."""
    claims = case.claims
    if not claims:
        return None
    counts = {image: len({n for c in claims for n in found(case.scene, c, image)}) for image in case.scene.images()}
    if reason := unsearched(case, claims, list(counts)):
        return reason
    if case.question.extreme:
        one = best(case, claims)
        return None if one and one.image_id == value else f"it is in {one.image_id if one else 'none'}"
    if any(claim.denied or claim.number is not None for claim in claims):
        true = [image for image in counts if any(holds_in(case, claim, image) for claim in claims)]
        return None if true == [value] else f"it is so in: {', '.join(true) or 'none'}"
    fewest = case.question.compared == "<"
    most = (min if fewest else max)(counts.values())
    winners = [image for image, count in counts.items() if count == most]
    expected = winners[0] if len(winners) == 1 else "same"
    told = ", ".join(f"{image} {count}" for image, count in counts.items())
    return None if value == expected else f"there are: {told}"


def _words(case: Case, value: list[str]) -> str | None:
    given = set(value)
    if given and given <= set(PREDICATES):
        return _predicates(case, given)
    if given and given <= set(case.scene.images()):
        true = {image for image in case.scene.images() if any(holds_in(case, claim, image) for claim in case.claims)}
        return None if not case.claims or given == true else f"it is so in: {', '.join(sorted(true)) or 'none'}"
    if not case.entities and not given:
        return unsearched(case, case.claims, case.images) or _none_shown(case, _listed(case))
    if not case.entities:
        return "cite the entities that show it, not only the image"
    if not given:
        return _predicates(case, given)
    if given <= set(COLOURS):
        shown = {str(e.attributes["colour"]) for e in case.entities if "colour" in e.attributes}
        if given != shown:
            return f"the colours of what is cited are: {', '.join(sorted(shown))}"
        return extreme_stands(case, _wanted(case)) if case.question.extreme else _left_out(case)
    if reason := _complete(case):
        return reason
    labels = {entity.label for entity in case.entities}
    return None if {normalise(one) for one in given} == labels else f"what is cited is: {', '.join(sorted(labels))}"


def _complete(case: Case) -> str | None:
    """A list leaves out nothing of the kinds and the images it is about."""
    related = [replace(claim, label=ANYTHING, number=None) for claim in _listed(case) if claim.relation]
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
    options = meant(case, case.claims)
    if cited in options:
        return None
    missing = next((option - cited for option in options if cited < option), set())
    return f"leave nothing out: {', '.join(sorted(missing))}" if missing else None


def _listed(case: Case) -> list[Claim]:
    """What a list is about; the label of "what is left of the tree" is at the other end."""
    return [claim for claim in case.text.claims if claim.relation] or case.claims


def _none_shown(case: Case, claims: Sequence[Claim]) -> str | None:
    shown = [name for claim in claims for name in found(case.scene, claim)]
    return f"the scene shows {', '.join(shown)}" if shown else None


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
