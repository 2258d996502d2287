"""Whether a run held back when it should, and only then. Malformed output is scored in `valid_calls`, never here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from evals.metrics.called import Called, steps_of
from evals.metrics.interval import Metric, ratio

Did = Literal["answered", "abstained", "failed"]
"""A run that raised, or whose answer was rejected until it gave up, has failed: that is no credit for abstention."""


class Held(NamedTuple):
    """One trial: whether the tools could help, what it did, and how many calls it made."""

    asked: str
    did: Did
    calls: int


def did(value: object, gave_up: str | None, error: str | None) -> Did:
    """What a run did with its question."""
    if error is not None or gave_up is not None:
        return "failed"
    return "abstained" if value is None else "answered"


def confusion(trials: Iterable[Held]) -> dict[str, dict[str, int]]:
    """How often each was done, by what was asked (`evals.trial.Asked`)."""
    table: dict[str, dict[str, int]] = {}
    for one in trials:
        row = table.setdefault(one.asked, {"answered": 0, "abstained": 0, "failed": 0})
        row[one.did] += 1
    return table


def rates(trials: Sequence[Held]) -> dict[str, Metric]:
    """Precision and recall of abstention, and over-calls (BFCL's irrelevance, without its credit for garbage).

    precision = rightly abstained / abstained, recall = rightly abstained / those that should, over_calls = calls made
    where none could help / such questions.
    """
    should = [one.asked != "relevant" for one in trials]
    held = [one.did == "abstained" for one in trials]
    right = [float(a and b) for a, b in zip(should, held, strict=True)]
    idle = [one for one in trials if one.asked == "irrelevant"]
    return {
        "abstention_precision": ratio(right, [float(one) for one in held]),
        "abstention_recall": ratio(right, [float(one) for one in should]),
        "over_calls": ratio([float(one.calls) for one in idle]),
    }


def calls_of(steps: Sequence[Called]) -> int:
    """Calls that are no answer."""
    return len(steps_of(steps))
