"""What an instruction for an edit asks, read off its words. Carrying it out is `tools.edit`'s."""

from __future__ import annotations

import re
from typing import Literal, cast

from graphs.taxonomy import hypernyms, is_known, normalise
from graphs.types import Frozen
from tools.colour import COLOURS, Colour

Kind = Literal["remove", "add", "background", "style", "crop", "blur", "mark", "recolour", "enlarge"]

SIDES = {
    "on": (0.0, -1.0), "on top of": (0.0, -1.0), "above": (0.0, -1.0), "over": (0.0, -1.0), "below": (0.0, 1.0),
    "under": (0.0, 1.0), "left of": (-1.0, 0.0), "right of": (1.0, 0.0), "next to": (1.0, 0.0),
    "beside": (1.0, 0.0), "near": (1.0, 0.0), "in": (0.0, 0.0), "inside": (0.0, 0.0),
}  # fmt: skip
"""Where an added thing stands, in sizes of the thing that it is put by: to the right, and down."""

_SIDE = "|".join(sorted(SIDES, key=len, reverse=True))
_COLOUR = "|".join((*COLOURS, "gray"))
_ARTICLES = {"a", "an", "the", "this", "that", "these", "those", "all", "every", "each", "my", "any"}
_IT = r"(?: (?:it|this|the image|the picture))?"
_THING = r"(?P<thing>.+?)"
_PROMPT = r"(?P<prompt>.+?)"
_PATTERNS: tuple[tuple[Kind, str], ...] = (
    ("remove", rf"(?:please )?(?:remove|delete|erase|take away|get rid of|take out) {_THING}"),
    ("crop", rf"(?:crop|cut out|trim){_IT}(?: (?:to|around))?(?: {_THING})?"),
    ("blur", rf"(?:blur|hide|anonymi[sz]e)(?: out)?(?: {_THING})?"),
    ("mark", rf"(?:annotate|mark|label|outline|highlight)(?: {_THING})?"),
    ("enlarge", rf"(?:upscale|enlarge){_IT}(?: by)?(?: (?P<factor>\d+(?:\.\d+)?) ?(?:x|times)?)?"),
    ("background", rf"(?:replace|change|swap)(?: the)? background (?:with|by|to|for) {_PROMPT}"),
    ("recolour", rf"(?:recolou?r|paint|colou?r|make|turn) {_THING}(?: in| to| into)? (?P<colour>{_COLOUR})"),
    ("add", rf"(?:put|add|place|insert|draw) {_PROMPT}(?: (?:to the |to |on the )?(?P<side>{_SIDE}) {_THING})?"),
    ("style", r"(?:make (?:it|this)(?: look)? |redraw (?:it|this) )?(?P<prompt>(?:as|in|like) .+)"),
)


class Edit(Frozen):
    """One edit.

    Attributes:
        kind: What to do.
        thing: Label of what to do it to, or, of `add`, of what to put it by; empty where none is named.
        tinted: Only such things as have this colour.
        which: Whether words say which of several is meant that only a person can tell: "the dog next to the tree".
        prompt: Of `add`, `background` and `style`: what to make.
        side: Of `add`: where it goes, a key of `SIDES`.
        colour: Of `recolour`.
        factor: Of `enlarge`.
    """

    kind: Kind
    thing: str = ""
    tinted: Colour | None = None
    which: bool = False
    prompt: str = ""
    side: str = ""
    colour: Colour | None = None
    factor: float = 2.0


_DOING = "holding|wearing|carrying|riding|standing|sitting|lying|walking|running|looking|facing"
_WHICH = rf"\b(?:{_SIDE}|behind|in front of|between|with|at|from|{_DOING})\b|(?<!^)\b(?:that|which|who)\b"
"""Words after which stands which of several things is meant."""

_BUT = r"\b(except|but|not|non|other than|apart from|besides|excluding|without)\b"
"""Words after which the very things are named that are not meant."""


def read(instruction: str) -> Edit | None:
    """Read an instruction; none where it is of no known form, or names several things at once."""
    text = " ".join(instruction.strip().rstrip(".!").split())
    for kind, pattern in _PATTERNS:
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        if match:
            return _edit(kind, {name: value for name, value in match.groupdict().items() if value})
    return None


def _edit(kind: Kind, found: dict[str, str]) -> Edit | None:
    colour = _spelt(found.get("colour", ""))
    phrase = found.get("thing", "").lower()
    if re.search(r"\band\b|,|&", phrase) or re.search(_BUT, phrase):
        return None
    # Of "the dog next to the tree" the tree only says which.
    first, *further = re.split(_WHICH, phrase)
    label = _label(first)
    words = [_spelt(word) for word in first.split() if word not in _ARTICLES]
    tints = [colour for colour in COLOURS if colour in words]
    rest = " ".join(word for word in words if word not in COLOURS)
    return Edit(
        kind=kind,
        thing=label,
        tinted=tints[0] if tints else None,
        which=bool(further) or normalise(rest) != label,
        prompt=found.get("prompt", ""),
        side=found.get("side", "").lower(),
        colour=cast("Colour", colour) if colour else None,
        factor=float(found.get("factor", 2.0)),
    )


def _spelt(word: str) -> str:
    return word.lower().replace("gray", "grey")


def _label(words: str) -> str:
    """The label in `the brown dog`: its last words that are known, else its last word."""
    parts = words.lower().split()
    for start in range(len(parts)):
        label = normalise(" ".join(parts[start:]))
        if is_known(label) or hypernyms(label):
            return label
    return normalise(parts[-1]) if parts else ""
