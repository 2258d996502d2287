"""The tool that answers the wider questions from what was seen so far: select, compare, group, path, neighbours."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from graphs.questions import Question, Reply, answer
from graphs.taxonomy import normalise
from graphs.types import Observation
from tools.errors import ToolError
from tools.regions import Runtime, ThingId, check_searched, find, scene_of
from tools.vision_tool import Label, vision_tool

Word = Annotated[str, Field(max_length=24)]
Op = Literal["select", "count", "compare", "group", "path", "neighbours"]
By = Literal["area", "score", "left", "top", "count", "label", "hypernym", "image", "colour"]

MEASURES = frozenset({"area", "score", "left", "top", "count"})
"""What things are sorted and compared by, and never grouped by."""


@vision_tool
def ask_scene(
    op: Op,
    runtime: Runtime,
    label: Label = "thing",
    other: Label | None = None,
    relation: Word | None = None,
    by: By | None = None,
    thing: ThingId | None = None,
    goal: ThingId | None = None,
) -> Observation:
    """Ask what query_scene cannot: sorted lists, comparisons, groups, and how things hang together.

    Args:
        op: What to ask.
        runtime: Of the call; hidden from the model.
        label: Category or wider word; thing for anything.
        other: What to compare with, or what the relation is to.
        relation: Keep only things in this relation to other, such as on, touching, occludes or between.
        by: What to sort, compare or group by.
        thing: For path and neighbours, the id of the thing to start from.
        goal: For path, the id of the thing to reach.
    """
    if op == "group" and by in MEASURES:
        raise ToolError(f"things do not group by {by}: group by label, hypernym, image or colour")
    scene = scene_of(runtime)
    for name in filter(None, (thing, goal)):
        find(scene, name)
    terms = [normalise(label), *([normalise(other)] if other else [])]
    if op not in ("path", "neighbours"):
        check_searched(scene, terms)
    asked = _asked(op, terms, relation, by, thing, goal)
    try:
        reply: Reply = answer(scene, TypeAdapter[Any](Question).validate_python(asked))
    except ValidationError as error:
        first = error.errors()[0]
        raise ToolError(f"{op} needs other words: {first['loc'][-1]}: {first['msg']}") from error
    return Observation(text=reply.text)


def _asked(
    op: Op, terms: list[str], relation: str | None, by: By | None, thing: str | None, goal: str | None
) -> dict[str, Any]:
    """The question as plain data; what is missing from it, its validation says."""
    where: dict[str, Any] = {"label": terms[0]}
    if relation and op in ("select", "count", "group"):
        where["related"] = [{"predicate": relation, "to": {"label": terms[-1] if len(terms) > 1 else ""}}]
    sorting = {"by": by} if by else {}
    match op:
        case "compare":
            return {"op": op, "first": where, **({"second": {"label": terms[1]}} if len(terms) > 1 else {}), **sorting}
        case "path":
            return {"op": op, "start": thing, "goal": goal, "predicates": [relation] if relation else []}
        case "neighbours":
            return {"op": op, "of": thing, "predicates": [relation] if relation else []}
        case "count":
            return {"op": op, "where": where}
    return {"op": op, "where": where, **sorting}
