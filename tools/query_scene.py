"""The tool that answers typed questions from what was seen so far; it looks at no image itself."""

from __future__ import annotations

from pydantic import ValidationError

from graphs.query import Op, SceneQuery, ask
from graphs.relations import Predicate
from graphs.taxonomy import normalise
from graphs.types import Observation
from tools.colour import Colour
from tools.errors import ToolError
from tools.regions import Runtime, check_searched, scene_of
from tools.vision_tool import Label, check_labels, vision_tool

WHOLE = frozenset({"image", "picture", "photo", "photograph", "scene"})
"""What small models at times take for a thing that others stand in relation to."""


@vision_tool
def query_scene(
    op: Op,
    label: Label,
    runtime: Runtime,
    colour: Colour | None = None,
    relation: Predicate | None = None,
    other: Label | None = None,
) -> Observation:
    """Ask about the things found so far.

    Args:
        op: What to ask.
        label: Category or wider word; thing for anything.
        runtime: Of the call; hidden from the model.
        colour: Keep only things of this colour.
        relation: Keep only things in this relation to another.
        other: The other label, for relation.
    """
    labels = [normalise(term) for term in check_labels([label, other or ""])]
    if labels[1] in WHOLE:
        raise ToolError(f"the {labels[1]} is no thing in itself: ask without relation and other")
    try:
        query = SceneQuery(op=op, label=labels[0], colour=colour, relation=relation, other=labels[1] or None)
    except ValidationError as error:
        raise ToolError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    scene = scene_of(runtime)
    check_searched(scene, (term for term in (query.label, query.other) if term is not None))
    return Observation(text=ask(scene, query).text)
