"""What a wrong answer is owed to: the plan, what the tools saw, or the answer made of it. No scores live here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from agent.run import Run
from evals.diorama.cases import Call, Case
from evals.metrics.answers import Value, is_right
from evals.metrics.argument_f1 import argument_f1
from evals.metrics.called import Called
from evals.metrics.tool_f1 import tool_f1
from graphs.query import SceneQuery, ask, by_size
from graphs.scene import SceneGraph

Why = Literal["error", "plan", "perception", "answer"]


def why_wrong(case: Case, run: Run) -> Why:
    """Say what a wrong answer is owed to.

    `plan` if the calls are those of no accepted plan, `perception` if they are, but what the tools saw leads to another
    answer than the truth, `answer` if it leads to the truth and something else was answered.
    """
    plans = [calls_of(plan) for plan in case.accepted_plans]
    if not any(_is_plan(run.steps, plan) for plan in plans):
        return "plan"
    seen = from_scene(case, SceneGraph.from_json(run.scene))
    return "answer" if is_right(case.answer, seen, tolerance=case.tolerance) else "perception"


def calls_of(plan: Sequence[Sequence[Call]]) -> list[Call]:
    """The calls of a plan, its steps forgotten."""
    return [call for step in plan for call in step]


def _is_plan(calls: Sequence[Called], plan: Sequence[Called]) -> bool:
    return tool_f1(calls, [plan]).f1 == argument_f1(calls, [plan]).f1 == 1.0


def from_scene(case: Case, scene: SceneGraph) -> Value:
    """The answer that a scene leads to, with no model between: the shortest plan's query, put to the scene itself."""
    calls = calls_of(case.accepted_plans[0])
    if not calls or case.kind in ("abstain", "unknown"):
        return None
    last = calls[-1].arguments
    if calls[-1].tool == "query_scene":
        return ask(scene, SceneQuery.model_validate(last)).value
    return _from_looks(case, last["labels"], scene)


def _from_looks(case: Case, labels: list[str], scene: SceneGraph) -> Value:
    found = [scene.find(label) for label in labels or [""]]
    largest: dict[str, Any] = by_size(found[0])[0].attributes if found[0] else {}
    match case.kind:
        case "count" | "outline":
            return len(found[0])
        case "exists":
            return bool(found[0])
        case "list":
            return sorted({entity.label for entity in found[0]})
        case "compare":
            return len(found[0]) > len(found[1])
        case "colour":
            return largest.get("colour")
        case "area":
            return 100 * float(largest["area_share"]) if "area_share" in largest else None
        case "more_in":
            numbers = {image: len(scene.find(labels[0], image_id=image)) for image in scene.images()}
            return max(numbers, key=lambda image: numbers[image]) if len(set(numbers.values())) > 1 else None
    raise AssertionError(f"questions of the kind {case.kind} are answered by a query")
