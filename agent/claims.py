"""What a sentence claims about the things in images, read off its words. Whether the claims are true is `verify`'s."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from graphs.relations import Predicate
from graphs.taxonomy import ANYTHING, is_known, normalise
from tools.colour import COLOURS

_TOKEN = re.compile(r"[a-z][a-z_]*-\d+|\d+(?:\.\d+)?%?|[a-z]+|[.,;:!?]")
_AM_I_RIGHT = re.compile(r"\b(?:am i|are we|is it|is that) right(?= that\b|[?.,]|$)|, right(?=\?)")
"""Words in which `right` is no side."""
_NUMBERS = {name: number for number, name in enumerate(
    "no one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty".split()
)} | {"zero": 0}  # fmt: skip
_RELATIONS: dict[str, Predicate] = {
    "left": "left_of", "right": "right_of", "above": "above", "over": "above", "higher": "above", "below": "below",
    "under": "below", "beneath": "below", "underneath": "below", "lower": "below", "near": "near", "close": "near",
    "next": "near", "beside": "near", "inside": "inside", "within": "inside", "overlapping": "overlaps",
    "overlaps": "overlaps", "overlap": "overlaps",
}  # fmt: skip
_ANYTHING = {"nothing": 0, "anything": None, "something": None}
_COMPARED = {
    "more": ">", "greater": ">", "larger": ">", "higher": ">", "majority": ">", "outnumber": ">", "outnumbers": ">",
    "most": ">",
    "fewer": "<", "less": "<", "smaller": "<", "fewest": "<", "least": "<", "same": "=", "equal": "=", "equally": "=",
}  # fmt: skip
_LARGEST, _SMALLEST = {"largest", "biggest", "greatest"}, {"smallest", "tiniest"}
_AUXILIARIES = {"is", "are", "was", "were", "do", "does", "did", "has"}  # "could you …" may ask for a deed
_OPEN = {"what", "which", "where", "who", "whose", "why", "how"}
_DEEDS = {"count", "number", "list", "name", "tell"}
_OUTLINES = re.compile(r"\b(outlin(e[sd]?|ing)|contours?|silhouettes?|segment(ed|ation)?|masks? (out|of|for))\b")
"""A mask alone may be worn."""
_BOUNDS = {
    r"\bmore than\b|\bover (?=\d|\w+ (?:of|in)\b)": ">", r"\b(?:fewer|less) than\b": "<", r"\bat least\b": ">=",
    r"\b(?:at most|no more than|up to)\b": "<=", r"\b(?:exactly|only|just|precisely)\b": "=",
}  # fmt: skip
_EVERY = re.compile(r"\b(?:all|both|every|each)(?: of)?(?: (?:the|these|those|my))? (?!an? )")
_DENIALS = ((re.compile(r"\b(?:neither of (?:which|them)|never|nor)\b"), "not"), (re.compile(r"\bnone of\b"), "no"),
            (re.compile(r"\bwithout\b"), "not with"), (re.compile(r"\bcannot\b"), "can not"))  # fmt: skip
_UNSEEN = re.compile(
    r"(?:is|are|was|were|can|could) not (?:to )?(?:be )?(?:visible|found|there|present|shown|seen|here|anywhere"
    r"|in (?:the |this )?(?:image|picture|photo|scene))\b"
)
_RHETORICAL = re.compile(r"^(is|are|was|were|do|does|did|has|have|ca|could|would|wo)n't\b")
_WHOLE = re.compile(
    r"\b(?:in|on|of|inside|within|across|from)(?: the| this| that| these| those| my| your| our| each| any)*"
    r"(?: (?:\w+ )?(?:images?|pictures?|photos?|photographs?|scenes?|shots?|frames?|views?)| img-\d+)\b"
)
_EXISTENCE = set(
    "there any see seen show shows shown showing showed present visible appear appears appearing contain contains "
    "containing include includes included including have has had having got get find finds found finding spot spots "
    "spotted spotting notice noticed here anywhere somewhere part among amongst object objects thing things look looks "
    "looking check checks whether tell if wonder could might may can would should please me i you we us it one ones at "
    "least am be is are was were do does did been or and not no image images picture pictures photo photos photograph "
    "scene scenes shot frame view up possible possibly exist exists depicted depict depicts displayed display detect "
    "detected recognise recognised recognize recognized identify identified pictured drawn painted captured some so "
    "true that this these those the a an of to for in for with let know say said now also still really actually "
    "perhaps maybe hello hi thanks thank quick question help another sure answer need exact from about just kind sort "
    "type like piece pieces loaf loaves single individual such out of by my your our what".split()
)
"""Words of a question whether there is something; any other asks more than that."""
_ARTICLES = {"a", "an", "the", "some", "any", "another", "several", "many", "every", "each"}
_BEFORE_NOUN = _ARTICLES | {"more", "fewer", "less", "most", "fewest"}
_PIECES = {"piece", "pieces", "loaf", "loaves", "of", "the", "these", "those", "all"}
_BEFORE_COLOUR = {"is", "are", "have", "has", "looks", "look", "the", "a", "colour", "color", "colours", "colors",
                  "painted", "in", "both", "all", "mostly", "and", ",", "not", "of",
                  "that", "which"}  # fmt: skip
_ENDS = set(".,;:!?") | set(
    "is are was were be has have had do does of in on at to from and or but that which than with by for as it its "
    "there here not can cannot could says say reads read shows show seen visible present more most only both whose who "
    "where".split()
)
_PLAIN = set(
    "image images picture pictures photo photos scene scenes one ones other others left right top bottom middle centre "
    "center side front back background foreground same largest biggest smallest greatest number count total colour "
    "color colours colors share area percent answer question tools tool evidence way case first second third last "
    "latter former numerous two position relation size yes no others rest following".split()
)

Comparison = Literal[">", "<", "="]


@dataclass(frozen=True)
class Claim:
    """That there are things of a kind.

    Attributes:
        label: Of the things.
        number: How many; none for at least one.
        colour: Only those of this colour.
        relation: Only those in this relation to an `other`.
        other: The label at the other end.
        denied: Whether a "not" stands before it.
    """

    label: str
    number: int | None = None
    colour: str | None = None
    relation: Predicate | None = None
    other: str | None = None
    denied: bool = False


@dataclass(frozen=True)
class Reading:
    """What was read off a text.

    Attributes:
        claims: In their order.
        labels: Every label that is mentioned, in order, each once.
        ids: Ids of things or images that are mentioned.
        strangers: Nouns that stand where a thing is named, and are no label that anybody knows.
        numbers: Whole numbers that belong to no claim.
        shares: Numbers with a percent sign.
        compared: Which way labels, or images, are compared by their numbers.
        extreme: Whether the largest (1) or the smallest (-1) is meant, else 0.
        opening: The yes or no with which it begins, if it does.
        asks: Whether it is a question to be answered by yes or no, or one for what, which, where, who, why or how.
        outlined: Whether outlines are spoken of.
        counts: Whether it asks how many there are of a label.
        bound: How a number in it bounds what is counted.
        either: Whether one of its claims is enough.
        every: Whether all of a label are meant.
        beyond: A word of a question that asks more of things than whether they are there.
    """

    claims: tuple[Claim, ...] = ()
    labels: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()
    compared: Comparison | None = None
    extreme: int = 0
    opening: bool | None = None
    asks: Literal["whether", "what"] | None = None
    outlined: bool = False
    counts: bool = False
    bound: str | None = None
    either: bool = False
    every: bool = False
    beyond: str | None = None


@dataclass
class _Mention:
    """A label in the text, with what stands around it."""

    start: int
    end: int
    label: str
    number: int | None = None
    counted: bool = False
    colours: list[str] = field(default_factory=list)
    denied: bool = False


def read(text: str, known: Collection[str] = ()) -> Reading:
    """Read the claims of an English text; of one in another language only ids and numbers are read.

    Args:
        text: A sentence or a few.
        known: Labels beside those of the taxonomy, such as those in the scene.
    """
    lower = _RHETORICAL.sub(lambda found: {"ca": "can", "wo": "will"}.get(found[1], found[1]), text.lower().strip())
    lower = _AM_I_RIGHT.sub("", lower.replace("n't", " not").replace("'s", ""))
    for pattern, plain in _DENIALS:
        lower = pattern.sub(plain, lower)
    tokens = _TOKEN.findall(lower)
    mentions = list(_mentions(tokens, known))
    used: set[int] = set()
    for mention in mentions:
        _look_around(tokens, mention, used)
    for before, mention in pairwise(mentions):
        between = set(tokens[before.end : mention.start])
        if before.number == 0 and "or" in between and between <= {"or", ",", "a", "an", "any", "the"}:
            mention.number, mention.counted = 0, True  # "no horses or cows"
    colours = [token for token in tokens if token in COLOURS]
    if len(mentions) == len(colours) == 1:  # wherever it stands, it can be the colour of nothing else
        mentions[0].colours = colours
    words = set(tokens)
    compared = next((way for word, way in _COMPARED.items() if word in words), None) if _compares(tokens) else None
    if re.search(r"\bas many\b.*\bas\b", lower):
        compared = "="
    extreme = bool(words & _LARGEST or {"most", "space"} <= words) - bool(words & _SMALLEST)
    loose = [token for index, token in enumerate(tokens) if token.isdecimal() and index not in used]
    return Reading(
        claims=tuple(_claims(tokens, mentions, related=compared is None)),
        labels=tuple(dict.fromkeys(mention.label for mention in mentions)),
        ids=tuple(dict.fromkeys(token for token in tokens if re.fullmatch(r".+-\d+", token))),
        strangers=tuple(dict.fromkeys(_strangers(tokens, mentions))),
        numbers=tuple(int(token) for token in loose),
        shares=tuple(float(token[:-1]) for token in tokens if token.endswith("%")),
        compared=compared,  # type: ignore[arg-type]
        extreme=extreme,
        opening={"yes": True, "no": False}.get(tokens[0]) if tokens[1:2] in ([","], ["."], [":"]) else None,
        asks=_asks(tokens) if text.rstrip().endswith("?") else None,
        outlined=bool(_OUTLINES.search(lower)),
        counts=any(_asked_number(tokens, mention) for mention in mentions),
        bound=next((sign for pattern, sign in _BOUNDS.items() if re.search(pattern, lower)), None),
        either="or" in tokens,
        every=bool(_EVERY.search(lower)),
        beyond=_beyond(lower, known),
    )


def _beyond(lower: str, known: Collection[str]) -> str | None:
    tokens = _TOKEN.findall(_WHOLE.sub(" ", lower))
    named = {place for one in _mentions(tokens, known) for place in range(one.start, one.end)}
    others = (token for place, token in enumerate(tokens) if place not in named and token.isalpha())
    return next(
        (word for word in others if word not in _EXISTENCE and word not in _NUMBERS and word not in COLOURS), None
    )


def _compares(tokens: Sequence[str]) -> bool:
    words = set(tokens)
    return bool(
        words & {"outnumber", "outnumbers", "majority", "numerous", "fewest", "same", "equal", "equally"}
        or ("most" in words and "space" not in words)
        or (words & {"more", "fewer", "less"})
        or (words & {"number", "count"} and words & {"greater", "larger", "smaller"})
        or {("than", "the", "number"), ("than", "the", "count"), ("than", "that", "of")}
        & set(zip(tokens, tokens[1:], tokens[2:], strict=False))  # "higher than the tree" is a place
    )


def _mentions(tokens: Sequence[str], known: Collection[str]) -> Iterator[_Mention]:
    """The labels in the text, the longest words first; a thing's id stands for its label."""
    index = 0
    while index < len(tokens):
        for length in (3, 2, 1):
            words = tokens[index : index + length]
            label = _label(words, known) if len(words) == length else None
            if label == ANYTHING and "among" in tokens[max(0, index - 2) : index]:
                break  # "among the things" is no thing of its own
            if label is not None:
                number = _ANYTHING.get(words[0])
                yield _Mention(index, index + length, label, number, counted=number is not None)
                break
        else:
            length = 1
        index += length


