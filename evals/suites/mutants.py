"""Wrong versions of a right trial: what a grader must score below it. How graders fare is `selftest`'s to say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from evals.metrics.called import ENDING
from evals.trial import Reply, Step, Trial

STRANGE = "levitate"
"""A tool that nobody offers."""
WRONG = "no such thing"


class Mutant(NamedTuple):
    """A wrong trial, and what was done to it."""

    kind: str
    trial: Trial


def mutants(gold: Trial, *, ordered: bool, twice: bool = False) -> Iterator[Mutant]:
    """All single mistakes: in the calls, in their order, in their arguments, and in the answer.

    Args:
        gold: A trial that is right.
        ordered: Whether its order counts; else none is reordered.
        twice: Whether to make all pairs of mistakes too.
    """
    for one in _single(gold, ordered):
        yield one
        if twice:
            yield from (Mutant("two mistakes", other.trial) for other in _single(one.trial, ordered))


def _single(gold: Trial, ordered: bool) -> Iterator[Mutant]:
    places = [place for place, step in enumerate(gold.steps) if step.tool != ENDING]
    for place in places:
        step = gold.steps[place]
        yield Mutant("dropped", _steps(gold, place, []))
        yield Mutant("repeated", _steps(gold, place, [step, step]))
        yield Mutant("added", _steps(gold, place, [step, step.model_copy(update={"tool": STRANGE})]))
        yield Mutant("renamed", _steps(gold, place, [step.model_copy(update={"tool": STRANGE})]))
        for name, value in step.arguments.items():
            kind = "wrong id" if name == "image_id" else "wrong argument"
            yield Mutant(kind, _steps(gold, place, [_with(step, name, _wrong(value))]))
            fewer = {key: one for key, one in step.arguments.items() if key != name}
            yield Mutant("argument left out", _steps(gold, place, [step.model_copy(update={"arguments": fewer})]))
        yield Mutant("argument invented", _steps(gold, place, [_with(step, "spell", WRONG)]))
    if ordered:
        for one, other in zip(places, places[1:], strict=False):
            if gold.steps[one].tool != gold.steps[other].tool:
                yield Mutant("reordered", _swapped(gold, one, other))
    if gold.reply is not None:
        reply = Reply(text=WRONG, value=_wrong(gold.reply.value), evidence=gold.reply.evidence)
        yield Mutant("wrong answer", gold.model_copy(update={"reply": reply}))


def _steps(gold: Trial, place: int, instead: list[Step]) -> Trial:
    return gold.model_copy(update={"steps": [*gold.steps[:place], *instead, *gold.steps[place + 1 :]]})


def _with(step: Step, name: str, value: Any) -> Step:
    return step.model_copy(update={"arguments": {**step.arguments, name: value}})


def _swapped(gold: Trial, one: int, other: int) -> Trial:
    """Two calls in each other's place; what stands for a step of the plan keeps the step's number."""
    steps = list(gold.steps)
    first, second = steps[one], steps[other]
    steps[one] = second.model_copy(update={"turn": first.turn})
    steps[other] = first.model_copy(update={"turn": second.turn})
    return gold.model_copy(update={"steps": steps})


def _wrong(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1_000
        case [*_]:
            return [*value, WRONG]
        case {}:
            return {**value, WRONG: WRONG}
        case None:
            return WRONG
    return WRONG
