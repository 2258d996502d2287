"""What changed between two runs of a suite, case by case, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from evals.metrics.interval import Change, Metric, Weighted, paired
from evals.suites.report import Listing, Report
from evals.trial import Result
from tools.errors import UserError

LESS_IS_BETTER = frozenset(
    {
        "attack_success",
        "attack_success_told",
        "attack_success_written",
        "calls_ratio",
        "changed_outside",
        "copies",
        "cpu_seconds_per_1000_trials",
        "forbidden_calls",
        "invented_arguments",
        "invented_tools",
        "over_calls",
        "repeated_calls",
        "surplus_calls",
        "seconds_for_8",
        "seconds_per_query",
        "tokens_per_query",
    }
)
COSTS = frozenset({"cpu_seconds_per_1000_trials", "seconds_for_8", "seconds_per_query", "tokens_per_query"})
"""What depends on the machine and the model as much as on the work: a gate looks at them only when told to."""


class Flip(NamedTuple):
    """A case that is right in one run and wrong in the other."""

    id: str
    query: str
    before: str
    after: str


class Comparison(NamedTuple):
    """What changed.

    Attributes:
        changes: Of metrics that both runs score case by case.
        others: Of figures that no case has alone: before and after.
        flips: Cases that became wrong, then those that became right.
    """

    changes: dict[str, Change]
    others: dict[str, tuple[Metric, Metric]]
    flips: list[Flip]


def compare(before: Report, after: Report) -> Comparison:
    """Compare two runs on the cases that both hold.

    Raises:
        UserError: They are of two suites, or share no case.
    """
    if before.suite != after.suite:
        raise UserError(f"one run is of {before.suite}, the other of {after.suite}: compare runs of one suite")
    old = {one.trial.question.id: one for one in before.results}
    pairs = [(old[one.trial.question.id], one) for one in after.results if one.trial.question.id in old]
    if not pairs and (before.results or after.results):
        raise UserError("the two runs share no case: compare runs of one suite on the same seeds")
    names = [name for name in after.metrics if name in before.metrics]
    changes = {name: change for name in names if (change := _change(pairs, name)) is not None}
    others = {name: (before.metrics[name], after.metrics[name]) for name in names if name not in changes}
    flips = sorted(
        (_flip(*pair) for pair in pairs if pair[0].correct != pair[1].correct), key=lambda one: one.after == "right"
    )
    return Comparison(changes, others, flips)


def fallen(comparison: Comparison, metrics: Collection[str]) -> dict[str, str]:
    """The metrics that got worse by more than their interval, each with what to say about it.

    A metric that is scored case by case falls if the 95% interval of its paired change leaves out zero on the wrong
    side; any other if its value now lies beyond the interval that it had before, or it has none any more.

    Args:
        comparison: Of two runs.
        metrics: Which to look at; all but costs if empty.

    Raises:
        UserError: One of these is not in both runs.
    """
    known = [*comparison.changes, *comparison.others]
    if unknown := [name for name in metrics if name not in known]:
        raise UserError(f"no metric {unknown[0]!r} in both runs; there is: {', '.join(known)}")
    found = {}
    for name, change in comparison.changes.items():
        worse = change.low > 0 if name in LESS_IS_BETTER else change.high < 0
        if worse and _asked(name, metrics):
            found[name] = f"{change.before:.3f} to {change.after:.3f} (change {change.low:+.3f} to {change.high:+.3f})"
    for name, (old, new) in comparison.others.items():
        if old.low is None or old.high is None or not _asked(name, metrics):
            continue
        if new.value is None:
            found[name] = f"{old.value:.3f} to nothing that could be measured"
        elif new.value > old.high if name in LESS_IS_BETTER else new.value < old.low:
            found[name] = f"{old.value:.3f} to {new.value:.3f} (was {old.low:.3f} to {old.high:.3f})"
    return found


def listings_of(comparison: Comparison) -> list[Listing]:
    """The changes and the flips, ready to print."""
    rows = [
        [
            name,
            f"{one.before:.3f}",
            f"{one.after:.3f}",
            f"{one.low:+.3f} to {one.high:+.3f}",
            f"{one.p:.3f}",
            "yes" if one.significant else "no",
            str(one.n),
        ]
        for name, one in comparison.changes.items()
    ]
    rows += [
        [name, *("-" if one.value is None else f"{one.value:.3f}" for one in both), "", "", "", str(both[1].n)]
        for name, both in comparison.others.items()
    ]
    columns = ["metric", "before", "after", "95% of the change", "p", "significant", "n"]
    changes = Listing(title="changes", columns=columns, rows=rows)
    flips = Listing(
        title="cases that changed",
        columns=["id", "query", "before", "after"],
        rows=[list(one) for one in comparison.flips],
    )
    return [changes, flips] if comparison.flips else [changes]


def _asked(name: str, metrics: Collection[str]) -> bool:
    return name in metrics if metrics else name not in COSTS


def _change(pairs: list[tuple[Result, Result]], name: str) -> Change | None:
    sides: tuple[list[Weighted], list[Weighted]] = ([], [])
    for pair in pairs:
        weighted = [_weighted(one, name) for one in pair]
        if None not in weighted:
            for side, value in zip(sides, weighted, strict=True):
                side.append(value)  # type: ignore[arg-type]
    return paired(*sides)


def _weighted(result: Result, name: str) -> Weighted | None:
    return next(((one.value, one.weight) for one in result.scores if one.name == name), None)


def _flip(before: Result, after: Result) -> Flip:
    question = after.trial.question
    return Flip(question.id, question.query, before.why or "right", after.why or "right")
