"""False answers made of true ones: a wrong count, a wrong id, a swapped relation, an invented label."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from agent.verify import Answer
from evals.benchmarks.truths import Truth
from evals.diorama.phrases import SAID, UNKNOWN_LABELS, counted, plural, singular
from graphs.query import SceneQuery, ask
from graphs.relations import PREDICATES
from graphs.taxonomy import CATEGORIES

SWAPPED = {"left_of": "right_of", "right_of": "left_of", "above": "below", "below": "above", "near": "inside"}


class Mutant(NamedTuple):
    """A false answer, and what was done to it."""

    kind: str
    answer: Answer


def mutants(true: Truth, rng: np.random.Generator) -> Iterator[Mutant]:
    """Every mutant that an answer allows."""
    if true.answer.value is None:
        yield from _asserted(true, rng)
        return
    yield from _counts(true, rng)
    yield from _ids(true, rng)
    yield from _relations(true)
    yield from _labels(true, rng)


def _changed(kind: str, true: Truth, **changes: object) -> Mutant:
    return Mutant(kind, Answer.model_validate(true.answer.model_dump() | changes))


def _counts(true: Truth, rng: np.random.Generator) -> Iterator[Mutant]:
    """Another number: in the value, in the text as well, in the evidence as well."""
    value, text, evidence = true.answer.value, true.answer.text, true.answer.evidence
    if isinstance(value, bool):
        yield _changed("wrong value", true, value=not value)
    elif isinstance(value, int):
        wrong = int(rng.choice([one for one in range(max(0, value - 2), value + 3) if one != value]))
        said = re.sub(r"\b(no|\d+)\b", str(wrong), text, count=1)
        yield _changed("wrong count", true, value=wrong)
        yield _changed("wrong count", true, value=wrong, text=said)
        if value > 1:
            fewer = re.sub(r"\b\d+\b", str(value - 1), text, count=1)
            yield _changed("wrong count", true, value=value - 1, text=fewer, evidence=evidence[1:])
    elif isinstance(value, float):
        wrong_share = round(value * float(rng.choice([0.5, 1.5, 2.0])) + 1, 2)
        yield _changed("wrong count", true, value=wrong_share)
    elif value in ("img-1", "img-2"):
        other = "img-2" if value == "img-1" else "img-1"
        yield _changed("wrong value", true, value=other)
        yield _changed("wrong value", true, value=other, text=text.replace(str(value), other))
    if not isinstance(value, int) or isinstance(value, bool):
        for match in re.finditer(r"\b\d+\b(?! ?%|\.\d|-)", text):
            if text[: match.start()].endswith(("-", ".")):
                continue
            yield _changed(
                "wrong count", true, text=text[: match.start()] + str(int(match[0]) + 1) + text[match.end() :]
            )


def _ids(true: Truth, rng: np.random.Generator) -> Iterator[Mutant]:
    """An id that is not there, and one of a thing that is no evidence."""
    evidence = list(true.answer.evidence)
    place = int(rng.integers(len(evidence)))
    stem = evidence[place].rpartition("-")[0]
    yield _changed("wrong id", true, evidence=[*evidence[:place], f"{stem}-99", *evidence[place + 1 :]])
    cited = {entity.label for name in evidence if (entity := true.scene.get(name))}
    others = [entity.id for entity in true.scene.entities() if entity.id not in evidence and entity.label not in cited]
    if others and cited:
        other = str(rng.choice(others))
        yield _changed("wrong id", true, evidence=[*evidence[:place], other, *evidence[place + 1 :]])


def _relations(true: Truth) -> Iterator[Mutant]:
    """Another relation in the text or the value, where it does not hold."""
    call = true.case.accepted_plans[0][-1][-1].arguments if true.case.accepted_plans[0] else {}
    value, text = true.answer.value, true.answer.text
    if relation := call.get("relation"):
        swapped = call | {"relation": SWAPPED[relation]}
        before, after = (ask(true.scene, SceneQuery.model_validate(one)) for one in (call, swapped))
        if before.value != after.value:
            yield _changed("swapped relation", true, text=text.replace(SAID[relation], SAID[SWAPPED[relation]]))
    elif call.get("op") == "relation" and isinstance(value, list):
        absent = next(name for name in PREDICATES if name not in value)
        wrong = [absent, *value[1:]]
        yield _changed("swapped relation", true, value=wrong)
        yield _changed("swapped relation", true, text=text.replace(SAID[value[0]], SAID[absent]))
        first, second = singular(call["label"]), singular(call["other"])
        held = [SWAPPED[name] for name in value if name in ("left_of", "right_of", "above", "below")]
        if held:
            turned = text.replace(f" {first} ", " @ ").replace(f" {second}.", f" {first}.").replace("@", second)
            yield _changed("swapped relation", true, text=turned)


def _labels(true: Truth, rng: np.random.Generator) -> Iterator[Mutant]:
    """A label that nobody has seen: known or unknown, in the value or the text."""
    value, text = true.answer.value, true.answer.text
    present = {entity.label for entity in true.scene.entities()}
    absent = str(rng.choice([name for name in CATEGORIES if name not in present]))
    unknown = str(rng.choice(UNKNOWN_LABELS))
    if isinstance(value, list) and set(value) <= set(CATEGORIES) and value:
        yield _changed("invented label", true, value=[*value, absent])
        yield _changed("invented label", true, value=[*value[1:], unknown])
    elif isinstance(value, str) and value in CATEGORIES:
        yield _changed("invented label", true, value=absent)
        yield _changed("invented label", true, value=unknown)
    for label in (absent, unknown):
        if (said := _renamed(text, present, label)) is not None:
            yield _changed("invented label", true, text=said)


def _renamed(text: str, present: Sequence[str] | set[str], label: str) -> str | None:
    """The text with the first thing in it called by another label."""
    for name in sorted(present):
        for word, other in ((plural(name), plural(label)), (singular(name), singular(label))):
            if (said := re.sub(rf"\b{word}\b", other, text)) != text:
                return said
    return None


def _asserted(true: Truth, rng: np.random.Generator) -> Iterator[Mutant]:
    """Something made up where nothing can be told."""
    label = str(rng.choice(CATEGORIES))
    yield _changed("invented answer", true, value=int(rng.integers(1, 5)), evidence=[f"{label}-1"])
    yield _changed("invented answer", true, value=True)
    yield _changed("invented answer", true, value="tomorrow", evidence=["img-1"])
    if not true.scene.find(label):
        yield _changed("invented answer", true, text=f"There are {counted(3, label)}.")
