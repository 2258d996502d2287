"""English words, alone: what they stand for, and a text cut into them. What they say together is `mentions`'s."""

from __future__ import annotations

import re

from graphs.relations import Predicate

_NUMBERS = {name: number for number, name in enumerate(
    "no one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty".split()
)} | {"zero": 0}  # fmt: skip
RELATIONS: dict[str, Predicate] = {
    "left": "left_of", "right": "right_of", "above": "above", "over": "above", "higher": "above", "below": "below",
    "under": "below", "beneath": "below", "underneath": "below", "lower": "below", "near": "near", "close": "near",
    "next": "near", "beside": "near", "inside": "inside", "within": "inside", "overlapping": "overlaps",
    "overlaps": "overlaps", "overlap": "overlaps",
}  # fmt: skip
LARGEST, SMALLEST = {"largest", "biggest", "greatest"}, {"smallest", "tiniest"}
APART = (("apart", "from"), ("aside", "from"), ("other", "than"), ("except", "for"), ("except",), ("besides",))
ARTICLES = {"a", "an", "the", "some", "any", "another", "several", "many", "every", "each"}
PIECES = {"piece", "pieces", "loaf", "loaves", "of", "the", "these", "those", "all"}
UNITS = {"more", "fewer", "less", "kinds", "types", "sorts", "species", "colours", "colors"}
"""What a number before it counts, whatever stands behind: "one more dog", "two kinds of animals"."""
ENDS = set(".,;:!?") | set(
    "is are was were be has have had do does of in on at to from and or but that which than with by for as it its "
    "there here not can cannot could says say reads read shows show seen visible present more most only both whose who "
    "where found did vs versus out covers cover covering".split()
)
STOPS = ".;?!:"
"""What ends a statement."""
_TOKEN = re.compile(r"[a-z][a-z_]*-\d+|\d+(?:\.\d+)?%?|[a-z]+|[.,;:!?]")
_AM_I_RIGHT = re.compile(r"\b(?:am i|are we|is it|is that) right(?= that\b|[?.,]|$)|, right(?=\?)")
"""Words in which `right` is no side."""
_RHETORICAL = re.compile(r"^(is|are|was|were|do|does|did|has|have|ca|could|would|wo)n't\b")
_PLAINLY = ((re.compile(r"\b(?:neither of (?:which|them)|never|nor)\b"), "not"), (re.compile(r"\bnone of\b"), "no"),
            (re.compile(r"\bwithout\b"), "not with"), (re.compile(r"\bcannot\b"), "can not"),
            (re.compile(r"\bneither\b(?=.* not\b)"), "no"), (re.compile(r"\bboth (?=\w+ and\b)"), ""),
            (re.compile(r"\bnon-(\w+) (\w+)"), r"\2 that are not \1"),
            (re.compile(r"\b(?<!the )(?<!this )(?<!that )(image|picture|photo) (?:no\. ?|number |#)?"
                        r"(?:\d+|one|two|three)\b"), r"\1"),
            (re.compile(r"\b(?:on|to|at) the (left|right)(?: side)? of (?!(?:(?:the|this) )?(?:image|picture|photo))"),
             r"\1 of "),
            (re.compile(r"\bnot? more than\b"), "at most"),
            (re.compile(r"\bnot? (?:fewer|less) than\b"), "at least"))  # fmt: skip


def tokenise(text: str) -> list[str]:
    """The words, the numbers, the ids and the stops of a text in lower case."""
    tokens: list[str] = _TOKEN.findall(text)
    return tokens


def plainly(text: str) -> str:
    """The text in lower case, with what is denied or asked in a roundabout way said plainly."""
    lower = _RHETORICAL.sub(lambda found: {"ca": "can", "wo": "will"}.get(found[1], found[1]), text.lower().strip())
    lower = _AM_I_RIGHT.sub("", lower.replace("n't", " not").replace("'s", ""))
    for pattern, plain in _PLAINLY:
        lower = pattern.sub(plain, lower)
    return lower


def number_of(token: str) -> int | None:
    """What number a word or digits stand for; none for any other word."""
    return int(token) if token.isdecimal() else _NUMBERS.get(token)
