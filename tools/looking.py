"""What detect and segment share: labels to look for, detections to entities, counts to text; no tool itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from langgraph.prebuilt import ToolRuntime
from PIL import Image

from graphs.query import ranked, tally
from graphs.scene import EVERYTHING
from graphs.taxonomy import ANYTHING, covers, hypernyms, normalise
from graphs.types import Box, Entity, Observation, Search
from graphs.vocabulary import Vocabulary
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
    task = "segment" if outlines else "detect"
    vocabulary = known_to(runtime.context.entry(task).classes)
    wanted, notes = resolve(labels, vocabulary)
    image = runtime.context.image(image_id)
    detector: Detector = runtime.context.model(task)
    classes = None if not wanted or ANYTHING in wanted else {name for term in wanted for name in vocabulary.names(term)}
    call_id = runtime.tool_call_id or ""
    entities: list[Entity] = []
    for number, seen in enumerate(detector(image, classes)):
        entity = _entity(seen, image, outlines)
        if entity is not None:
            origin = {"image_id": image_id, "model": detector.name, "call_id": call_id, "tool": tool}
            label = vocabulary.label(seen.label)
            entities.append(Entity.model_validate({**entity, **origin, "id": f"{call_id}/{number}", "label": label}))
    terms = [EVERYTHING if term == ANYTHING else term for term in wanted] or [EVERYTHING]
    return Observation(
        text="; ".join([counted(entities, wanted), *notes]),
        entities=tuple(entities),
        searches=tuple(
            Search(image_id=image_id, label=term, model=detector.name, call_id=call_id, tool=tool) for term in terms
        ),
    )


@lru_cache(maxsize=8)
def known_to(classes: tuple[str, ...]) -> Vocabulary:
    """The vocabulary of a model with these classes; it is asked for at each call."""
    return Vocabulary(classes)


def resolve(labels: Sequence[str], vocabulary: Vocabulary) -> tuple[list[str], list[str]]:
    """The labels that a model can look for in place of the given words, each once, in order.

    Returns:
        The labels, and a note for each word in whose place a wider one is looked for.

    Raises:
        ToolError: If one is unknown, too long, or there are too many.
    """
    wanted, notes = [], []
    for word in map(normalise, check_labels(labels)):
        label = vocabulary.find(word)
        if label is None:
            raise UnknownName(f"unknown label {word!r}; nearest: {', '.join(vocabulary.nearest(word))}")
        wanted.append(label)
        if label in hypernyms(word):
            notes.append(f"{word} is not told apart: looked for {label}")
    return list(dict.fromkeys(wanted)), notes


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
        "box": box,
        "mask": mask,
        "score": round(min(max(seen.score, 0.0), 1.0), 4),
        "attributes": attributes,
    }
