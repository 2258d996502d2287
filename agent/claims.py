"""What a sentence claims about the things in images, read off its words. Whether the claims are true is `verify`'s."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal, NamedTuple

from graphs.relations import Predicate
from graphs.taxonomy import ANYTHING, is_known, normalise
from tools.colour import COLOURS

Bound = Literal[">", "<", ">=", "<=", "="]
Unit = Literal["kind", "colour", "image", "difference"]
Axis = Literal["size", "x", "y"]

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
_COMPARED: dict[str, Bound] = {
    "more": ">", "greater": ">", "larger": ">", "higher": ">", "majority": ">", "outnumber": ">", "outnumbers": ">",
    "most": ">",
    "fewer": "<", "less": "<", "smaller": "<", "fewest": "<", "least": "<", "same": "=", "equal": "=", "equally": "=",
}  # fmt: skip
_APART = (("apart", "from"), ("aside", "from"), ("other", "than"), ("except", "for"), ("except",), ("besides",))
_KINDS: dict[Unit, re.Pattern[str]] = {
    "kind": re.compile(r"\bhow many (?:different )?(?:kinds|types|sorts|species)\b"),
    "colour": re.compile(r"\bhow many (?:different )?colou?rs\b"),
    "image": re.compile(r"\bhow many (?:of the |of these )?(?:images|pictures|photos)\b"),
    "difference": re.compile(r"\bhow many (?:more|fewer|less)\b"),
}
_PLACES: dict[re.Pattern[str], tuple[Axis, int]] = {
    re.compile(r"\bleftmost\b"): ("x", -1), re.compile(r"\brightmost\b"): ("x", 1),
    re.compile(r"\b(?:topmost|uppermost)\b"): ("y", -1), re.compile(r"\b(?:bottommost|lowermost)\b"): ("y", 1),
    re.compile(r"\bon the left\b(?=.*\?)"): ("x", -1), re.compile(r"\bon the right\b(?=.*\?)"): ("x", 1),
}  # fmt: skip
"""A question for "the car on the left" asks for the one that is farthest there; an answer may say it of two."""
_RANK = re.compile(r"\b(second|third)[ -](?:largest|biggest|smallest|greatest|leftmost|rightmost)\b")
_LARGEST, _SMALLEST = {"largest", "biggest", "greatest"}, {"smallest", "tiniest"}
_AUXILIARIES = {"is", "are", "was", "were", "do", "does", "did", "has"}  # "could you …" may ask for a deed
_OPEN = {"what", "which", "where", "who", "whose", "why", "how"}
_DEEDS = {"count", "number", "list", "name", "tell"}
_OUTLINES = re.compile(
    r"\b(outlin(e[sd]?|ing)|contours?|silhouettes?|segment(ed|ation)?|masks? (out|of|for|all|each|every|the)"
    r"|cut (the [\w ]+ )?out|(cut|draw|trace) around|trace (all|each|every|the)|pixels (of|belong)|from the background"
    r"|exact (area|pixels|shape)|(draw|give|mark|show) the shapes? of)\b"
)
"""A mask alone may be worn."""
_BOUNDS: dict[str, Bound] = {
    r"\bmore than\b|\bover (?=\d|\w+ (?:of|in)\b)": ">", r"\b(?:fewer|less) than\b": "<", r"\bat least\b": ">=",
    r"\b(?:at most|up to)\b": "<=", r"\b(?:exactly|only|just|precisely)\b": "=",
}  # fmt: skip
_EVERY = re.compile(r"\b(?:all|both|every|each)(?: of)?(?: (?:the|these|those|my))? (?!an? )")
_MOST = re.compile(r"\bmost (?:of )?(?:the|these|those|my) ")
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
_UNSEEN = re.compile(
    r"(?:is|are|was|were) (?:absent|missing)\b"
    r"|(?:is|are|was|were|can|could) not (?:to )?(?:be )?(?:visible|found|there|present|shown|seen|here|anywhere"
    r"|in (?:the |this )?(?:image|picture|photo|scene))\b"
)
_RHETORICAL = re.compile(r"^(is|are|was|were|do|does|did|has|have|ca|could|would|wo)n't\b")
_WHOLE = re.compile(
    r"\b(?:in|on|of|inside|within|across|from)(?: the| this| that| these| those| my| your| our| each| any)*"
    r"(?: (?:\w+ )?(?:images?|pictures?|photos?|photographs?|scenes?|shots?|frames?|views?)(?: \d+)?| img-\d+"
    r"| (?:park|garden|street|road|field|yard|parking lot|room|zoo|farm|beach|city|total))\b"
    r"|\b(?:first|second|third|last|1st|2nd|3rd) (?:image|picture|photo|one)\b"
)
"""Where all of a picture is; what shows it all, such as a park, too."""
_EXISTENCE = set(
    "there any see seen show shows shown showing showed present visible appear appears appearing contain contains "
    "containing include includes included including have has had having got get find finds found finding spot spots "
    "spotted spotting notice noticed here anywhere somewhere part among amongst object objects thing things look "
    "looks looking check checks whether tell if wonder could might may can would should please me i you we us it one "
    "ones at least am be is are was were do does did been or and not no image images picture pictures photo photos "
    "photograph scene scenes shot frame view up possible possibly exist exists depicted depict depicts displayed "
    "display detect detected recognise recognised recognize recognized identify identified pictured drawn painted "
    "captured some so true that this these those the a an of to for in for with let know say said now also still "
    "really actually confirm verify think case seeing hold holds compare when perhaps maybe hello hey okay them hi "
    "thanks thank quick question help another sure answer need exact from about just kind sort type like piece pieces "
    "loaf loaves individual such out of by my your our what".split()
)
"""Words of a question whether there is something; any other asks more than that."""
_COUNTING = set(
    "how many number count counts total quantity tally altogether together overall exactly give work made into list "
    "want each different large often all".split()
)
_LIMITING = set(
    "exactly only just precisely more fewer less than both all every each either but up no colour color coloured "
    "colored happen".split()
)
_COMPARING = set(
    "more most fewer fewest less least than as many number count total amount greater larger smaller higher lower "
    "bigger first second third last common frequent often majority minority outnumber outnumbers outnumbered same "
    "equal equally numerous over both exceed exceeds".split()
)
_RELATING = set(
    "left right side above over higher below under beneath underneath lower near close next beside inside within "
    "overlapping overlaps overlap placed located position stand positioned than all both every each".split()
)
"""Words that a number, a limit, a comparison, a relation takes account of, where a question has one."""
_ABOUT_LOOKS = set("colour color size side shape kind cover covers covered space area pixels sizeable".split())
"""What may be the same, or more, without any things being counted."""
_ARTICLES = {"a", "an", "the", "some", "any", "another", "several", "many", "every", "each"}
_BEFORE_NOUN = _ARTICLES | {"more", "fewer", "less", "most", "fewest"}
_PIECES = {"piece", "pieces", "loaf", "loaves", "of", "the", "these", "those", "all"}
_BEFORE_ONE = {"is", "are", "just", "only", "exactly", "see", "shows", ",", ":"}
"""Where `one` is a number; "a white one" is none."""
_OF_WHICH = {"of", "which", "them", "these", "is", "are"}
_AFTER_PART: tuple[list[str], ...] = ([], ["."], [","], ["and"], ["one"], ["ones"])
_EXTREMES = _LARGEST | _SMALLEST | {"leftmost", "rightmost", "topmost", "bottommost", "second", "third"}
_PART = {"of", "out", "the", "these", "those", "my"}
_UNITS = {"more", "fewer", "less", "kinds", "types", "sorts", "species", "colours", "colors"}
"""What a number before it counts, whatever stands behind: "one more dog", "two kinds of animals"."""
_BEFORE_COUNTED = _PIECES | {"up", "my", "individual", "different", "non", "coloured", "colored"}
_BEFORE_COLOUR = {"is", "are", "have", "has", "looks", "look", "the", "a", "colour", "color", "colours", "colors",
                  "painted", "in", "both", "all", "mostly", "and", "or", ",", "not", "of",
                  "that", "which"}  # fmt: skip
_ENDS = set(".,;:!?") | set(
    "is are was were be has have had do does of in on at to from and or but that which than with by for as it its "
    "there here not can cannot could says say reads read shows show seen visible present more most only both whose who "
    "where found did vs versus out covers cover covering".split()
)
_PLAIN = set(
    "image images picture pictures photo photos scene scenes one ones other others left right top bottom middle centre "
    "center side front back background foreground same largest biggest smallest greatest number count total colour "
    "color colours colors share area percent answer question tools tool evidence way case first second third last "
    "latter former numerous two position relation size yes no others rest following them these those detector result "
    "results detection detections confidence far row total kinds types sorts species object objects things".split()
)


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
        bound: How the number bounds what is counted; none where it is the number itself.
        without: A label or a colour of which none are meant: "apart from the dogs", "not red".
    """

    label: str
    number: int | None = None
    colour: str | None = None
    relation: Predicate | None = None
    other: str | None = None
    denied: bool = False
    bound: Bound | None = None
    without: str | None = None


