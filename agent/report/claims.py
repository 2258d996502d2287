"""What a report says: typed claims with their evidence, and the sentences and tables that hold them. No words here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from graphs.types import Frozen

Place = Literal[
    "top_left", "top", "top_right", "left", "centre", "right", "bottom_left", "bottom", "bottom_right"
]  # fmt: skip
Certainty = Literal["sure", "possible"]


class Count(Frozen):
    """An image shows so many of a label; for all images together, `image` is empty.

    Attributes:
        image: Its id.
        label: Category or hypernym.
        number: How many count as seen.
        more: How many were seen in doubt.
        at_least: Whether the search had limits, so that there may be more.
    """

    kind: Literal["count"] = "count"
    image: str
    label: str
    number: int = Field(ge=0)
    more: int = Field(default=0, ge=0)
    at_least: bool = False


class Is(Frozen):
    """An entity is of a category."""

    kind: Literal["is"] = "is"
    entity: str
    label: str


class Coloured(Frozen):
    """An entity mostly has a colour."""

    kind: Literal["coloured"] = "coloured"
    entity: str
    colour: str


class Placed(Frozen):
    """The middle of an entity's box lies in this ninth of the image."""

    kind: Literal["placed"] = "placed"
    entity: str
    image: str
    place: Place


class Fills(Frozen):
    """An entity's mask fills this share of its image, in percent, or less than that."""

    kind: Literal["fills"] = "fills"
    entity: str
    image: str
    percent: float = Field(ge=0, le=100)
    under: bool = False


class Largest(Frozen):
    """No other thing in the image has a larger box."""

    kind: Literal["largest"] = "largest"
    entity: str
    image: str


class Relates(Frozen):
    """Two entities stand in a relation of the scene graph."""

    kind: Literal["relates"] = "relates"
    subject: str
    predicate: str
    object: str


class Reads(Frozen):
    """A text stands in the image, at the entity that the reader made of it."""

    kind: Literal["reads"] = "reads"
    entity: str
    image: str
    text: str


class Zoned(Frozen):
    """The middle of an entity's box lies in a zone that the template names: `xyxy` in shares of the image."""

    kind: Literal["zoned"] = "zoned"
    entity: str
    image: str
    zone: str
    box: tuple[float, float, float, float]


class Means(Frozen):
    """What a relation may mean, by a rule of the template."""

    kind: Literal["means"] = "means"
    subject: str
    predicate: str
    object: str
    meaning: str


class Differs(Frozen):
    """A thing of one of two images that should be alike has no counterpart in the other, or one of another colour.

    Attributes:
        change: `missing` and `extra` are seen from `image`; `recoloured` things are there in both.
        image: The image that was compared.
        entity: The thing: of the reference if it is missing, else of the image.
        other: The reference or the image in which it has no counterpart; its counterpart if it is recoloured.
    """

    kind: Literal["differs"] = "differs"
    change: Literal["missing", "extra", "recoloured"]
    image: str
    entity: str
    other: str


class Varies(Frozen):
    """From one image to the next the number of a label changes."""

    kind: Literal["varies"] = "varies"
    label: str
    image: str
    number: int
    before: str
    was: int


class Alike(Frozen):
    """Each of some images shows something of each of some labels."""

    kind: Literal["alike"] = "alike"
    images: tuple[str, ...] = Field(min_length=2)
    labels: tuple[str, ...] = Field(min_length=1)


class Odd(Frozen):
    """What an image shows, no other image shows anything of."""

    kind: Literal["odd"] = "odd"
    image: str


Content = Annotated[
    Count | Is | Coloured | Placed | Fills | Largest | Relates | Reads | Zoned | Means | Differs | Varies | Alike | Odd,
    Field(discriminator="kind"),
]


class Claim(Frozen):
    """One statement that is true or false.

    Attributes:
        id: Unique in its report, such as `c12`.
        text: The statement as one sentence that stands alone.
        content: The same, typed.
        evidence: Ids of the scene graph that it rests on.
        certainty: `possible` where the tools saw something without being sure, and the words say so.
    """

    id: str
    text: str
    content: Content
    evidence: tuple[str, ...]
    certainty: Certainty = "sure"


class Fragment(Frozen):
    """The words by which a sentence or a table makes a claim."""

    claim: str
    text: str


Sentence = tuple[str | Fragment, ...]
"""Plain words and claims, in reading order."""


class Table(Frozen):
    """Rows of cells; each cell is a sentence, and each row is about one entity."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Sentence, ...], ...]


class Section(Frozen):
    """A part under its own title.

    Attributes:
        kind: What it holds, such as `relations`; templates name it.
        title: In the language of the report.
        sentences: Its text.
        table: Its table, if it has one.
    """

    kind: str
    title: str
    sentences: tuple[Sentence, ...] = ()
    table: Table | None = None


class Page(Frozen):
    """What is said of one image."""

    image: str
    title: str
    sections: tuple[Section, ...]


class Report(Frozen):
    """All that is said, in a language, by a template.

    Attributes:
        title: Of the whole.
        language: `en` or `zh`.
        template: Its name.
        notice: A warning that stands on top; may be empty.
        overview: What is said of the images together.
        pages: One for each image.
        claims: Every claim, by the order of its first use.
        made: How it came about, line by line: tools, models, thresholds, time.
    """

    title: str
    language: str
    template: str
    notice: str = ""
    overview: tuple[Section, ...] = ()
    pages: tuple[Page, ...] = ()
    claims: tuple[Claim, ...] = ()
    made: tuple[tuple[str, str], ...] = ()
