"""What the metrics take for a tool call, and how a score over several accepted plans is made. No metric itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

ENDING = "answer"
"""The tool that ends a run: it is scored as the answer, not as a step of a plan."""


class Called(Protocol):
    """A tool call: a step of a run, or of an accepted plan."""

    @property
    def tool(self) -> str:
        """Name of the tool."""

    @property
    def arguments(self) -> dict[str, Any]:
        """Its arguments by name."""


Call = TypeVar("Call", bound=Called)


class F1(NamedTuple):
    """Precision, recall and their harmonic mean, each 0 to 1."""

    precision: float
    recall: float
    f1: float


def f1_of(hits: int, predicted: int, expected: int) -> F1:
    """F1 = 2 P R / (P + R) with P = hits / predicted and R = hits / expected (van Rijsbergen, 1979).

    Nothing predicted where nothing was expected scores 1.
    """
    if predicted == expected == 0:
        return F1(1.0, 1.0, 1.0)
    precision = hits / predicted if predicted else 0.0
    recall = hits / expected if expected else 0.0
    return F1(precision, recall, 2 * hits / (predicted + expected))


def steps_of(calls: Sequence[Call]) -> list[Call]:
    """The calls without those that end a run."""
    return [call for call in calls if call.tool != ENDING]


def best(
    score: Callable[[Sequence[Called], Sequence[Called]], F1],
    predicted: Sequence[Called],
    plans: Sequence[Sequence[Called]],
) -> F1:
    """The score against the accepted plan that it is best against, by F1.

    Args:
        score: Takes the predicted and the expected calls.
        predicted: The calls that were made.
        plans: The calls of each accepted plan; at least one plan.
    """
    return max((score(predicted, plan) for plan in plans), key=lambda one: one.f1)
