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
