"""What a sentence may claim about the things in images, as types. Reading it off the words is `reading`'s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from graphs.relations import Predicate

Bound = Literal[">", "<", ">=", "<=", "="]
Unit = Literal["kind", "colour", "image", "difference"]
Axis = Literal["size", "x", "y"]


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
