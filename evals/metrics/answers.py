"""Whether a typed answer is right; what was called to get there is scored elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

Value = bool | int | float | str | Sequence[str] | None

ABSOLUTE = 0.3
"""What a measured number may be off, beside its relative tolerance: shares are told in percent, with one decimal."""


def is_right(expected: Value, got: Value, evidence: Sequence[str] = (), tolerance: float = 0.0) -> bool:
    """Compare a typed answer with the truth.

    Booleans, whole numbers and strings are exact, and a boolean is no number. A number with a tolerance is right if
    |got - expected| <= tolerance |expected| + `ABSOLUTE` (the form of `numpy.isclose`). Lists are sets. Where the truth
    is that nothing can be told, the answer must be null, and cite nothing.

    Args:
        expected: The truth.
        got: What was answered.
        evidence: Ids that the answer cites.
        tolerance: Relative error that is allowed in a number, 0 to 1.
    """
    if expected is None:
        return got is None and not evidence
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, int | float):
        if not isinstance(got, int | float):
            return False
        return got == expected if tolerance == 0 else abs(got - expected) <= tolerance * abs(expected) + ABSOLUTE
    if isinstance(expected, str) or isinstance(got, str):
        return expected == got
    return isinstance(got, Sequence) and set(got) == set(expected)
