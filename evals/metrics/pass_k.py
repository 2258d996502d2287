"""What several tries at a question tell. One try is scored elsewhere."""

from __future__ import annotations

from math import comb


def pass_at_k(tries: int, right: int, k: int) -> float:
    """The chance that at least one of k tries is right: 1 - C(n - c, k) / C(n, k) (Chen et al., arXiv 2107.03374).

    Args:
        tries: n, at least k.
        right: c, how many of them were right.
        k: How many tries one has.
    """
    _check(tries, right, k)
    return 1.0 - comb(tries - right, k) / comb(tries, k)


def pass_hat_k(tries: int, right: int, k: int) -> float:
    """The chance that all of k tries are right: C(c, k) / C(n, k) (tau-bench, arXiv 2406.12045). Args as above."""
    _check(tries, right, k)
    return comb(right, k) / comb(tries, k)


def _check(tries: int, right: int, k: int) -> None:
    if not (0 <= right <= tries and 1 <= k <= tries):
        raise ValueError(f"no such tries: {right} of {tries} right, k {k}")
