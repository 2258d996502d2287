"""How much of a true scene a graph holds: recall of triples. No scene is made here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

Triple = tuple[Hashable, Hashable, Hashable]


def recall_at(ranked: Sequence[Triple], true: Iterable[Triple], k: int) -> float | None:
    """Share of the true triples among the first K (recall@K of scene graphs: Lu et al., arXiv 1608.00187).

    Triples are multisets: two dogs left of a car are two.

    Args:
        ranked: Subject, predicate, object; best first.
        true: Those of the scene.
        k: How many of the ranked count.

    Returns:
        0 to 1; none where nothing is true.
    """
    due, had = Counter(true), Counter(ranked[:k])
    return (due & had).total() / due.total() if due else None


def mean_recall_at(ranked: Sequence[Triple], true: Sequence[Triple], k: int) -> float | None:
    """Recall@K, the mean over predicates, so that rare ones count as much (Tang et al., arXiv 1812.01880)."""
    parts = [
        recall_at([one for one in ranked[:k] if one[1] == name], [one for one in true if one[1] == name], k)
        for name in sorted({str(one[1]) for one in true})
    ]
    found = [part for part in parts if part is not None]
    return sum(found) / len(found) if found else None
