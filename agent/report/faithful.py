"""Whether words say what a claim says, no more and no less: facts are read out of them again, without the scene."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

from agent.report.claims import Claim, Content, Count, Fragment, Sentence
from agent.report.words import Words
from graphs.taxonomy import ANYTHING, CATEGORIES, HYPERNYMS
from tools.colour import COLOURS

Token = tuple[str, ...]
"""A fact as it stands in a text: its kind, and what it is about."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+(?:\.\d+)?", re.UNICODE)


def faithful(text: str, claim: Claim, words: Words) -> str | None:
    """Say why a sentence that stands alone does not say what a claim says.

    Args:
        text: The sentence.
        claim: What it should say; its own words are not looked at.
        words: The language of both.

    Returns:
        A short reason, or none when all is well.
    """
    key = "total" if isinstance(claim.content, Count) and not claim.content.image else claim.content.kind
    due = _filled(words, f"claim.{key}", claim.content)
    if claim.certainty == "possible":
        due = _around(words, "claim.doubtful", {"sentence": due})
    return _difference(tokens(text, words), due)


def rewritten(text: str, sentence: Sentence, claims: dict[str, Claim], words: Words) -> str | None:
    """Say why a text is no rewriting of a sentence: the facts must be those of its claims, in their order.

    Args:
        text: What somebody else wrote.
        sentence: What the plan wrote.
        claims: By id.
        words: The language of both.
    """
    due: list[Token] = []
    for part in sentence:
        if isinstance(part, Fragment):
            content = claims[part.claim].content
            key = "total" if isinstance(content, Count) and not content.image else content.kind
            due += _filled(words, f"part.{key}", content)
        else:
            due += tokens(part, words)
    return _difference(tokens(text, words), due)


def _difference(said: Sequence[Token], due: Sequence[Token]) -> str | None:
    if list(said) == list(due):
        return None
    wrong = next((one for one in said if one not in due), None)
    if wrong is not None:
        return f"nothing bears out {' '.join(wrong)!r}"
    missing = next((one for one in due if one not in said), None)
    return f"it leaves out {' '.join(missing)!r}" if missing else "it tells the facts in another order"


def tokens(text: str, words: Words) -> list[Token]:
    """The facts in a text, in their order; a word that is neither a fact nor a mere link is a fact that none knows."""
    reader = _reader(words)
    found: list[Token] = []
    rest = text
    while rest:
        token, length = reader.next(rest)
        if token:
            found.append(token)
        rest = rest[length:]
    return found


def _filled(words: Words, key: str, content: Content) -> list[Token]:
    return _around(words, key, _places(content, words))


def _around(words: Words, key: str, places: dict[str, list[Token]]) -> list[Token]:
    """The tokens of a phrase whose places hold other tokens."""
    group, _, name = key.partition(".")
    found: list[Token] = []
    for place, part in enumerate(re.split(r"\{(\w+)\}", words.group(group)[name])):
        found += places[part] if place % 2 else tokens(part, words)
    return found


def _places(content: Content, words: Words) -> dict[str, list[Token]]:
    """What each place of a phrase may hold, from the typed claim."""
    places: dict[str, list[Token]] = {}
    for field in ("entity", "subject"):
        if hasattr(content, field):
            places["name"] = [("name", getattr(content, field))]
    if hasattr(content, "image"):
        places["image"] = [("name", content.image)]
    match content.kind:
        case "count":
            places["count"] = _number(content)
        case "is":
            places["label"] = places["a_label"] = [("label", content.label)]
        case "coloured":
            places["colour"] = [("colour", content.colour)]
        case "placed":
            places["place"] = [("place", content.place)]
        case "fills":
            places["percent"] = [("under" if content.under else "percent", f"{content.percent:g}")]
        case "relates":
            places["predicate"] = [("relates", content.predicate, content.object)]
        case "zoned":
            places["zone"] = tokens(content.zone, words)
        case "means":
            places["meaning"] = tokens(content.meaning, words)
            places["other"] = [("name", content.object)]
        case "differs":
            places["change"] = _around(words, f"change.{content.change}", {"other": [("name", content.other)]})
        case "alike":
            places["images"] = [("name", image) for image in content.images]
            places["labels"] = [("label", label) for label in content.labels]
        case "varies":
            places["then"], places["now"] = (
                _number(Count(image="", label=content.label, number=n)) for n in (content.was, content.number)
            )
            places["before"] = [("name", content.before)]
        case "reads":
            places["text"] = [("text", content.text)]
    return places


def _number(content: Count) -> list[Token]:
    if not content.number and content.more:
        return [("hedge",), ("count", str(content.more), content.label)]
    lower: list[Token] = [("at_least",)] if content.at_least and content.number else []
    count = ("count", str(content.number), content.label) if content.number else ("none", content.label)
    return [*lower, count, *([("more", str(content.more))] if content.more else [])]