class Extreme(NamedTuple):
    """That the largest is meant, or the one farthest left, or the second of these.

    Attributes:
        axis: By what they are ranked: size, or the middle of the box.
        way: 1 for the most of it, -1 for the least.
        place: How many come before it.
    """

    axis: Axis
    way: int
    place: int = 0


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
        extreme: Which of several is meant, if it is the largest or the like.
        opening: The yes or no with which it begins, if it does.
        asks: Whether it is a question to be answered by yes or no, or one for what, which, where, who, why or how.
        outlined: Whether outlines are spoken of.
        unit: What "how many" counts, if not the things themselves.
        counted: Labels of which it asks how many there are, those that an "and" adds too.
        said: All whole numbers in it, of claims or not, in words or digits.
        colours: Those that it names, less those it denies.
        either: Whether one of its claims is enough.
        share: Whether all of a label are meant, or most.
        beyond: A word of a question that asks more of things than whether they are there.
    """

    claims: tuple[Claim, ...] = ()
    labels: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()
    compared: Bound | None = None
    extreme: Extreme | None = None
    opening: bool | None = None
    asks: Literal["whether", "what"] | None = None
    outlined: bool = False
    unit: Unit | None = None
    counted: tuple[str, ...] = ()
    said: tuple[int, ...] = ()
    colours: tuple[str, ...] = ()
    either: bool = False
    share: Literal["all", "most"] | None = None
    beyond: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it asks how many there are of any label."""
        return bool(self.counted)