def _label(words: Sequence[str], known: Collection[str]) -> str | None:
    if len(words) == 1:
        stem, dash, _ = words[0].rpartition("-")
        if words[0] in _ANYTHING:
            return ANYTHING
        if dash:
            label = stem.replace("_", " ")
            return label if is_known(label) or label in known else None
        if words[0] in COLOURS or words[0] in _ENDS:
            return None
    if not all(word.isalpha() for word in words):
        return None
    label = normalise(" ".join(words))
    return label if is_known(label) or label in known else None


def _look_around(tokens: Sequence[str], mention: _Mention, used: set[int]) -> None:
    """Note the number and the colours that go with a mention, and a "not" before it."""
    index, strange = mention.start - 1, 0
    while index >= 0 and strange < 3:
        token = tokens[index]
        number = _number(token)
        if number is not None:
            used.add(index)
            part = _number(tokens[index - 3]) if tokens[max(index - 2, 0) : index] == ["of", "the"] else None
            if part is not None:  # "one of the two dogs"
                used.add(index - 3)
            mention.number, mention.counted = number if part is None else part, True
            break
        if token in COLOURS:
            mention.colours.append(token)
        elif token in _ENDS and token != "of" or token in _RELATIONS or not token.isalpha():
            break
        elif token not in _PIECES:
            strange += 1
        index -= 1
    sentence = max((place for place in range(mention.start) if tokens[place] in ".;?!:"), default=-1)
    mention.denied = "not" in tokens[sentence + 1 : mention.start]
    index, after = mention.end, []
    while index < len(tokens) and (tokens[index] in COLOURS or tokens[index] in _BEFORE_COLOUR):
        after += [tokens[index]] if tokens[index] in (*COLOURS, "not") else []
        index += 1
    if set(after) - {"not"} and not (index < len(tokens) and _next_is_mention(tokens, index)):
        mention.denied |= after[0] == "not"
        said = after[: after.index("not")] if "not" in after[1:] and after[0] != "not" else after  # "white, not black"
        mention.colours += [colour for colour in said if colour != "not"]
    mention.denied |= bool(_UNSEEN.match(" ".join(tokens[mention.end : mention.end + 6])))


