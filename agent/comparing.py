"""Which way a sentence compares numbers of things, and which of several it singles out, as the largest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.claims import Axis, Bound, Extreme
from agent.wording import LARGEST, SMALLEST

_COMPARED: dict[str, Bound] = {
    "more": ">", "greater": ">", "larger": ">", "higher": ">", "majority": ">", "outnumber": ">", "outnumbers": ">",
    "most": ">",
    "fewer": "<", "less": "<", "smaller": "<", "fewest": "<", "least": "<", "same": "=", "equal": "=", "equally": "=",
}  # fmt: skip
_ABOUT_LOOKS = set("colour color size side shape kind cover covers covered space area pixels sizeable".split())
"""What may be the same, or more, without any things being counted."""
_PLACES: dict[re.Pattern[str], tuple[Axis, int]] = {
    re.compile(r"\bleftmost\b"): ("x", -1), re.compile(r"\brightmost\b"): ("x", 1),
    re.compile(r"\b(?:topmost|uppermost)\b"): ("y", -1), re.compile(r"\b(?:bottommost|lowermost)\b"): ("y", 1),
    re.compile(r"\bon the left\b(?=.*\?)"): ("x", -1), re.compile(r"\bon the right\b(?=.*\?)"): ("x", 1),
}  # fmt: skip
"""A question for "the car on the left" asks for the one that is farthest there; an answer may say it of two."""
_RANK = re.compile(r"\b(second|third)[ -](?:largest|biggest|smallest|greatest|leftmost|rightmost)\b")


def comparison(tokens: Sequence[str], lower: str) -> Bound | None:
    """Which way labels, or images, are compared by their numbers.

    Args:
        tokens: Of the text.
        lower: The text in lower case.
    """
    if re.search(r"\bas many\b.*\bas\b", lower):
        return ">=" if "at least as many" in lower else "="
    way = next((way for word, way in _COMPARED.items() if word in tokens), None)
    return way if _compares(tokens) else None


def _compares(tokens: Sequence[str]) -> bool:
    words = set(tokens)
    if words & _ABOUT_LOOKS and not words & {"many", "number"}:
        return False
    return bool(
        words & {"outnumber", "outnumbers", "majority", "numerous", "fewest"}
        or (words & {"same", "equal", "equally"} and words & {"number", "numbers", "count", "many", "amount"})
        or ("most" in words and "space" not in words)
        or (words & {"more", "fewer", "less"})
        or (words & {"number", "count"} and words & {"greater", "larger", "smaller"})
        or {("than", "the", "number"), ("than", "the", "count"), ("than", "that", "of")}
        & set(zip(tokens, tokens[1:], tokens[2:], strict=False))  # "higher than the tree" is a place
    )


def singled_out(tokens: Sequence[str], lower: str) -> Extreme | None:
    """Which of several is meant, if it is the largest or the like.

    Args:
        tokens: Of the text.
        lower: The text in lower case.
    """
    words = set(tokens)
    rank = _RANK.search(lower)
    place = {"second": 1, "third": 2}[rank[1]] if rank else 0
    choice = bool(words & {"or", "two"} and words & {"which", "what"})
    if words & LARGEST or ("most" in words and words & _ABOUT_LOOKS) or (choice and words & {"larger", "bigger"}):
        return Extreme("size", 1, place)
    if words & SMALLEST or (choice and "smaller" in words):
        return Extreme("size", -1, place)
    found = next((way for pattern, way in _PLACES.items() if pattern.search(lower)), None)
    return Extreme(*found, place) if found else None