@dataclass
class _Mention:
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


def read(text: str, known: Collection[str] = ()) -> Reading:
    """Read the claims of an English text; of one in another language only ids and numbers are read.

    Args:
        text: A sentence or a few.
        known: Labels beside those of the taxonomy, such as those in the scene.
    """
    lower = _plainly(text)
    asking = text.rstrip().endswith("?")
    tokens = _TOKEN.findall(lower)
    mentions = list(_mentions(tokens, known))
    used: set[int] = set()
    for mention in mentions:
        _look_around(tokens, mention, used)
    _share(tokens, mentions, lower if asking else "")
    named, mentions = mentions, _leave_out(tokens, mentions)
    compared = _compared(tokens, lower)
    claims = (*_claims(tokens, mentions, related=compared is None), *_parted(tokens, mentions, used))
    claims = claims or tuple(_nameless(tokens, asking))
    reading = Reading(
        claims=claims,
        labels=tuple(dict.fromkeys(mention.label for mention in mentions)),
        ids=tuple(dict.fromkeys(token for token in tokens if re.fullmatch(r".+-\d+", token))),
        strangers=tuple(dict.fromkeys(_strangers(tokens, named))),
        numbers=tuple(int(token) for index, token in enumerate(tokens) if token.isdecimal() and index not in used),
        said=tuple(_said(tokens)),
        colours=tuple(one for place, one in enumerate(tokens) if one in COLOURS and tokens[place - 1] != "not"),
        shares=tuple(float(token[:-1]) for token in tokens if token.endswith("%")),
        compared=compared,
        extreme=_extreme(tokens, lower),
        opening={"yes": True, "no": False}.get(tokens[0]) if tokens[1:2] in ([","], ["."], [":"]) else None,
        asks=_asks(tokens) if asking else None,
        outlined=bool(_OUTLINES.search(lower)),
        unit=next((unit for unit, pattern in _KINDS.items() if pattern.search(lower)), None),
        counted=tuple(_counted(tokens, mentions)),
        either="or" in tokens,
        share="all" if _EVERY.search(lower) else "most" if _MOST.search(lower) else None,
    )
    return replace(reading, beyond=_beyond(lower, known, reading))


def _plainly(text: str) -> str:
    """The text in lower case, with what is denied or asked in a roundabout way said plainly."""
    lower = _RHETORICAL.sub(lambda found: {"ca": "can", "wo": "will"}.get(found[1], found[1]), text.lower().strip())
    lower = _AM_I_RIGHT.sub("", lower.replace("n't", " not").replace("'s", ""))
    for pattern, plain in _PLAINLY:
        lower = pattern.sub(plain, lower)
    return lower


