"""The labels in a sentence, each with the number, the colours and the "not" that go with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from agent.claims import Bound
from agent.wording import APART, ARTICLES, ENDS, LARGEST, PIECES, RELATIONS, SMALLEST, STOPS, UNITS, number_of
from graphs.taxonomy import ANYTHING, is_known, normalise
from tools.colour import COLOURS

_ANYTHING = {"nothing": 0, "anything": None, "something": None}
_BOUNDS: dict[str, Bound] = {
    r"\bmore than\b|\bover (?=\d|\w+ (?:of|in)\b)": ">", r"\b(?:fewer|less) than\b": "<", r"\bat least\b": ">=",
    r"\b(?:at most|up to)\b": "<=", r"\b(?:exactly|only|just|precisely)\b": "=",
}  # fmt: skip
_UNSEEN = re.compile(
    r"(?:is|are|was|were) (?:absent|missing)\b"
    r"|(?:is|are|was|were|can|could) not (?:to )?(?:be )?(?:visible|found|there|present|shown|seen|here|anywhere"
    r"|in (?:the |this )?(?:image|picture|photo|scene))\b"
)
_PART = {"of", "out", "the", "these", "those", "my"}
_BEFORE_COLOUR = {"is", "are", "have", "has", "looks", "look", "the", "a", "colour", "color", "colours", "colors",
                  "painted", "in", "both", "all", "mostly", "and", "or", ",", "not", "of",
                  "that", "which"}  # fmt: skip
_OF_WHICH = {"of", "which", "them", "these", "is", "are"}
_AFTER_PART: tuple[list[str], ...] = ([], ["."], [","], ["and"], ["one"], ["ones"])


@dataclass
class Mention:
    """A label in the text, with what stands around it."""

    start: int
    end: int
    label: str
    number: int | None = None
    counted: bool = False
    bound: Bound | None = None
    colours: list[str] = field(default_factory=list)
    denied: bool = False
    without: str | None = None


def mentions_in(tokens: Sequence[str], known: Collection[str]) -> Iterator[Mention]:
    """The labels in the text, the longest words first; a thing's id stands for its label."""
    index = 0
    while index < len(tokens):
        for length in (3, 2, 1):
            words = tokens[index : index + length]
            label = _label(words, known) if len(words) == length else None
            if label == ANYTHING and "among" in tokens[max(0, index - 3) : index]:
                break  # "among the things" is no thing of its own
            if label is not None:
                number = _ANYTHING.get(words[0])
                yield Mention(index, index + length, label, number, counted=number is not None)
                break
        else:
            length = 1
        index += length


def _label(words: Sequence[str], known: Collection[str]) -> str | None:
    """The label that one word or a few stand for, if any."""
    first, alone = words[0], len(words) == 1
    if alone and first in _ANYTHING:
        return ANYTHING
    if alone and "-" in first:
        label = first.rpartition("-")[0].replace("_", " ")
    elif all(word.isalpha() for word in words) and not (alone and (first in COLOURS or first in ENDS)):
        label = normalise(" ".join(words))
    else:
        return None
    return label if is_known(label) or label in known else None


def look_around(tokens: Sequence[str], mentions: Sequence[Mention], question: str) -> set[int]:
    """Note the numbers and the colours that go with mentions, and a "not" before them.

    Args:
        tokens: Of the text.
        mentions: In the text; each takes what goes with it.
        question: The text in lower case, if it is a question; else nothing.

    Returns:
        The places of the numbers that go with any.
    """
    used: set[int] = set()
    for mention in mentions:
        sentence = max((place for place in range(mention.start) if tokens[place] in STOPS), default=-1)
        mention.denied = "not" in tokens[sentence + 1 : mention.start]
        _look_before(tokens, mention, used)
        _look_after(tokens, mention)
        mention.denied |= bool(_UNSEEN.match(" ".join(tokens[mention.end : mention.end + 6])))
    _share(tokens, mentions, question)
    return used


