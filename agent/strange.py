"""Words that nothing read off a sentence explains: nouns nobody knows, and what a question asks beyond it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from agent.claims import Reading
from agent.mentions import Mention, mentions_in
from agent.wording import APART, ARTICLES, ENDS, LARGEST, PIECES, RELATIONS, SMALLEST, UNITS, number_of, tokenise
from tools.colour import COLOURS

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
_EXTREMES = LARGEST | SMALLEST | {"leftmost", "rightmost", "topmost", "bottommost", "second", "third"}
_BEFORE_NOUN = ARTICLES | {"more", "fewer", "less", "most", "fewest"}
_PLAIN = set(
    "image images picture pictures photo photos scene scenes one ones other others left right top bottom middle centre "
    "center side front back background foreground same largest biggest smallest greatest number count total colour "
    "color colours colors share area percent answer question tools tool evidence way case first second third last "
    "latter former numerous two position relation size yes no others rest following them these those detector result "
    "results detection detections confidence far row total kinds types sorts species object objects things".split()
)


def strangers(tokens: Sequence[str], mentions: Sequence[Mention]) -> Iterator[str]:
    """The head of each noun phrase that begins with an article or a number and holds no label."""
    starts = {place for mention in mentions for place in range(mention.start, mention.end)}
    for place, token in enumerate(tokens):
        if token not in _BEFORE_NOUN and number_of(token) is None:
            continue
        head = None
        for index in range(place + 1, min(place + 6, len(tokens))):
            if index in starts:
                head = None
                break
            word = tokens[index]
            if word in PIECES:
                continue
            if word in ENDS or word in RELATIONS or word in ARTICLES or not word.isalpha():
                break
            head = word
        if head and head not in _PLAIN and head not in COLOURS and number_of(head) is None:
            yield head


def beyond(lower: str, known: Collection[str], reading: Reading) -> str | None:
    """The first word that asks more than what was read; "in the car" does, "in the picture" does not."""
    if reading.counted and any(claim.denied for claim in reading.claims):
        return "not"
    plain = {*_EXISTENCE, *_taken(reading), *COLOURS}
    tokens = tokenise(_WHOLE.sub(" ", lower))
    named = {place for one in mentions_in(tokens, known) for place in range(one.start, one.end)}
    for place, word in enumerate(tokens):
        within = word == "in" and tokens[place + 1 : place + 2] != ["there"] and _leads(tokens, place + 1) in named
        explained = word in plain or number_of(word) is not None or place in named
        if word.isalpha() and (within or not explained):
            return word
    return None


def _taken(reading: Reading) -> set[str]:
    """Words of a question that what was read off it takes account of."""
    claims = reading.claims
    coloured, left_out = any(claim.colour for claim in claims), any(claim.without for claim in claims)
    accounts: tuple[tuple[object, Collection[str]], ...] = (
        (reading.compared, _COMPARING),
        (reading.counted, _COUNTING),
        (reading.unit, UNITS),
        (reading.extreme and coloured, _EXTREMES),
        (coloured or left_out or any(claim.number is not None for claim in claims), _LIMITING),
        (any(claim.relation for claim in claims), _RELATING),
        (left_out, {"else", *(word for words in APART for word in words)}),
    )
    return {word for read_off, words in accounts if read_off for word in words}


def _leads(tokens: Sequence[str], place: int) -> int:
    """The place of the next word that is no article and no colour."""
    while place < len(tokens) and (tokens[place] in ARTICLES or tokens[place] in COLOURS):
        place += 1
    return place
