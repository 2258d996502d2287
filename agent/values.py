"""Whether a typed value is what the scene holds for what was asked, and the things cited show it."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.case import Case, found, said, unsearched
from agent.claims import Claim, Unit
from graphs.query import by_size
from graphs.relations import PREDICATES
from graphs.scene import SceneEntity
from graphs.taxonomy import ANYTHING, covers, normalise
from tools.colour import COLOURS
from tools.read_text import LABEL as TEXT

SHARE_SLACK = 0.051
"""Percent points: shares are told with one decimal."""

NOTHING = ("none", "nothing")

SIGNS: dict[str, Callable[[int, int], bool]] = {
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
    if case.question.counts and isinstance(case.value, str | list) and (reason := _uncounted(case)):
        return reason
    if strange := _unknown(case):
        return f"nobody knows {strange!r}: look for it, ask a tool that can tell, or answer with value null"
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


def _uncounted(case: Case) -> str | None:
    """Why a count is no word; where a tool was asked the same, or a text was read, its words may be."""
    given = set(case.value if isinstance(case.value, list) else [case.value])
    told = any(entity.label == TEXT or case.answers(entity) is not None for entity in case.entities)
    if told or "how many" not in case.asked.lower() or given <= {*case.scene.images(), "same", *NOTHING}:
        return None
    return "the question wants a number: how many there are"


def _unknown(case: Case) -> str | None:
    """What the question counts, or asks for, that no tool has looked for or told of."""
    asked = case.question
    told = any(entity.label == TEXT or case.answers(entity) is not None for entity in case.entities)
    if asked.labels or told or not (isinstance(case.value, bool) or "how many" in case.asked.lower()):
        return None
    return next((word for word in asked.strangers if word not in case.told), None)


def _number(case: Case, value: int) -> str | None:
    """A count: the things cited are all those that match, in all images or in one."""
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
    options = _meant(case, claims)
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
    things = [one for one in case.scene.entities() if one.id in _meant(case, case.claims)[0]]
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


def _meant(case: Case, claims: Sequence[Claim]) -> list[set[str]]:
    """All things that claims are about, in each scope."""
    scopes = [None] if case.together else case.scopes
    return [{name for claim in claims for name in found(case.scene, claim, scope)} for scope in scopes]


def _boolean(case: Case, value: bool) -> str | None:
    if case.text.opening is not None and case.text.opening is not value:
        return f"value is {str(value).lower()} but the text begins with the opposite"
    asked = case.question
    # "Could you mask out the cats?" is a deed, which is done once they have masks.
    if asked.claims and asked.beyond and not asked.outlined and not _described(case, case.claims):
        return f"no tool has told whether it is so ({asked.beyond!r}): ask one that can, or answer with value null"
    if asked.compared and len(asked.labels) > 1:
        return _comparison(case, value, [_counted(case, label) for label in asked.labels[:2]])
    if asked.compared and len(asked.labels) == 1 and len(case.mentioned) == 2:
        return _between(case, value, case.mentioned)
    claims = case.claims
    if not claims or _described(case, claims):
        if any(case.answers(entity) == ("no" if value else "yes") for entity in case.entities):
            return f"value is {str(value).lower()} but what is cited says the opposite"
        return None if case.entities or not value else "cite the entities that show it, not only the image"
    if asked.extreme and asked.claims and claims[0].colour:
        return _extreme_whether(case, value, claims[0])
    if asked.claims and case.together:
        return _everywhere(case, value, claims)
    return _whether(case, value, claims)


def _extreme_whether(case: Case, value: bool, claim: Claim) -> str | None:
    """Whether the largest of a label, or the like, has a colour."""
    best = _best(case, [replace(claim, colour=None, number=None)])
    if best is None:
        return unsearched(case, [claim], case.due)
    true = (best.attributes.get("colour") == claim.colour) is not claim.denied
    if value is not true:
        return f"{best.id} is {best.attributes.get('colour')}"
    return None if case.entities == [best] else f"cite {best.id}, and no others"


def _everywhere(case: Case, value: bool, claims: Sequence[Claim]) -> str | None:
    """Whether claims hold in each of the images."""
    images = case.scene.images()
    lacking = [image for image in images if not all(_shown(case, claim, image) for claim in claims)]
    if value is bool(lacking):
        return f"it is not so in {', '.join(lacking)}" if lacking else "it is so in each image"
    names = set().union(*map(case.matching, claims))
    if value and {one.image_id for one in case.entities if one.id in names} != {*images}:
        return "cite the entities that show it in each image"
    return None if value else unsearched(case, claims, lacking)


def _shown(case: Case, claim: Claim, image: str) -> bool:
    """Whether a claim holds in an image."""
    number = len(found(case.scene, replace(claim, denied=False), image))
    if claim.denied or claim.number is None:
        return bool(number) is not claim.denied
    return SIGNS[claim.bound or "="](number, claim.number)


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
    true = SIGNS[case.question.compared or "="](first, second)
    return None if value is true else f"there are: {images[0]} {first}, {images[1]} {second}"


def _described(case: Case, claims: Sequence[Claim]) -> bool:
    """Whether a tool answered the question in words, about what is cited, and none looked for what it is about."""
    answered = any(case.answers(entity) is not None for entity in case.entities)
    return answered and unsearched(case, claims, sorted({entity.image_id for entity in case.entities})) is not None


def _comparison(case: Case, value: bool, claims: Sequence[Claim]) -> str | None:
    first, second = map(case.matching, claims)
    names = [said(claim) for claim in claims]
    true = SIGNS[case.question.compared or "="](len(first), len(second))
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
    if reason := _beside(case):
        return reason
    things = _singled(case)
    if value in COLOURS:
        missing = [one.id for one in things if value not in (one.attributes.get("colour"), case.answers(one))]
        if missing or not things:
            return f"{missing[0]} is not {value}" if missing else f"cite what is {value}"
        if case.text.colours and value not in case.text.colours:
            return f"value is {value} but the text says {case.text.colours[0]}"
        return _extreme(case)
    if any(covers(normalise(value), one.label) for one in things):
        return _most(case, normalise(value)) if case.question.compared else _extreme(case)
    words = set(re.findall(r"[^\W_]+", value.lower()))
    return None if words and words <= case.told else f"no tool has told of {value!r}"


def _wanted(case: Case) -> list[Claim]:
    """Claims by which the question singles out what it is about: a relation, or a colour where it offers no choice."""
    claims = [replace(claim, number=None) for claim in case.question.claims if not claim.denied]
    return [one for one in claims if one.relation or (one.colour and not case.question.either)]


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


def _empty(case: Case) -> str | None:
    shown = [name for claim in case.claims for name in found(case.scene, claim)]
    return f"the scene shows {', '.join(shown)}" if shown else None


def _extreme(case: Case) -> str | None:
    """Who is called the largest is it, of all that the question asks about."""
    asked = case.question
    if not (asked.extreme or case.text.extreme):
        return None
    labels = asked.labels if asked.either else asked.labels[:1]
    best = _best(case, _wanted(case) or [Claim(label) for label in labels or [ANYTHING]])
    if best is None:
        return "there are not so many"
    return None if case.entities == [best] else f"of {', '.join(labels)} it is {best.id}"


def _best(case: Case, claims: Sequence[Claim]) -> SceneEntity | None:
    """The largest of what claims are about, or whichever else the question singles out."""
    pool = set().union(*map(case.matching, claims))
    ranked = [one for one in case.scene.entities() if one.id in pool]
    axis, way, place = case.question.extreme or case.text.extreme or ("size", 1, 0)
    if axis == "size":
        ranked = by_size(ranked)
    else:
        ranked.sort(key=lambda one: -(one.box.x1 + one.box.x2 if axis == "x" else one.box.y1 + one.box.y2))
    return ranked[::way][place] if place < len(ranked) else None


def _most(case: Case, value: str) -> str | None:
    """Of which of several labels, or of which kind of one, there are the most, or the fewest."""
    labels = case.question.labels
    kinds = labels if len(labels) > 1 else {one.label for label in labels for one in case.scene.find(label)}
    counts = {kind: len(case.matching(Claim(kind))) for kind in kinds}
    best = (min if case.question.compared == "<" else max)(counts.values(), default=0)
    winners = [kind for kind, count in counts.items() if count == best]
    return None if winners == [value] else f"there are: {', '.join(f'{kind} {n}' for kind, n in counts.items())}"


def _image(case: Case, value: str) -> str | None:
    """The image that shows the most, or the fewest, of what is asked about."""
    claims = case.claims
    if not claims:
        return None
    counts = {image: len({n for c in claims for n in found(case.scene, c, image)}) for image in case.scene.images()}
    if reason := unsearched(case, claims, list(counts)):
        return reason
    if case.question.extreme:
        best = _best(case, claims)
        return None if best and best.image_id == value else f"it is in {best.image_id if best else 'none'}"
    if any(claim.denied or claim.number is not None for claim in claims):
        true = [image for image in counts if any(_shown(case, claim, image) for claim in claims)]
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
        true = {image for image in case.scene.images() if any(_shown(case, claim, image) for claim in case.claims)}
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
