"""What a run spent beyond what it needed. Whether it was right is scored elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from evals.metrics.called import Called, steps_of


class Tried(Called, Protocol):
    """A call that may have failed."""

    @property
    def error(self) -> str | None:
        """What the model was told instead of a result."""


def repeated(calls: Sequence[Called]) -> int:
    """How many calls say no more than one before: the same tool with the same arguments."""
    keys = [(call.tool, json.dumps(call.arguments, sort_keys=True)) for call in calls]
    return len(keys) - len(set(keys))


def surplus(calls: Sequence[Called], plans: Sequence[Sequence[Called]]) -> int:
    """Calls over the shortest accepted plan: max(0, |calls| - min |plan|), those of `answer` left out."""
    return max(0, len(steps_of(calls)) - min(len(plan) for plan in plans))


def calls_due(plans: Sequence[Sequence[Called]]) -> int:
    """Calls of the shortest accepted plan, and the `answer` that ends it: what `calls_ratio` measures a run's against.

    The ratio counts every call that was made, answers that were sent back among them. Over trials it is that of the
    sums.
    """
    return min(len(steps_of(plan)) for plan in plans) + 1


def recovered(steps: Sequence[Tried], correct: bool) -> float | None:
    """Whether a run came right after a tool failed: 1 or 0, or none where no tool failed.

    The recovery rate is the mean over the trials in which a tool failed.
    """
    return float(correct) if any(step.error for step in steps_of(steps)) else None