def _share(tokens: Sequence[str], mentions: Sequence[_Mention], question: str) -> None:
    """Give mentions what stands elsewhere and can be meant of nothing else."""
    for before, mention in pairwise(mentions):
        between = set(tokens[before.end : mention.start])
        if before.number == 0 and "or" in between and between <= {"or", ",", "a", "an", "any", "the"}:
            mention.number, mention.counted = 0, True  # "no horses or cows"
    colours: list[str] = [token for token in tokens if token in COLOURS]
    if len(mentions) == len(colours) == 1 and not list(_parts(tokens)):
        mentions[0].colours = colours
    numbered = [mention for mention in mentions if mention.counted]
    if len(numbered) == 1 and numbered[0].bound is None:
        numbered[0].bound = _bound(question)


def _parts(tokens: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Where numbers count by colour what was named before: "3 cars: 2 red", "3 cars, 2 of which are red"."""
    for place, token in enumerate(tokens):
        end = place + 1
        while end < len(tokens) and tokens[end] in _OF_WHICH:
            end += 1
        number, colour = _number(token), tokens[end : end + 1]
        if number is not None and set(colour) & set(COLOURS) and tokens[end + 1 : end + 2] in _AFTER_PART:
            yield place, number, colour[0]


def _said(tokens: Sequence[str]) -> Iterator[int]:
    for before, token in pairwise(["is", *tokens]):
        number = _number(token)
        if number is not None and (token != "one" or before in _BEFORE_ONE):
            yield number


def _bound(text: str) -> Bound | None:
    return next((sign for pattern, sign in _BOUNDS.items() if re.search(pattern, text)), None)


def _leave_out(tokens: Sequence[str], mentions: Sequence[_Mention]) -> list[_Mention]:
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


def _set_apart(tokens: Sequence[str], mention: _Mention, counted: bool) -> bool:
    before = [token for token in tokens[: mention.start] if token not in _ARTICLES and _number(token) is None]
    apart = any(tuple(before[-len(words) :]) == words for words in _APART)
    return apart or (counted and before[-2:] in (["are", "not"], ["is", "not"]))


def _parted(tokens: Sequence[str], mentions: Sequence[_Mention], used: set[int]) -> Iterator[Claim]:
    """Claims of numbers that stand with a colour alone, of what was named last before them."""
    for place, number, colour in _parts(tokens):
        if place not in used and (before := [mention for mention in mentions if mention.end <= place]):
            used.add(place)
            yield Claim(before[-1].label, number, colour)


def _nameless(tokens: Sequence[str], asking: bool) -> Iterator[Claim]:
    """What is asked for by its colour alone: "what is red?"."""
    colours = [token for token in tokens if token in COLOURS]
    if asking and len(colours) == 1 and tokens[:2] in (["what", "is"], ["which", "is"]) and tokens[-2:-1] == colours:
        yield Claim(ANYTHING, colour=colours[0], denied="not" in tokens)


def _extreme(tokens: Sequence[str], lower: str) -> Extreme | None:
    words = set(tokens)
    rank = _RANK.search(lower)
    place = {"second": 1, "third": 2}[rank[1]] if rank else 0
    choice = bool(words & {"or", "two"} and words & {"which", "what"})
    if words & _LARGEST or ("most" in words and words & _ABOUT_LOOKS) or (choice and words & {"larger", "bigger"}):
        return Extreme("size", 1, place)
    if words & _SMALLEST or (choice and "smaller" in words):
        return Extreme("size", -1, place)
    found = next((way for pattern, way in _PLACES.items() if pattern.search(lower)), None)
    return Extreme(*found, place) if found else None


def _taken(reading: Reading) -> set[str]:
    """Words of a question that what was read off it takes account of."""
    claims = reading.claims
    coloured, left_out = any(claim.colour for claim in claims), any(claim.without for claim in claims)
    accounts: tuple[tuple[object, Collection[str]], ...] = (
        (reading.compared, _COMPARING),
        (reading.counted, _COUNTING),
        (reading.unit, _UNITS),
        (reading.extreme and coloured, _EXTREMES),
        (coloured or left_out or any(claim.number is not None for claim in claims), _LIMITING),
        (any(claim.relation for claim in claims), _RELATING),
        (left_out, {"else", *(word for words in _APART for word in words)}),
    )
    return {word for read_off, words in accounts if read_off for word in words}


def _beyond(lower: str, known: Collection[str], reading: Reading) -> str | None:
    """The first word that asks more than what was read; "in the car" does, "in the picture" does not."""
    if reading.counted and any(claim.denied for claim in reading.claims):
        return "not"
    taken = _taken(reading)
    tokens: list[str] = _TOKEN.findall(_WHOLE.sub(" ", lower))
    named = {place for one in _mentions(tokens, known) for place in range(one.start, one.end)}
    for place, word in enumerate(tokens):
        within = word == "in" and tokens[place + 1 : place + 2] != ["there"] and _leads(tokens, place + 1) in named
        explained = word in _EXISTENCE or word in taken or word in _NUMBERS or word in COLOURS or place in named
        if word.isalpha() and (within or not explained):
            return word
    return None


def _leads(tokens: Sequence[str], place: int) -> int:
    """The place of the next word that is no article and no colour."""
    while place < len(tokens) and (tokens[place] in _ARTICLES or tokens[place] in COLOURS):
        place += 1
    return place


def _compared(tokens: Sequence[str], lower: str) -> Bound | None:
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


def _mentions(tokens: Sequence[str], known: Collection[str]) -> Iterator[_Mention]:
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
            _take(tokens, index, number, mention, used)
            break
        if token in COLOURS:
            mention.colours.append(token)
        elif token in {"and", "or"} and tokens[index - 1] in COLOURS and tokens[index + 1] in COLOURS:
            pass  # "red or blue cars"
        elif token in _ENDS and token != "of" or token in _RELATIONS or not token.isalpha() or token in _UNITS:
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


def _take(tokens: Sequence[str], index: int, number: int, mention: _Mention, used: set[int]) -> None:
    """Give a mention the number before it; of "one of the two dogs" the one, of "the largest of two dogs" none."""
    part = index - 1
    while part >= 0 and tokens[part] in _PART:
        part -= 1
    if part >= 0 and "of" in tokens[part + 1 : index]:
        if tokens[part] in _LARGEST | _SMALLEST:
            return
        if (smaller := _number(tokens[part])) is not None:
            used.add(part)
            index, number = part, smaller
    before = " ".join(tokens[max(0, index - 2) : index + 1])
    mention.number, mention.counted, mention.bound = number, True, _bound(before)


def _number(token: str) -> int | None:
    return int(token) if token.isdecimal() else _NUMBERS.get(token)


def _counted(tokens: Sequence[str], mentions: Sequence[_Mention]) -> Iterator[str]:
    """Labels of which is asked how many there are, with those that "and" adds; "how many" alone asks for the first."""
    counted = False
    for before, mention in pairwise([None, *mentions]):
        between = set(tokens[before.end : mention.start]) if before and mention else {"."}
        added = counted and between <= {"and", "or", ",", "the", *COLOURS}
        if mention and (counted := added or _asked_number(tokens, mention)):
            yield mention.label
    if mentions and ("how", "many") in pairwise(tokens) and not any(_asked_number(tokens, one) for one in mentions):
        yield mentions[0].label


def _asked_number(tokens: Sequence[str], mention: _Mention) -> bool:
    """Whether "how many", "the number of" or "count" stands before a mention, with no more than colours between."""
    before = [token for token in tokens[: mention.start] if token not in COLOURS and token not in _BEFORE_COUNTED]
    return before[-2:] == ["how", "many"] or before[-1:] in (["number"], ["count"], ["tally"], ["total"], ["quantity"])


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
    number = mention.number if mention.counted else None
    claim = Claim(mention.label, number, denied=mention.denied, bound=mention.bound, without=mention.without)
    if len(mention.colours) > 1 and (number or 0) > 1:  # "three dogs (brown, black and white)": so many of them all
        yield claim
        claim = replace(claim, number=None, bound=None)
    yield from (replace(claim, colour=colour) for colour in mention.colours) if mention.colours else (claim,)


def _related(
    mentions: Sequence[_Mention], subjects: Sequence[int], told: Sequence[Predicate], other: str, denied: bool
) -> Iterator[Claim]:
    for place in subjects:
        subject = mentions[place]
        for relation in told:
            colour = subject.colours[0] if subject.colours else None
            yield Claim(subject.label, subject.number, colour, relation, other, denied, subject.bound, subject.without)


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
