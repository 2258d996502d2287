"""Rules that a person writes as text, and what follows from them in a scene; no fact is made that names no reason."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from graphs.taxonomy import covers, normalise
from graphs.types import Entity, Event, Frozen, Relation

_NAME = r"[a-z_]\w*"
_TERM = rf"{_NAME}(?:#\d+)?"
_TRIPLE = re.compile(rf"(?P<subject>{_TERM})\s+(?P<predicate>{_NAME})\s+(?P<object>{_TERM})")
_COUNT = re.compile(rf"count\(\s*(?P<label>{_NAME})\s*\)\s*(?P<sign>>=|<=|>|<|=)\s*(?P<number>\d+)")
_FACT = re.compile(_NAME)

SIGNS: dict[str, Callable[[int, int], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq,
}  # fmt: skip
"""How two numbers compare, by the sign that says it."""

IMPOSSIBLE = "impossible"
"""As a conclusion: what the conditions describe cannot be. The check of consistency then names the things."""


class Triple(Frozen):
    """`person on bicycle`: each term is a label, with `#1`, `#2` where two things of one label are meant."""

    subject: str
    predicate: str
    object: str


class Count(Frozen):
    """`count(person) > 3`: how many things of a label an image has."""

    label: str
    sign: str
    number: int


class Rule(Frozen):
    """What follows from what.

    Attributes:
        text: As it was written.
        triples: Relations that must hold, all between the same things where they use the same terms.
        counts: Numbers that must hold in the same image.
        then: A relation between two of the terms; or the label of a fact about all the things that are meant.
    """

    text: str
    triples: tuple[Triple, ...]
    counts: tuple[Count, ...]
    then: Triple | str

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Read `CONDITION and CONDITION … => CONCLUSION`.

        A condition is `LABEL PREDICATE LABEL` or `count(LABEL) > NUMBER` (or `>=`, `<`, `<=`, `=`); a conclusion is
        `LABEL PREDICATE LABEL`, one word for a fact about all of them, or `impossible`. Words of a label or of a
        predicate are joined by `_`.

        Raises:
            ValueError: In one line, what cannot be read and what is wanted.
        """
        parts = text.split("=>")
        if len(parts) != 2:
            raise ValueError(f"rule {text!r}: write one `=>` between conditions and conclusion")
        conditions = [_condition(part.strip(), text) for part in re.split(r"\sand\s", parts[0])]
        triples = tuple(one for one in conditions if isinstance(one, Triple))
        then = _conclusion(parts[1].strip(), triples, text)
        return cls(
            text=" ".join(text.split()),
            triples=triples,
            counts=tuple(c for c in conditions if isinstance(c, Count)),
            then=then,
        )


def read(text: str) -> list[Rule]:
    """Rules from text, one a line; empty lines and what follows a `# ` are left out.

    Raises:
        ValueError: With the number of the line that cannot be read.
    """
    rules: list[Rule] = []
    for number, line in enumerate(text.splitlines(), start=1):
        written = re.split(r"(?:^|\s)#\s", line, maxsplit=1)[0].strip()
        if written:
            try:
                rules.append(Rule.parse(written))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
    return rules


def _condition(text: str, rule: str) -> Triple | Count:
    if count := _COUNT.fullmatch(text):
        return Count(label=_label(count["label"]), sign=count["sign"], number=int(count["number"]))
    if triple := _TRIPLE.fullmatch(text):
        if triple["subject"] == triple["object"]:
            name = triple["subject"]
            raise ValueError(f"rule {rule!r}: say which {name} is which: {name}#1 {triple['predicate']} {name}#2")
        return Triple(**triple.groupdict())
    raise ValueError(f"rule {rule!r}: {text!r} is no condition; write `person on bicycle` or `count(person) > 3`")


def _conclusion(text: str, triples: Sequence[Triple], rule: str) -> Triple | str:
    if _FACT.fullmatch(text):
        return text
    triple = _TRIPLE.fullmatch(text)
    if triple is None:
        raise ValueError(f"rule {rule!r}: {text!r} is no conclusion; write `person riding bicycle`, or one word")
    named = {term for one in triples for term in (one.subject, one.object)}
    if unknown := sorted({triple["subject"], triple["object"]} - named):
        raise ValueError(f"rule {rule!r}: {unknown[0]!r} is in the conclusion but in no condition with a relation")
    return Triple(**triple.groupdict())


def _label(term: str) -> str:
    return normalise(term.partition("#")[0].replace("_", " "))


class Derived(NamedTuple):
    """What followed: relations and events with source `rule`, the rule's text as model, and their reasons."""

    relations: list[Relation]
    events: list[Event]


class _Match(NamedTuple):
    """One way in which a rule's relations hold."""

    terms: dict[str, str]
    premises: tuple[Relation, ...]


class Searched(Protocol):
    """Where tools have looked, so that there being none of a label is a reason."""

    def images(self) -> list[str]:
        """Ids of all images."""

    def searched(self, label: str, image_id: str | None = None) -> bool:
        """Whether a tool has looked for a label all over an image."""


