"""How well arguments were filled in, names and values apart; pairs of both together are scored in `argument_f1`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evals.metrics.argument_f1 import canonical
from evals.metrics.called import F1, Called, best, f1_of, steps_of
from evals.metrics.comparators import Type, same
from evals.metrics.matching import matched

NAMES_COUNT = 1e-3
"""What an equal name counts beside equal values in the matching: it decides between pairs that agree in no value."""


def argument_name_f1(predicted: Sequence[Called], plans: Sequence[Sequence[Called]]) -> F1:
    """F1 of the names of arguments within matched calls of one tool (T-Eval, arXiv 2312.14033, "plan"), best plan.

    An argument that is null, and so left out, has no name. Args are those of `argument_f1`.
    """
    return best(_names, steps_of(predicted), plans)


def argument_value_accuracy(
    predicted: Sequence[Called], plans: Sequence[Sequence[Called]], types: Mapping[str, Type] | None = None
) -> tuple[int, int]:
    """Of the arguments whose names are right, how many have the right value; over the plan that gives the most.

    Accuracy = agreeing / shared, over all trials (ArgAcc of GTA, arXiv 2407.08713, on typed comparators).

    Args:
        predicted: The calls that were made.
        plans: The calls of each accepted plan; at least one plan.
        types: How to compare an argument, by its name; by default as `argument_f1` does.

    Returns:
        How many agree, and how many are shared.
    """
    made = steps_of(predicted)
    return max((_values(made, plan, types or {}) for plan in plans), key=lambda one: (one[0], -one[1]))


def _given(call: Called) -> dict[str, object]:
    return {name: value for name, value in call.arguments.items() if canonical(name, value) is not None}


def _equal(name: str, one: object, other: object, types: Mapping[str, Type]) -> bool:
    if (kind := types.get(name)) is not None:
        return same(kind, one, other)
    return canonical(name, one) == canonical(name, other)


def _agreement(one: Called, other: Called, types: Mapping[str, Type]) -> tuple[int, int]:
    """How many values agree, and how many names are shared."""
    made, due = _given(one), _given(other)
    shared = made.keys() & due.keys()
    return sum(_equal(name, made[name], due[name], types) for name in shared), len(shared)


def _weight(one: Called, other: Called, types: Mapping[str, Type]) -> float:
    if one.tool != other.tool:
        return 0.0
    values, names = _agreement(one, other, types)
    return values + NAMES_COUNT * (1 + names)


def _names(predicted: Sequence[Called], expected: Sequence[Called]) -> F1:
    pairs = matched(predicted, expected, lambda one, other: _weight(one, other, {}))
    hits = sum(_agreement(predicted[row], expected[column], {})[1] for row, column, _ in pairs)
    return f1_of(hits, sum(len(_given(call)) for call in predicted), sum(len(_given(call)) for call in expected))


def _values(predicted: Sequence[Called], expected: Sequence[Called], types: Mapping[str, Type]) -> tuple[int, int]:
    pairs = matched(predicted, expected, lambda one, other: _weight(one, other, types))
    found = [_agreement(predicted[row], expected[column], types) for row, column, _ in pairs]
    return sum(one[0] for one in found), sum(one[1] for one in found)
