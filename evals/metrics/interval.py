"""A figure with its 95% interval, by the bootstrap. What is measured stands in the files beside this one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

RESAMPLES = 2_000
LEVEL = 0.95
SEED = 0


class Metric(BaseModel):
    """A figure and its interval; all three are none where nothing was measured.

    Attributes:
        value: The figure itself, from all the data.
        low: Lower end of the 95% interval.
        high: Upper end.
        n: How many things it was measured on.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


def ratio(parts: Sequence[float], wholes: Sequence[float] | None = None, *, seed: int = SEED) -> Metric:
    """sum(parts) / sum(wholes) with its percentile bootstrap interval (Efron and Tibshirani, 1993, chapter 13).

    Each resample draws as many cases as there are, with replacement. Without wholes this is the mean.

    Args:
        parts: One number a case.
        wholes: Likewise, none negative; by default 1 each. Their sum is the metric's n.
        seed: Of the draws.
    """
    top = np.asarray(parts, dtype=np.float64)
    bottom = np.ones_like(top) if wholes is None else np.asarray(wholes, dtype=np.float64)
    total = float(bottom.sum())
    if total == 0:
        return Metric(value=None, low=None, high=None, n=0)
    chosen = np.random.default_rng(seed).integers(len(top), size=(RESAMPLES, len(top)))
    tops, bottoms = top[chosen].sum(axis=1), bottom[chosen].sum(axis=1)
    kept = bottoms > 0
    return around(float(top.sum()) / total, tops[kept] / bottoms[kept], n=round(total))


def around(value: float, resampled: Sequence[float] | NDArray[np.float64], n: int) -> Metric:
    """A figure with the percentile interval of what its resamples gave.

    Args:
        value: The figure itself.
        resampled: The same figure on each resample, at least one.
        n: How many things it was measured on.
    """
    low, high = np.quantile(np.asarray(resampled), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Metric(value=value, low=float(low), high=float(high), n=n)


class Change(BaseModel):
    """How a figure changed between two runs of the same cases.

    Attributes:
        before: Its value then.
        after: Its value now.
        low: Lower end of the 95% interval of after - before.
        high: Upper end.
        p: Two-sided bootstrap p-value of no change.
        n: How many cases both runs hold.
    """

    before: float
    after: float
    low: float
    high: float
    p: float
    n: int

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


Weighted = tuple[float, float]
"""A value and what it counts."""


def paired(before: Sequence[Weighted], after: Sequence[Weighted], *, seed: int = SEED) -> Change | None:
    """The change of a weighted mean with its paired bootstrap interval (Koehn, 2004; Efron and Tibshirani, 1993).

    Cases are drawn with replacement, each with both of its values, so that what makes a case hard cancels out.
    p = 2 min(P(change <= 0), P(change >= 0)) over the resamples, at most 1, where resamples count as one more each.

    Args:
        before: One pair a case.
        after: Likewise, of the same cases in the same order.
        seed: Of the draws.

    Returns:
        None where there are no cases, or none counts.
    """
    old, new = (np.asarray(side, dtype=np.float64).reshape(-1, 2) for side in (before, after))
    if not len(old) or old[:, 1].sum() == 0 or new[:, 1].sum() == 0:
        return None
    chosen = np.random.default_rng(seed).integers(len(old), size=(RESAMPLES, len(old)))
    sides = [((side[:, 0] * side[:, 1])[chosen].sum(axis=1), side[:, 1][chosen].sum(axis=1)) for side in (old, new)]
    kept = (sides[0][1] > 0) & (sides[1][1] > 0)
    (top_a, bottom_a), (top_b, bottom_b) = [(top[kept], bottom[kept]) for top, bottom in sides]
    changes = top_b / bottom_b - top_a / bottom_a
    low, high = np.quantile(changes, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    tail = min((changes <= 0).sum(), (changes >= 0).sum()) + 1
    values = [float((side[:, 0] * side[:, 1]).sum() / side[:, 1].sum()) for side in (old, new)]
    return Change(
        before=values[0],
        after=values[1],
        low=float(low),
        high=float(high),
        p=min(1.0, 2 * float(tail) / (len(changes) + 1)),
        n=len(old),
    )
