"""Whether the calls had the right arguments, with comparisons by type; the choice of tools is scored in `tool_f1`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from evals.metrics.called import F1, Called, best, f1_of, steps_of
from evals.metrics.matching import matched
from graphs.taxonomy import ANYTHING, normalise

LABEL_ARGUMENTS = frozenset({"label", "other"})
LABELS_ARGUMENT = "labels"


def argument_f1(predicted: Sequence[Called], plans: Sequence[Sequence[Called]]) -> F1:
    """Precision, recall and F1 of (argument, value) pairs, best over the accepted plans.

    Calls of the same tool are matched one to one such that the most pairs agree (maximum-weight bipartite matching, by
    the Hungarian method: Kuhn, 1955). Hits are the pairs that agree within matched calls; predicted and expected count
    all pairs, those of unmatched calls too. A value agrees if `canonical` gives the same for both.

    Args:
        predicted: The calls that were made; those of `answer` are left out.
        plans: The calls of each accepted plan; at least one plan.
    """
    return best(_score, steps_of(predicted), plans)


def canonical(name: str, value: Any) -> Hashable:
    """A form of an argument's value that is equal for values that mean the same.

    Labels go through `graphs.taxonomy.normalise`, and no label means anything; lists are multisets; booleans are no
    numbers, and numbers compare by value; strings are exact.

    Returns:
        The form; none if the argument counts as absent, as an optional one that is null does.
    """
    if value is None or (name == "other" and value == ""):
        return None
    if name in LABEL_ARGUMENTS and isinstance(value, str):
        return normalise(value) or ANYTHING
    if isinstance(value, list):
        if name == LABELS_ARGUMENT and all(isinstance(one, str) for one in value):
            labels = [normalise(one) or ANYTHING for one in value]
            return "list", _multiset([] if ANYTHING in labels else labels)
        return "list", _multiset(value)
    if isinstance(value, dict):
        return "object", json.dumps(value, sort_keys=True)
    return ("bool", value) if isinstance(value, bool) else value


def _multiset(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(sorted(json.dumps(value, sort_keys=True) for value in values))


def _pairs(call: Called) -> Counter[tuple[str, Hashable]]:
    forms = {name: canonical(name, value) for name, value in call.arguments.items()}
    return Counter((name, form) for name, form in forms.items() if form is not None)


def _score(predicted: Sequence[Called], expected: Sequence[Called]) -> F1:
    made, wanted = [_pairs(call) for call in predicted], [_pairs(call) for call in expected]
    pairs = matched(
        list(zip(predicted, made, strict=True)),
        list(zip(expected, wanted, strict=True)),
        lambda one, due: (one[1] & due[1]).total() if one[0].tool == due[0].tool else 0,
    )
    hits = sum(int(weight) for *_, weight in pairs)
    return f1_of(hits, sum(one.total() for one in made), sum(one.total() for one in wanted))