def _number(token: str) -> int | None:
    return int(token) if token.isdecimal() else _NUMBERS.get(token)


def _asked_number(tokens: Sequence[str], mention: _Mention) -> bool:
    """Whether "how many", "the number of" or "count" stands before a mention, with no more than colours between."""
    before = [token for token in tokens[: mention.start] if token not in COLOURS and token not in _PIECES - {"of"}]
    return before[-2:] in (["how", "many"], ["number", "of"]) or before[-1:] in (["count"], ["tally"])


def _next_is_mention(tokens: Sequence[str], index: int) -> bool:
    """Whether the colour before this place belongs to what follows: "a dog and a red ball"."""
    return tokens[index - 1] in COLOURS and _label([tokens[index]], ()) is not None


def _claims(tokens: Sequence[str], mentions: Sequence[_Mention], *, related: bool) -> Iterator[Claim]:
    """A claim for each mention, and one for each relation between two."""
    subjects: list[int] = []
    ends: set[int] = set()
    claims: list[Claim] = []
    for place, mention in enumerate(mentions):
        before = mentions[place - 1].end if place else 0
        between = tokens[before : mention.start]
        if not place:
            ended = [index for index, token in enumerate(between) if token in ".;?!:"]
            between = between[ended[-1] + 1 :] if ended else between
        told = [_RELATIONS[word] for word in between if word in _RELATIONS] if related else []
        cut = bool(set(between) & set(".;?!:"))
        if told and subjects and not cut:
            ends.add(place)
            denied = "not" in between or mentions[subjects[-1]].denied
            claims += _related(mentions, subjects, told, mention.label, denied)
            continue
        if told and not cut and place + 1 < len(mentions) and not place:  # "left of the tree is a dog"
            ends.add(place)
            claims += _related(mentions, [1], told, mention.label, mention.denied)
            continue
        if told and not cut and len(mentions) == 1 and _asks_what(tokens):  # "what is left of the tree"
            ends.add(place)
            claims += [Claim(ANYTHING, relation=relation, other=mention.label) for relation in told]
            continue
        listed = (
            subjects and not cut and set(between) <= {",", "and", "or", "a", "an", "the", *_NUMBERS, *_digits(between)}
        )
        subjects = [*subjects, place] if listed else [place]
    taken = {place for place, mention in enumerate(mentions) if any(c.relation and _is(c, mention) for c in claims)}
    for place, mention in enumerate(mentions):
        if place not in ends and place not in taken:
            yield from _plain(mention)
    yield from claims


