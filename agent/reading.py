"""What a sentence claims about the things in images, read off its words. Whether the claims are true is `verify`'s."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from agent.claims import Claim, Reading, Unit
from agent.comparing import comparison, singled_out
from agent.mentions import Mention, leave_out, look_around, mentions_in, parts
from agent.strange import beyond, strangers
from agent.wording import PIECES, RELATIONS, STOPS, number_of, plainly, tokenise
from graphs.relations import Predicate
from graphs.taxonomy import ANYTHING
from tools.colour import COLOURS

_KINDS: dict[Unit, re.Pattern[str]] = {
    "kind": re.compile(r"\bhow many (?:different )?(?:kinds|types|sorts|species)\b"),
    "colour": re.compile(r"\bhow many (?:different )?colou?rs\b"),
    "image": re.compile(r"\bhow many (?:of the |of these )?(?:images|pictures|photos)\b"),
    "difference": re.compile(r"\bhow many (?:more|fewer|less)\b"),
}
_AUXILIARIES = {"is", "are", "was", "were", "do", "does", "did", "has"}  # "could you …" may ask for a deed
_OPEN = {"what", "which", "where", "who", "whose", "why", "how"}
_DEEDS = {"count", "number", "list", "name", "tell"}
_OUTLINES = re.compile(
    r"\b(outlin(e[sd]?|ing)|contours?|silhouettes?|segment(ed|ation)?|masks? (out|of|for|all|each|every|the)"
    r"|cut (the [\w ]+ )?out|(cut|draw|trace) around|trace (all|each|every|the)|pixels (of|belong)|from the background"
    r"|exact (area|pixels|shape)|(draw|give|mark|show) the shapes? of)\b"
)
"""A mask alone may be worn."""
_EVERY = re.compile(r"\b(?:all|both|every|each)(?: of)?(?: (?:the|these|those|my))? (?!an? )")
_MOST = re.compile(r"\bmost (?:of )?(?:the|these|those|my) ")
_BEFORE_ONE = {"is", "are", "just", "only", "exactly", "see", "shows", ",", ":"}
"""Where `one` is a number; "a white one" is none."""
_BEFORE_COUNTED = PIECES | {"up", "my", "individual", "different", "non", "coloured", "colored"}
_NAMELESS = {"what", "which", "list", "name", "everything"}
"""Words that ask for things by no name of theirs."""
_LISTING = {",", "and", "or", "a", "an", "the"}


def read(text: str, known: Collection[str] = ()) -> Reading:
    """Read the claims of an English text; of one in another language only ids and numbers are read.

    Args:
        text: A sentence or a few.
        known: Labels beside those of the taxonomy, such as those in the scene.
    """
    lower = plainly(text)
    asking = text.rstrip().endswith("?")
    tokens = tokenise(lower)
    mentions = list(mentions_in(tokens, known))
    used = look_around(tokens, mentions, lower if asking else "")
    named, mentions = mentions, leave_out(tokens, mentions)
    compared = comparison(tokens, lower)
    claims = (*_claims(tokens, mentions, related=compared is None), *_parted(tokens, mentions, used))
    claims = claims or tuple(_nameless(tokens, asking))
    reading = Reading(
        claims=claims,
        labels=tuple(dict.fromkeys(mention.label for mention in mentions)),
        ids=tuple(dict.fromkeys(token for token in tokens if re.fullmatch(r".+-\d+", token))),
        strangers=tuple(dict.fromkeys(strangers(tokens, named))),
        numbers=tuple(int(token) for index, token in enumerate(tokens) if token.isdecimal() and index not in used),
        said=tuple(_said(tokens)),
        colours=tuple(one for place, one in enumerate(tokens) if one in COLOURS and tokens[place - 1] != "not"),
        shares=tuple(float(token[:-1]) for token in tokens if token.endswith("%")),
        compared=compared,
        extreme=singled_out(tokens, lower),
        opening={"yes": True, "no": False}.get(tokens[0]) if tokens[1:2] in ([","], ["."], [":"]) else None,
        asks=_asks(tokens) if asking else None,
        outlined=bool(_OUTLINES.search(lower)),
        unit=next((unit for unit, pattern in _KINDS.items() if pattern.search(lower)), None),
        counted=tuple(_counted(tokens, mentions)),
        either="or" in tokens,
        share="all" if _EVERY.search(lower) else "most" if _MOST.search(lower) else None,
    )
    return replace(reading, beyond=beyond(lower, known, reading))


def _claims(tokens: Sequence[str], mentions: Sequence[Mention], *, related: bool) -> Iterator[Claim]:
    """A claim for each mention, and one for each relation between two."""
    subjects: list[int] = []
    ends: set[int] = set()
    claims: list[Claim] = []
    for place, mention in enumerate(mentions):
        between = tokens[mentions[place - 1].end if place else 0 : mention.start]
        if not place:
            ended = [index for index, token in enumerate(between) if token in STOPS]
            between = between[ended[-1] + 1 :] if ended else between
        cut = bool(set(between) & set(STOPS))
        told = [RELATIONS[word] for word in between if word in RELATIONS] if related and not cut else []
        if told and subjects:
            denied = "not" in between or mentions[subjects[-1]].denied
            claims += _related(mentions, subjects, told, mention.label, denied)
        elif told and not place and len(mentions) > 1:  # "left of the tree is a dog"
            claims += _related(mentions, [1], told, mention.label, mention.denied)
        elif told and not place and set(tokens) & _NAMELESS:  # "what is left of the tree"
            claims += [Claim(ANYTHING, relation=relation, other=mention.label) for relation in told]
        else:
            listed = not cut and all(word in _LISTING or number_of(word) is not None for word in between)
            subjects = [*subjects, place] if listed else [place]
            continue
        ends.add(place)
    taken = {(claim.label, claim.number) for claim in claims}
    for place, mention in enumerate(mentions):
        if place not in ends and (mention.label, mention.number) not in taken:
            yield from _plain(mention)
    yield from claims


def _plain(mention: Mention) -> Iterator[Claim]:
    number = mention.number if mention.counted else None
    claim = Claim(mention.label, number, denied=mention.denied, bound=mention.bound, without=mention.without)
    if len(mention.colours) > 1 and (number or 0) > 1:  # "three dogs (brown, black and white)": so many of them all
        yield claim
        claim = replace(claim, number=None, bound=None)
    yield from (replace(claim, colour=colour) for colour in mention.colours) if mention.colours else (claim,)


def _related(
    mentions: Sequence[Mention], subjects: Sequence[int], told: Sequence[Predicate], other: str, denied: bool
) -> Iterator[Claim]:
    for place in subjects:
        subject = mentions[place]
        for relation in told:
            colour = subject.colours[0] if subject.colours else None
            yield Claim(subject.label, subject.number, colour, relation, other, denied, subject.bound, subject.without)


def _parted(tokens: Sequence[str], mentions: Sequence[Mention], used: set[int]) -> Iterator[Claim]:
    """Claims of numbers that stand with a colour alone, of what was named last before them."""
    for place, number, colour in parts(tokens):
        if place not in used and (before := [mention for mention in mentions if mention.end <= place]):
            used.add(place)
            yield Claim(before[-1].label, number, colour)


def _nameless(tokens: Sequence[str], asking: bool) -> Iterator[Claim]:
    """What is asked for by its colour alone: "what is red?"."""
    colours = [token for token in tokens if token in COLOURS]
    if asking and len(colours) == 1 and tokens[:2] in (["what", "is"], ["which", "is"]) and tokens[-2:-1] == colours:
        yield Claim(ANYTHING, colour=colours[0], denied="not" in tokens)


def _said(tokens: Sequence[str]) -> Iterator[int]:
    for before, token in pairwise(["is", *tokens]):
        number = number_of(token)
        if number is not None and (token != "one" or before in _BEFORE_ONE):
            yield number


def _counted(tokens: Sequence[str], mentions: Sequence[Mention]) -> Iterator[str]:
    """Labels of which is asked how many there are, with those that "and" adds; "how many" alone asks for the first."""
    counted = False
    for before, mention in pairwise([None, *mentions]):
        between = set(tokens[before.end : mention.start]) if before and mention else {"."}
        added = counted and between <= {"and", "or", ",", "the", *COLOURS}
        if mention and (counted := added or _asked_number(tokens, mention)):
            yield mention.label
    if mentions and ("how", "many") in pairwise(tokens) and not any(_asked_number(tokens, one) for one in mentions):
        yield mentions[0].label


def _asked_number(tokens: Sequence[str], mention: Mention) -> bool:
    """Whether "how many", "the number of" or "count" stands before a mention, with no more than colours between."""
    before = [token for token in tokens[: mention.start] if token not in COLOURS and token not in _BEFORE_COUNTED]
    return before[-2:] == ["how", "many"] or before[-1:] in (["number"], ["count"], ["tally"], ["total"], ["quantity"])


def _asks(tokens: Sequence[str]) -> Literal["whether", "what"] | None:
    """How a question begins, if it asks for no more than that."""
    if not tokens:
        return None
    if tokens[0] in _OPEN and "," not in tokens:
        return "what"
    return "whether" if tokens[0] in _AUXILIARIES and not set(tokens) & (_OPEN | _DEEDS) else None
