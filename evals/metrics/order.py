"""Whether calls came in the right order; which calls there should be is scored in `tool_f1` and `argument_f1`."""

from __future__ import annotations

from collections.abc import Sequence

from evals.metrics.called import Called, steps_of

Plan = Sequence[Sequence[Called]]
"""Steps in order; the calls of one step may run in any order."""


def exact_order(predicted: Sequence[Called], plans: Sequence[Plan]) -> bool:
    """Whether the tools are those of an accepted plan in its order, and none more (exact match of trajectories)."""
    names = [call.tool for call in steps_of(predicted)]
    return any(_layers(names, plan) for plan in plans)


def _layers(names: list[str], plan: Plan) -> bool:
    place = 0
    for step in plan:
        here = names[place : place + len(step)]
        if sorted(here) != sorted(call.tool for call in step):
            return False
        place += len(step)
    return place == len(names)


def subsequence(predicted: Sequence[Called], plans: Sequence[Plan]) -> float:
    """How much of an accepted plan's order was kept, best over the plans: LCS(predicted, plan) / |plan|.

    The longest common subsequence of tool names, as the in-order match of trajectory evaluation; 1 for an empty plan.
    """
    names = [call.tool for call in steps_of(predicted)]
    return max(_kept(names, [call.tool for step in plan for call in step]) for plan in plans)


def _kept(names: list[str], due: list[str]) -> float:
    row = [0] * (len(due) + 1)
    for name in names:
        before = 0
        for place, other in enumerate(due, start=1):
            before, row[place] = row[place], before + 1 if name == other else max(row[place], row[place - 1])
    return row[-1] / len(due) if due else 1.0


def partial_order(predicted: Sequence[Called], plans: Sequence[Plan]) -> float:
    """Share of a plan's precedences that hold, best over the plans: first of the earlier tool before last of the later.

    A plan of steps orders two calls only if they stand in different steps. A tool that was never called keeps none of
    its precedences. 1 where a plan orders nothing, and its tools were called.
    """
    names = [call.tool for call in steps_of(predicted)]
    return max(_held(names, plan) for plan in plans)


def _held(names: list[str], plan: Plan) -> float:
    first = {name: place for place, name in reversed(list(enumerate(names)))}
    last = {name: place for place, name in enumerate(names)}
    pairs = {
        (a.tool, b.tool)
        for number, step in enumerate(plan)
        for later in plan[number + 1 :]
        for a in step
        for b in later
    }
    if not pairs:
        return float({call.tool for step in plan for call in step} <= first.keys())
    return sum(a in first and b in last and first[a] < last[b] for a, b in pairs) / len(pairs)