def _look_before(tokens: Sequence[str], mention: Mention, used: set[int]) -> None:
    """Take the number and the colours before a mention, past up to two words that nothing explains."""
    index, strange = mention.start - 1, 0
    while index >= 0 and strange < 3:
        token = tokens[index]
        number = number_of(token)
        if number is not None:
            used.add(index)
            _take(tokens, index, number, mention, used)
            break
        if token in COLOURS:
            mention.colours.append(token)
        elif token in {"and", "or"} and tokens[index - 1] in COLOURS and tokens[index + 1] in COLOURS:
            pass  # "red or blue cars"
        elif token in ENDS and token != "of" or token in RELATIONS or not token.isalpha() or token in UNITS:
            break
        elif token not in PIECES:
            strange += 1
        index -= 1


def _look_after(tokens: Sequence[str], mention: Mention) -> None:
    """Take the colours that are said of a mention after it."""
    index, after = mention.end, []
    while index < len(tokens) and (tokens[index] in COLOURS or tokens[index] in _BEFORE_COLOUR):
        after += [tokens[index]] if tokens[index] in (*COLOURS, "not") else []
        index += 1
    following = tokens[index : index + 1]
    if tokens[index - 1] in COLOURS and following and _label(following, ()) is not None:
        return  # "a dog and a red ball"
    if set(after) - {"not"}:
        mention.denied |= after[0] == "not"
        said = after[: after.index("not")] if "not" in after[1:] and after[0] != "not" else after  # "white, not black"
        mention.colours += [colour for colour in said if colour != "not"]


def _take(tokens: Sequence[str], index: int, number: int, mention: Mention, used: set[int]) -> None:
    """Give a mention the number before it; of "one of the two dogs" the one, of "the largest of two dogs" none."""
    part = index - 1
    while part >= 0 and tokens[part] in _PART:
        part -= 1
    if part >= 0 and "of" in tokens[part + 1 : index]:
        if tokens[part] in LARGEST | SMALLEST:
            return
        if (smaller := number_of(tokens[part])) is not None:
            used.add(part)
            index, number = part, smaller
    before = " ".join(tokens[max(0, index - 2) : index + 1])
    mention.number, mention.counted, mention.bound = number, True, _bound(before)


def _share(tokens: Sequence[str], mentions: Sequence[Mention], question: str) -> None:
    """Give mentions what stands elsewhere and can be meant of nothing else."""
    for before, mention in pairwise(mentions):
        between = set(tokens[before.end : mention.start])
        if before.number == 0 and "or" in between and between <= {"or", ",", "a", "an", "any", "the"}:
            mention.number, mention.counted = 0, True  # "no horses or cows"
    colours: list[str] = [token for token in tokens if token in COLOURS]
    if len(mentions) == len(colours) == 1 and not list(parts(tokens)):
        mentions[0].colours = colours
    numbered = [mention for mention in mentions if mention.counted]
    if len(numbered) == 1 and numbered[0].bound is None:
        numbered[0].bound = _bound(question)


def parts(tokens: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Where numbers count by colour what was named before: "3 cars: 2 red", "3 cars, 2 of which are red"."""
    for place, token in enumerate(tokens):
        end = place + 1
        while end < len(tokens) and tokens[end] in _OF_WHICH:
            end += 1
        number, colour = number_of(token), tokens[end : end + 1]
        if number is not None and set(colour) & set(COLOURS) and tokens[end + 1 : end + 2] in _AFTER_PART:
            yield place, number, colour[0]


def _bound(text: str) -> Bound | None:
    return next((sign for pattern, sign in _BOUNDS.items() if re.search(pattern, text)), None)


def leave_out(tokens: Sequence[str], mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions without those set apart, as in "apart from the dogs"; the others note it, or a colour."""
    many = ("how", "many") in pairwise(tokens)
    counted = bool(mentions) and (many or bool(mentions[0].number))
    kept = [one for one in mentions if not _set_apart(tokens, one, counted and one is not mentions[0])]
    for mention in kept:
        mention.without = next((one.label for one in mentions if one not in kept), None)
        some = many or mention.number or {"any", "that", "which"} & set(tokens)
        if some and mention.denied and len(mention.colours) == 1:
            mention.without, mention.colours, mention.denied = mention.colours[0], [], False
    return kept


def _set_apart(tokens: Sequence[str], mention: Mention, counted: bool) -> bool:
    before = [token for token in tokens[: mention.start] if token not in ARTICLES and number_of(token) is None]
    apart = any(tuple(before[-len(words) :]) == words for words in APART)
    return apart or (counted and before[-2:] in (["are", "not"], ["is", "not"]))