def derive(
    rules: Sequence[Rule], entities: Sequence[Entity], relations: Sequence[Relation], looked: Searched | None = None
) -> Derived:
    """What the rules give, and what they give from what they gave, until nothing new follows.

    The score of a conclusion is that of its weakest reason.

    Args:
        rules: In any order; it makes no difference.
        entities: Of the scene.
        relations: That hold in it.
        looked: Of the scene; without it, an image in which there is something counts as searched.
    """
    scene = _Facts(entities, relations, looked)
    found: dict[tuple[str, str, str], Relation] = {}
    fresh = True
    while fresh:
        new = [one for rule in rules for one in _relations(rule, scene)]
        added = [one for one in new if (one.subject, one.predicate, one.object) not in scene.held]
        fresh = bool(added)
        for relation in sorted(added, key=lambda one: (-one.score, one.model, str(one), one.because)):
            if scene.hold(relation):
                found[relation.subject, relation.predicate, relation.object] = relation
    events = [event for rule in sorted(rules, key=lambda one: one.text) for event in _events(rule, scene)]
    return Derived([found[key] for key in sorted(found)], events)


class _Facts:
    """The scene as rules look at it: things by image, relations by predicate."""

    def __init__(
        self, entities: Sequence[Entity], relations: Sequence[Relation], looked: Searched | None = None
    ) -> None:
        self.things = {entity.id: entity for entity in entities}
        self.looked = looked
        self.images: dict[str, list[Entity]] = {name: [] for name in (looked.images() if looked else ())}
        for entity in entities:
            self.images.setdefault(entity.image_id, []).append(entity)
        self.held: set[tuple[str, str, str]] = set()
        self.by_predicate: dict[str, list[Relation]] = {}
        for relation in relations:
            self.hold(relation)

    def hold(self, relation: Relation) -> bool:
        """Take a relation in; says whether it is new."""
        key = (relation.subject, relation.predicate, relation.object)
        if key in self.held:
            return False
        self.held.add(key)
        self.by_predicate.setdefault(relation.predicate, []).append(relation)
        return True

    def matches(self, triples: Sequence[Triple]) -> Iterator[_Match]:
        """All ways in which the relations hold at once, different terms being different things."""
        found = [_Match({}, ())]
        for triple in triples:
            held = [one for one in self.by_predicate.get(triple.predicate, ()) if self._fits(triple, one)]
            found = [joined for match in found for one in held if (joined := _joined(match, triple, one))]
        return iter(found)

    def _fits(self, triple: Triple, relation: Relation) -> bool:
        ends = ((triple.subject, relation.subject), (triple.object, relation.object))
        return all(name in self.things and covers(_label(term), self.things[name].label) for term, name in ends)

    def counted(self, counts: Sequence[Count], image_id: str) -> list[Entity] | None:
        """The things of an image that the counts are about, if all of them hold there."""
        about: list[Entity] = []
        for count in counts:
            things = [one for one in self.images[image_id] if covers(count.label, one.label)]
            if not things and self.looked and not self.looked.searched(count.label, image_id):
                return None
            if not SIGNS[count.sign](len(things), count.number):
                return None
            about += things
        return about


def _joined(match: _Match, triple: Triple, relation: Relation) -> _Match | None:
    terms = dict(match.terms)
    for term, name in ((triple.subject, relation.subject), (triple.object, relation.object)):
        if terms.setdefault(term, name) != name:
            return None
    if len(set(terms.values())) < len(terms):
        return None
    return _Match(terms, (*match.premises, relation))


def _relations(rule: Rule, scene: _Facts) -> Iterator[Relation]:
    """What a rule gives whose conclusion is a relation, or that something is impossible."""
    then = rule.then
    if then == IMPOSSIBLE and rule.triples:
        first = rule.triples[0]
        then = Triple(subject=first.subject, predicate=IMPOSSIBLE, object=first.object)
    if isinstance(then, str):
        return
    for match in scene.matches(rule.triples):
        subject, other = match.terms[then.subject], match.terms[then.object]
        about = scene.counted(rule.counts, scene.things[subject].image_id)
        if about is not None:
            reasons = [str(one) for one in match.premises] + [one.id for one in about]
            score = min([one.score for one in match.premises] + [one.score for one in about])
            yield Relation(
                subject=subject, predicate=then.predicate, object=other, score=score, source="rule", model=rule.text,
                because=tuple(dict.fromkeys(reasons)),
            )  # fmt: skip


def _events(rule: Rule, scene: _Facts) -> Iterator[Event]:
    """What a rule gives whose conclusion is one word: a fact about an image, all that it rests on taking part."""
    if not isinstance(rule.then, str) or (rule.then == IMPOSSIBLE and rule.triples):
        return
    matches = list(scene.matches(rule.triples)) if rule.triples else []
    for image_id in sorted(scene.images):
        about = scene.counted(rule.counts, image_id)
        here = [m for m in matches if all(scene.things[name].image_id == image_id for name in m.terms.values())]
        if about is None or (rule.triples and not here):
            continue
        names = [name for match in here for name in match.terms.values()] + [one.id for one in about]
        scores = [one.score for match in here for one in match.premises] + [one.score for one in about]
        yield Event(
            id=f"{rule.text}/{image_id}", label=rule.then, participants=tuple(dict.fromkeys(names)),
            image_ids=(image_id,), score=min(scores, default=1.0), source="rule", model=rule.text,
        )  # fmt: skip
