"""What detect and segment share: labels to look for, things to entities, counts to text; no tool itself."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from langgraph.prebuilt import ToolRuntime

from graphs.query import ranked, tally
from graphs.scene import EVERYTHING
from graphs.taxonomy import ANYTHING, covers, hypernyms, normalise
from graphs.types import Entity, Observation, Search
from graphs.vocabulary import Vocabulary
from tools import sighting
from tools.errors import UnknownName
from tools.sighting import Sight
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
    task, call_id = "segment" if outlines else "detect", runtime.tool_call_id or ""
    vocabulary = known_to(runtime.context.entry(task).classes)
    wanted, notes = resolve(labels, vocabulary)
    classes = None if not wanted or ANYTHING in wanted else {name for term in wanted for name in vocabulary.names(term)}
    [seen] = sighting.sight(runtime.context, task, [image_id], classes, outlines)
    entities = named(tool, image_id, seen, vocabulary, call_id)
    terms = [EVERYTHING if term == ANYTHING else term for term in wanted] or [EVERYTHING]
    return Observation(
        text="; ".join([counted(entities, wanted), *notes]),
        entities=entities,
        searches=tuple(
            Search(image_id=image_id, label=term, model=seen.model, call_id=call_id, tool=tool) for term in terms
        ),
    )


def named(tool: str, image_id: str, seen: Sight, vocabulary: Vocabulary, call_id: str) -> tuple[Entity, ...]:
    """What was seen in an image as entities, labelled by a vocabulary."""
    origin = {"image_id": image_id, "model": seen.model, "call_id": call_id, "tool": tool}
    return tuple(
        Entity.model_validate(
            {**thing, **origin, "id": f"{call_id}/{number}", "label": vocabulary.label(thing["label"])}
        )
        for number, thing in enumerate(seen.things)
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
