"""Whether a typed value is what the scene holds for what was asked, and the things cited show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    labels = case.question.labels
    if case.question.compared and len(labels) > 1:
        return _comparison(case, value, labels[:2])
    claims = case.claims
    if not claims or _described(case, claims):
        if any(case.answers(entity) == ("no" if value else "yes") for entity in case.entities):
            return f"value is {str(value).lower()} but what is cited says the opposite"
        return None if case.entities or not value else "cite the entities that show it, not only the image"
    shown = {name for claim in claims for name in found(case.scene, claim)}
    if bool(shown) is not value:
        return f"{said(claims[0])}: the scene shows {'that it is so' if shown else 'no such thing'}"
    others = {name for claim in claims if claim.other for name in found(case.scene, Claim(claim.other))}
    cited = {entity.id for entity in case.entities}
    if value:
        if not cited:
            return "cite the entities that show it, not only the image"
        return None if cited & shown and cited <= shown | others else "cite the entities that show it, and no others"
    return unsearched(case, claims, case.images or sorted({entity.image_id for entity in case.entities}))


def _described(case: Case, claims: Sequence[Claim]) -> bool:
    """Whether a tool answered the question in words, about what is cited, and none looked for what it is about."""
    answered = any(case.answers(entity) is not None for entity in case.entities)
    return answered and unsearched(case, claims, sorted({entity.image_id for entity in case.entities})) is not None


def _comparison(case: Case, value: bool, labels: Sequence[str]) -> str | None:
    first, second = (set(found(case.scene, Claim(label))) for label in labels)
    difference = len(first) - len(second)
    true = {">": difference > 0, "<": difference < 0, "=": difference == 0}[case.question.compared or "="]
    if value is not true:
        return f"there are {len(first)} of {labels[0]} and {len(second)} of {labels[1]}"
    if {entity.id for entity in case.entities} != first | second:
        return f"cite every {labels[0]} and every {labels[1]}"
    return unsearched(case, [Claim(label) for label in labels], case.images or case.scene.images()[:1])


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