class _Reader:
    """Reads one fact after the other out of a text of one language."""

    def __init__(self, words: Words) -> None:
        self._words = words
        grammar = words.group("reading")
        labels = {
            form.lower(): label for label in _labels() for form in (words.label(label), words.labels(label), label)
        }
        self._labels = labels
        self._numbers = {word: str(number) for number, word in enumerate(grammar["numbers"].split(), start=1)}
        self._links = {link.lower() for link in grammar["links"].split()}
        form = _either(labels)
        name = rf"(?:(?:{form}|[A-Za-z]+)-\d+)"
        number = rf"(?:\d+|{_either(self._numbers)})"
        self._patterns: list[tuple[str, re.Pattern[str], str]] = []
        for predicate, phrase in words.group("predicate").items():
            before, _, after = phrase.partition("{other}")
            self._add("relates", rf"{_loose(before)}(?P<what>{name}){_loose(after)}", predicate)
        for place, phrase in words.group("place").items():
            self._add("place", _loose(phrase), place)
        quoted = "(?P<what>.*?)".join(re.escape(mark) for mark in words.quote("\0").split("\0"))
        self._add("text", quoted)
        self._add("name", rf"(?P<what>{name})")
        self._add("under", rf"{_loose(words('number.under', percent='')).strip()}\s*(?P<what>\d+(?:\.\d+)?)\s*%")
        self._add("percent", rf"{_loose(words('number.about', percent='')).strip()}\s*(?P<what>\d+(?:\.\d+)?)\s*%")
        self._add("none", _counted(words, "none", "", form))
        self._add("count", _counted(words, "exact", rf"(?P<number>{number})", form))
        for kind in ("largest", "at_least", "hedge", "not"):
            self._add(kind, _either(grammar[kind].split("|")))
        more = grammar["more"].replace("{more}", rf"(?P<number>{number})")
        self._add("more", more.replace("{measure}", _measures(words)))
        self._add("colour", rf"(?P<what>{_either(words.colour(colour) for colour in COLOURS)})")
        self._add("label", rf"(?:an? )?(?P<what>{form})")

    def _add(self, kind: str, pattern: str, about: str = "") -> None:
        edge = r"(?![^\W_])" if self._words.language == "en" else ""
        self._patterns.append((kind, re.compile(pattern + edge, re.IGNORECASE), about))

    def next(self, text: str) -> tuple[Token | None, int]:
        """The fact at the start of a text, if one is there, and how many characters it takes."""
        best: tuple[Token | None, int] = (None, 0)
        for kind, pattern, about in self._patterns:
            if (match := pattern.match(text)) and match.end() > best[1]:
                best = self._token(kind, match, about), match.end()
        if best[1]:
            return best
        if word := _WORD.match(text) if self._words.language == "en" else re.match(r"\w", text):
            known = word.group().lower() in self._links
            return (None if known else ("word", word.group().lower())), word.end()
        return None, 1

    def _token(self, kind: str, match: re.Match[str], about: str) -> Token:
        groups = match.groupdict()
        what, number = groups.get("what"), groups.get("number")
        token: list[str] = [kind, *([about] if about else [])]
        if number is not None:
            token.append(self._numbers.get(number.lower(), number))
        if label := groups.get("label"):
            token.append(self._labels[label.lower()])
        if what is not None:
            token.append(self._meant(kind, what))
        return tuple(token)

    def _meant(self, kind: str, what: str) -> str:
        """What a word stands for: an id, a label, a colour."""
        match kind:
            case "name" | "relates":
                stem, _, number = what.rpartition("-")
                label = self._labels.get(stem.lower(), stem.lower())
                return f"{label.replace(' ', '_')}-{number}"
            case "label":
                return self._labels[what.lower()]
            case "colour":
                return next(one for one in COLOURS if self._words.colour(one).lower() == what.lower())
            case "percent" | "under":
                return f"{float(what):g}"
        return what


@functools.lru_cache(maxsize=4)
def _reader(words: Words) -> _Reader:
    return _Reader(words)


def _labels() -> Iterable[str]:
    return dict.fromkeys([*CATEGORIES, *HYPERNYMS, ANYTHING, "text", "gap", "region", "difference"])


def _either(options: Iterable[str]) -> str:
    """One of several words, the longest that fits."""
    return "(?:" + "|".join(_loose(one) for one in sorted(set(options), key=len, reverse=True)) + ")"


def _loose(phrase: str) -> str:
    """A phrase as a pattern, with any white space between its words."""
    return r"\s+".join(re.escape(word) for word in phrase.split(" "))


def _counted(words: Words, key: str, number: str, form: str) -> str:
    phrase = _loose(words(f"number.{key}", number="\1", labels="\2", measure="\3"))
    return phrase.replace("\1", number).replace("\2", rf"(?P<label>{form})").replace("\3", _measures(words))


def _measures(words: Words) -> str:
    return _either(words.group("measure").values())