def _asks_what(tokens: Sequence[str]) -> bool:
    """Whether things are asked for that have no name yet."""
    return bool({"what", "which", "list", "name", "everything"} & set(tokens))


def _asks(tokens: Sequence[str]) -> Literal["whether", "what"] | None:
    """How a question begins, if it asks for no more than that."""
    if not tokens:
        return None
    if tokens[0] in _OPEN and "," not in tokens:
        return "what"
    return "whether" if tokens[0] in _AUXILIARIES and not set(tokens) & (_OPEN | _DEEDS) else None


def _digits(tokens: Sequence[str]) -> set[str]:
    return {token for token in tokens if token.isdecimal()}


def _is(claim: Claim, mention: _Mention) -> bool:
    return claim.label == mention.label and claim.number == mention.number


def _plain(mention: _Mention) -> Iterator[Claim]:
    claim = Claim(mention.label, mention.number if mention.counted else None, denied=mention.denied)
    yield from (replace(claim, colour=colour) for colour in mention.colours) if mention.colours else (claim,)


def _related(
    mentions: Sequence[_Mention], subjects: Sequence[int], told: Sequence[Predicate], other: str, denied: bool
) -> Iterator[Claim]:
    for place in subjects:
        subject = mentions[place]
        for relation in told:
            colour = subject.colours[0] if subject.colours else None
            yield Claim(subject.label, subject.number, colour, relation, other, denied)


def _strangers(tokens: Sequence[str], mentions: Sequence[_Mention]) -> Iterator[str]:
    """The head of each noun phrase that begins with an article or a number and holds no label."""
    starts = {place for mention in mentions for place in range(mention.start, mention.end)}
    for place, token in enumerate(tokens):
        if not (token in _BEFORE_NOUN or token in _NUMBERS or token.isdecimal()):
            continue
        head = None
        for index in range(place + 1, min(place + 6, len(tokens))):
            if index in starts:
                head = None
                break
            if tokens[index] in _PIECES:
                continue
            if tokens[index] in _ENDS or tokens[index] in _RELATIONS or tokens[index] in _ARTICLES:
                break
            if not tokens[index].isalpha():
                break
            head = tokens[index]
        if head and head not in _PLAIN and head not in COLOURS and head not in _NUMBERS:
            yield head
