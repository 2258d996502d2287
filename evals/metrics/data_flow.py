"""Which output feeds which argument. Whether the values are right is scored in `arguments`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from evals.metrics.called import F1, Called, f1_of

NODE = re.compile(r"<node-(\d+)>")
"""How a plan names the output of its call of that number (as m&m's does, arXiv 2403.11085)."""

PICTURE = "img-"
"""How the ids of pictures begin."""

Edge = tuple[str, str, str]
"""Tool that gives, tool that takes, name of the argument."""


class Giving(Called, Protocol):
    """A call with the ids that it brought."""

    @property
    def gives(self) -> list[str]:
        """Ids of entities and images."""


def edges_made(steps: Sequence[Giving]) -> Counter[Edge]:
    """The edges of a run: an argument of a call holds an id that an earlier call brought, each giver once."""
    found: Counter[Edge] = Counter()
    for number, step in enumerate(steps):
        for name, value in step.arguments.items():
            held = set(_strings(value))
            givers = [one for one in steps[:number] if held & set(one.gives)]
            found.update((giver.tool, step.tool, name) for giver in givers)
    return found


def edges_due(plan: Sequence[Called]) -> Counter[Edge]:
    """The edges of a plan whose arguments hold `<node-N>` for the output of its call N, counted from 0."""
    found: Counter[Edge] = Counter()
    for step in plan:
        for name, value in step.arguments.items():
            numbers = {int(number) for text in _strings(value) for number in NODE.findall(text)}
            found.update((plan[number].tool, step.tool, name) for number in sorted(numbers) if number < len(plan))
    return found


def data_flow_f1(made: Counter[Edge], due: Counter[Edge]) -> F1:
    """F1 of the multisets of edges (tool graphs' edge F1: TaskBench, arXiv 2311.18760)."""
    return f1_of((made & due).total(), made.total(), due.total())


def passed_on(steps: Sequence[Giving]) -> float | None:
    """Share of the pictures made that a later call took: was the edited one looked at, and not the original?

    Returns:
        0 to 1; none if no picture was made.
    """
    made = [(number, name) for number, step in enumerate(steps) for name in step.gives if name.startswith(PICTURE)]
    if not made:
        return None
    taken = (any(name in _strings(later.arguments) for later in steps[number + 1 :]) for number, name in made)
    return sum(taken) / len(made)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)
