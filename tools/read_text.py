"""The tool that reads the text in an image."""

from __future__ import annotations

from graphs.types import Box, Entity, Observation, Search
from tools.reader import Line, Reader
from tools.regions import Corners, Region, Runtime, ThingId, corners, padded, region
from tools.vision_tool import ImageId, vision_tool

LABEL = "text"
MARGIN = 0.1
SHOWN_LINES = 40
SHOWN_LENGTH = 80


@vision_tool(seconds=60)
def read_text(
    image_id: ImageId, runtime: Runtime, thing: ThingId | None = None, box: Corners | None = None
) -> Observation:
    """Read the text in an image, line by line, or only that on a thing or in a part.

    Args:
        image_id: Which image to read.
        runtime: Of the call; hidden from the model.
        thing: Id of the thing to read.
        box: The part to read instead, x1, y1, x2, y2 in pixels.
    """
    part = region(runtime, image_id, thing, box)
    reader: Reader = runtime.context.model("read")
    x1, y1, x2, y2 = padded(part.box, part.image.size, 0.0 if part.whole else MARGIN)
    call_id = runtime.tool_call_id or ""
    lines = reader(part.image.crop((x1, y1, x2, y2)))
    entities = tuple(_entity(line, part, (x1, y1), f"{call_id}/{n}", reader.name) for n, line in enumerate(lines))
    # Only who has read all of it can say that something is written nowhere in it.
    searches = (Search(image_id=image_id, label=LABEL, model=reader.name, call_id=call_id, tool="read_text"),)
    return Observation(text=_told(entities), entities=entities, searches=searches if part.whole else ())


def _entity(line: Line, part: Region, offset: tuple[int, int], name: str, model: str) -> Entity:
    x, y = offset
    x1, y1, x2, y2 = line.box
    return Entity(
        id=name,
        label=LABEL,
        image_id=part.image_id,
        box=Box(x1=round(x1 + x, 1), y1=round(y1 + y, 1), x2=round(x2 + x, 1), y2=round(y2 + y, 1)),
        score=round(line.score, 4),
        attributes={"text": line.text},
        model=model,
        call_id=name.partition("/")[0],
        tool="read_text",
    )


def _told(entities: tuple[Entity, ...]) -> str:
    if not entities:
        return "no text found"
    lines = [f"{str(one.attributes['text'])[:SHOWN_LENGTH]!r} at {corners(one.box)}" for one in entities[:SHOWN_LINES]]
    more = len(entities) - len(lines)
    return "; ".join(lines) + (f"; and {more} lines more" if more > 0 else "")
