"""What detect and segment share: labels to look for, detections to entities, counts to text; no tool itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from langgraph.prebuilt import ToolRuntime
from PIL import Image

from graphs.query import ranked, tally
from graphs.scene import EVERYTHING
from graphs.taxonomy import ANYTHING, covers, expand, is_known, nearest, normalise
from graphs.types import Box, Entity, Observation, Search
from tools import masks
from tools.colour import dominant
from tools.detector import Detection, Detector
from tools.errors import UnknownName
from tools.vision_tool import check_labels
from tools.workspace import Workspace


def look(
    tool: str, image_id: str, labels: Sequence[str], runtime: ToolRuntime[Workspace], outlines: bool
) -> Observation:
    """Look for labels all over an image.

    Args:
        tool: Name of the tool that looks.
        image_id: Which image.
        labels: Categories or hypernyms; empty for everything that the model knows.
        runtime: Of the tool call.
        outlines: Whether to give masks and the attribute `area_share`.

    Raises:
        ToolError: If a label or the image is unknown.
    """
    wanted = resolve(labels)
    image = runtime.context.image(image_id)
    detector: Detector = runtime.context.model("segment")
    categories = None if not wanted or ANYTHING in wanted else {name for term in wanted for name in expand(term)}
    call_id = runtime.tool_call_id or ""
    entities: list[Entity] = []
    for number, seen in enumerate(detector(image, categories)):
        entity = _entity(seen, image, outlines)
        if entity is not None:
            origin = {"image_id": image_id, "model": detector.name, "call_id": call_id, "tool": tool}
            entities.append(Entity.model_validate({**entity, **origin, "id": f"{call_id}/{number}"}))
    terms = [EVERYTHING if term == ANYTHING else term for term in wanted] or [EVERYTHING]
    return Observation(
        text=counted(entities, wanted),
        entities=tuple(entities),
        searches=tuple(
            Search(image_id=image_id, label=term, model=detector.name, call_id=call_id, tool=tool) for term in terms
        ),
    )


def resolve(labels: Sequence[str]) -> list[str]:
    """The known labels that the given words stand for, each once, in order.

    Raises:
        ToolError: If one is unknown, too long, or there are too many.
    """
    wanted = list(dict.fromkeys(normalise(label) or ANYTHING for label in check_labels(labels)))
    for label in wanted:
        if not is_known(label):
            raise UnknownName(f"unknown label {label!r}; nearest: {', '.join(nearest(label))}")
    return wanted


def counted(entities: Sequence[Entity], wanted: Sequence[str]) -> str:
    """How many there are of each label asked for, in that order, or, if none was, of each label found."""
    if wanted:
        return tally({label: sum(covers(label, entity.label) for entity in entities) for label in wanted})
    return tally(ranked(entity.label for entity in entities)) or "nothing found"


def _entity(seen: Detection, image: Image.Image, outlines: bool) -> dict[str, object] | None:
    """What an entity says about its looks; none if too little lies within the image to make a box."""
    x1, y1, x2, y2 = np.clip(seen.box, 0, [image.width, image.height] * 2).round(1).tolist()
    if x2 <= x1 or y2 <= y1:
        return None
    attributes: dict[str, str | float] = {}
    mask = None
    if seen.mask is not None:
        height, width = seen.mask.shape
        colour = dominant(np.asarray(image.resize((width, height))), seen.mask)
        if colour is not None:
            attributes["colour"] = colour
        if outlines:
            attributes["area_share"] = round(float(seen.mask.mean()), 5)
            mask = masks.encode(seen.mask, (image.height, image.width))
    box = Box(x1=x1, y1=y1, x2=x2, y2=y2)
    return {
        "label": seen.label,
        "box": box,
        "mask": mask,
        "score": round(min(max(seen.score, 0.0), 1.0), 4),
        "attributes": attributes,
    }
