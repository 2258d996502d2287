"""Whether the right tools were called, each as often as it should be; their arguments are scored in `argument_f1`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evals.metrics.called import F1, Called, best, f1_of, steps_of


def tool_f1(predicted: Sequence[Called], plans: Sequence[Sequence[Called]]) -> F1:
    """Precision, recall and F1 of the multiset of tool names, best over the accepted plans.

    With m(t) how often tool t is called, hits = sum over t of min(m_predicted(t), m_expected(t)): the size of a maximum
    bipartite matching of equal names. Calls of `answer` are left out; order plays no part. (Tool selection F1 as in
    ToolBench and T-Eval, arXiv 2312.14033, on multisets so that a repeated call costs precision.)

    Args:
        predicted: The calls that were made.
        plans: The calls of each accepted plan; at least one plan.
    """
    return best(_score, steps_of(predicted), plans)


def _score(predicted: Sequence[Called], expected: Sequence[Called]) -> F1:
    made, wanted = Counter(call.tool for call in predicted), Counter(call.tool for call in expected)
    return f1_of((made & wanted).total(), len(predicted), len(expected))
