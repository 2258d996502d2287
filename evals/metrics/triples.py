"""How much of a true scene a graph holds: recall of triples. No scene is made here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from statistics import fmean

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


def mean_recall_at(scenes: Iterable[tuple[Sequence[Triple], Sequence[Triple]]], k: int) -> float | None:
    """Recall@K of each predicate over all scenes that hold it, then the mean over predicates.

    So rare ones count as much (mR@K: Tang et al., arXiv 1812.01880).

    Args:
        scenes: Of each the ranked triples and the true ones, as for `recall_at`.
        k: How many of the ranked count.

    Returns:
        0 to 1; none where nothing is true.
    """
    recalls: dict[Hashable, list[float]] = defaultdict(list)
    for ranked, true in scenes:
        for name in {one[1] for one in true}:
            part = recall_at([one for one in ranked[:k] if one[1] == name], [one for one in true if one[1] == name], k)
            recalls[name].append(part or 0.0)
    return fmean(map(fmean, recalls.values())) if recalls else None
