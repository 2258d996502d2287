"""The types that every package speaks: images, boxes, masks, entities, relations, events, observations."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveInt, model_validator

Origin = Literal["file", "frame", "crop", "generated", "edited"]
Source = Literal["geometry", "model", "rule", "track"]
Score = Annotated[float, Field(ge=0.0, le=1.0)]


class Frozen(BaseModel):
    """A value: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Made(Frozen):
    """How an image came to be that a tool made.

    Attributes:
        kind: IPTC's digital source type: made by a model; a picture with parts that a model made; a picture changed by
            exact rules.
        tool: The tool that made it.
        prompt: What it was asked for.
        model: Name of the catalog entry, or of the algorithm.
        seed: Of the noise, where there was any.
        parent: SHA-256 of the file that it was made from.
    """

    kind: Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "humanEdits"]
    tool: str
    prompt: str
    model: str
    seed: int | None = None
    parent: str | None = None


class ImageRef(Frozen):
    """An image by reference; its bytes live in a workspace.

    Attributes:
        id: Readable id, unique within a run, such as `img-1`.
        sha256: Hex digest of the file's bytes.
        width: Pixels, after EXIF orientation is applied.
        height: Pixels, likewise.
        origin: How the image came to be.
        parent: Id of the image that this one was made from.
        path: Where the bytes were read from.
        made: Of a generated or an edited image: how.
    """

    id: str
    sha256: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    origin: Origin = "file"
    parent: str | None = None
    path: str
    made: Made | None = None


class Box(Frozen):
    """An axis-aligned box, `xyxy`, in pixels of its image; the origin is the top left corner."""

    x1: FiniteFloat
    y1: FiniteFloat
    x2: FiniteFloat
    y2: FiniteFloat

    @model_validator(mode="after")
    def _ordered(self) -> Box:
        if self.x2 <= self.x1 or self.y2 <= self.y1:
            raise ValueError(f"box has no area: {self.xyxy}")
        return self

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """The corners as a tuple."""
        return self.x1, self.y1, self.x2, self.y2

    @property
    def area(self) -> float:
        """Square pixels."""
        return (self.x2 - self.x1) * (self.y2 - self.y1)


class Mask(Frozen):
    """A binary mask in COCO's compressed run-length encoding (column-major, as pycocotools writes it).

    Attributes:
        size: Height and width of the image, in pixels.
        counts: The encoded runs, ASCII.
    """

    size: tuple[PositiveInt, PositiveInt]
    counts: str = Field(pattern=r"^[0-o]*$")


class Entity(Frozen):
    """One thing that a tool saw in an image.

    Attributes:
        id: Unique within its observation; the scene graph gives it a readable id when it folds it in.
        label: Category, singular, lower case.
        image_id: The image it was seen in.
        box: Where, in pixels of that image.
        mask: Its pixels, where the tool made a mask.
        score: Confidence of the model, 0 to 1.
        attributes: What else was measured, such as `colour` or `area_share`.
        model: Name of the catalog entry that saw it.
        call_id: The tool call that it came from.
        tool: The tool of that call.
    """

    id: str
    label: str
    image_id: str
    box: Box
    mask: Mask | None = None
    score: Score
    attributes: dict[str, str | float] = Field(default_factory=dict)
    model: str
    call_id: str
    tool: str


class Relation(Frozen):
    """A directed relation between two entities of one scene, `subject predicate object`.

    Attributes:
        subject: Id of an entity.
        predicate: A word, or several joined by `_`.
        object: Id of another entity.
        also: The second object of a predicate that wants two, such as `between`.
        score: How far it holds, 0 to 1.
        source: What it comes from.
        model: Name of the catalog entry that told it, or the text of the rule that derived it.
        call_id: The tool call that told it.
        tool: The tool of that call.
        because: Ids and `subject predicate object` of what a rule derived it from.
    """

    subject: str
    predicate: str
    object: str
    also: str | None = None
    score: Score = 1.0
    source: Source
    model: str = ""
    call_id: str = ""
    tool: str = ""
    because: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The triple in words, as `because` names it."""
        return f"{self.subject} {self.predicate} {self.object}"


class Event(Frozen):
    """Something that happens, or that holds of several things together, such as a crowd.

    Attributes:
        id: Unique within its observation; the scene graph gives it a readable one.
        label: What it is.
        participants: Ids of the entities that take part.
        image_ids: The images or frames that show it.
        start: Seconds from the beginning of the clip; none for a still.
        end: Likewise.
        score: 0 to 1.
        source: What it comes from.
        model: Name of the catalog entry that told it, or the text of the rule that derived it.
        call_id: The tool call that told it.
        tool: The tool of that call.
    """

    id: str
    label: str
    participants: tuple[str, ...] = ()
    image_ids: tuple[str, ...] = ()
    start: float | None = None
    end: float | None = None
    score: Score = 1.0
    source: Source = "model"
    model: str = ""
    call_id: str = ""
    tool: str = ""


class Search(Frozen):
    """That a tool looked for a label all over an image: what makes "there is none" a claim with evidence.

    Attributes:
        image_id: The image that was searched.
        label: What was looked for; `*` stands for everything that the model knows.
        model: Name of the catalog entry that looked.
        call_id: The tool call.
        tool: The tool of that call.
    """

    image_id: str
    label: str
    model: str
    call_id: str
    tool: str


class Observation(Frozen):
    """What a tool returns: a text for the model, and what is to be folded into the scene graph."""

    text: str
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    events: tuple[Event, ...] = ()
    images: tuple[ImageRef, ...] = ()
    searches: tuple[Search, ...] = ()

    @classmethod
    def load(cls, data: Any) -> Observation:
        """Read an observation back from plain JSON data, as it stands in a message's artifact."""
        return cls.model_validate(data)

    def dump(self) -> dict[str, Any]:
        """As plain JSON data, the form in which it crosses the checkpointer."""
        return self.model_dump(mode="json")

    def of(self, call_id: str, image_id: str) -> Observation:
        """The same things and searches as another call saw them in the same picture under another id."""
        where = {"call_id": call_id, "image_id": image_id}
        things = (one.model_copy(update={**where, "id": f"{call_id}/{n}"}) for n, one in enumerate(self.entities))
        searches = (one.model_copy(update=where) for one in self.searches)
        return self.model_copy(update={"entities": tuple(things), "searches": tuple(searches)})
