"""Two scenes with everything in them searched, and what the check says of answers about them."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AnyMessage, ToolMessage

from agent.case import Value
from agent.prompt import question
from agent.verify import Answer, verify
from graphs.scene import fold
from graphs.types import Box, Entity, ImageRef, Observation, Search

IMAGES = [ImageRef(id=f"img-{n}", sha256="0" * 64, width=64, height=48, path="a.png") for n in (1, 2)]

STREET = (
    ("dog", "brown", 0, "img-1"), ("dog", "black", 20, "img-1"), ("cat", "white", 40, "img-1"),
    ("car", "red", 10, "img-1"), ("car", "blue", 30, "img-1"), ("dog", "brown", 50, "img-2"),
)  # fmt: skip
DOGS, ALL_DOGS = "dog-1 dog-2", "dog-1 dog-2 dog-3"

PARK = (
    ("dog", "brown", (10, 300, 90, 360)), ("dog", "black", (120, 300, 180, 350)),
    ("dog", "white", (520, 300, 640, 400)),
    ("cat", "white", (200, 320, 240, 350)), ("cat", "grey", (260, 320, 300, 350)),
    ("car", "red", (10, 100, 110, 160)), ("car", "blue", (200, 100, 420, 200)), ("car", "red", (500, 100, 560, 140)),
    ("person", None, (440, 220, 480, 360)),
)  # fmt: skip
THREE, CATS, PARKED = "dog-1 dog-2 dog-3", "cat-1 cat-2", "car-1 car-2 car-3"


def thing(number: int, label: str, colour: str | None, box: Box, image: str = "img-1") -> Entity:
    return Entity(
        id=f"call-1/{number}", label=label, image_id=image, box=box, score=0.9,
        attributes={"colour": colour} if colour else {}, model="m", call_id="call-1", tool="detect",
    )  # fmt: skip


def judged(query: str, value: Value, evidence: str, text: str = "So it is.") -> str | None:
    """What is said of an answer about the street, in two pictures."""
    seen = [
        thing(n, label, colour, Box(x1=x, y1=10 * n, x2=x + 9, y2=10 * n + 9), image)
        for n, (label, colour, x, image) in enumerate(STREET)
    ]
    return _verdict(seen, IMAGES, query, Answer(text=text, value=value, evidence=tuple(evidence.split())))


def parked(query: str, value: Value, evidence: str, text: str = "So it is.") -> str | None:
    """What is said of an answer about the park, in one picture."""
    seen = [
        thing(n, label, colour, Box(x1=x1, y1=y1, x2=x2, y2=y2))
        for n, (label, colour, (x1, y1, x2, y2)) in enumerate(PARK)
    ]
    image = IMAGES[0].model_copy(update={"width": 640, "height": 480})
    return _verdict(seen, [image], query, Answer(text=text, value=value, evidence=tuple(evidence.split())))


def _verdict(seen: Sequence[Entity], images: Sequence[ImageRef], query: str, answer: Answer) -> str | None:
    looked = [Search(image_id=one.id, label="*", model="m", call_id="call-1", tool="detect") for one in images]
    told = Observation(text="all", entities=tuple(seen), searches=tuple(looked))
    messages: list[AnyMessage] = [
        question(images, query),
        ToolMessage("all", tool_call_id="call-1", artifact=told.dump()),
    ]
    return verify(answer, fold([told], images), messages)
