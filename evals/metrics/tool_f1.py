"""Whether the right tools were called, each as often as it should be; their arguments are scored in `argument_f1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from evals.metrics.called import F1, Called, best, f1_of, steps_of


def tool_f1(predicted: Sequence[Called], plans: Sequence[Sequence[Called]]) -> F1:
    """Precision, recall and F1 of the multiset of tool names, best over the accepted plans.

    With m(t) how often tool t is called, hits = sum over t of min(m_predicted(t), m_expected(t)): the size of a maximum
    bipartite matching of equal names. Calls of `answer` are left out; order plays no part. (Tool selection F1 as in
    ToolBench and T-Eval, arXiv 2312.14033, on multisets so that a repeated call costs precision.) Its mean over trials
    is the macro average; `tool_counts` gives the micro average and that of each tool.

    Args:
        predicted: The calls that were made.
        plans: The calls of each accepted plan; at least one plan.
    """
    return best(_score, steps_of(predicted), plans)


def tool_counts(predicted: Sequence[Called], plans: Sequence[Sequence[Called]]) -> dict[str, tuple[int, int, int]]:
    """Hits, predicted and expected calls of each tool, against the plan that `tool_f1` is best against.

    Summed over trials, `f1_of` makes the F1 of each tool of them, and of the sum over tools the micro F1.
    """
    made = steps_of(predicted)
    plan = max(plans, key=lambda one: _score(made, one).f1)
    had, due = Counter(call.tool for call in made), Counter(call.tool for call in plan)
    return {tool: (min(had[tool], due[tool]), had[tool], due[tool]) for tool in sorted(had | due)}


def micro(counts: Iterable[dict[str, tuple[int, int, int]]]) -> dict[str, F1]:
    """F1 of each tool over many trials, and under the empty name that of all calls together."""
    sums: dict[str, list[int]] = {}
    for one in counts:
        for tool, three in one.items():
            for name in (tool, ""):
                sums[name] = [a + b for a, b in zip(sums.get(name, [0, 0, 0]), three, strict=True)]
    return {name: f1_of(*three) for name, three in sorted(sums.items())}


def _score(predicted: Sequence[Called], expected: Sequence[Called]) -> F1:
    made, wanted = Counter(call.tool for call in predicted), Counter(call.tool for call in expected)
    return f1_of((made & wanted).total(), len(predicted), len(expected))
