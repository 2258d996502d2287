"""What a wrong answer is owed to. No scores live here."""

from __future__ import annotations

from typing import Any, Literal

from evals.metrics.answers import Value, is_right
from evals.metrics.argument_f1 import argument_f1
from evals.metrics.tool_f1 import tool_f1
from evals.trial import Question, Trial
from graphs.query import SceneQuery, ask, by_size
from graphs.scene import SceneGraph

Why = Literal["error", "routing", "arguments", "tool", "reasoning"]


def why_wrong(trial: Trial) -> Why:
    """Say what a wrong answer is owed to.

    `error` if the case raised; `routing` if the tools are those of no accepted plan; `arguments` if the tools are, but
    not what they were called with; `tool` if a call failed, or what the tools saw leads to another answer than the
    truth; `reasoning` if it leads to the truth and something else was answered.
    """
    question = trial.question
    if trial.error is not None:
        return "error"
    right = [plan for plan in question.plans if tool_f1(trial.steps, [plan]).f1 == 1.0]
    if not right:
        return "routing"
    if all(argument_f1(trial.steps, [plan]).f1 < 1.0 for plan in right):
        return "arguments"
    if any(step.error for step in trial.steps if step.tool != "answer"):
        return "tool"
    seen = from_scene(question, SceneGraph.from_json(trial.scene)) if trial.scene else question.answer
    return "reasoning" if is_right(question.answer, seen, tolerance=question.tolerance) else "tool"


def from_scene(question: Question, scene: SceneGraph) -> Value:
    """The answer that a scene leads to, with no model between: the shortest plan's query, put to the scene itself."""
    calls = question.plans[0]
    if not calls or question.kind in ("abstain", "unknown"):
        return None
    last = calls[-1].arguments
    if calls[-1].tool == "query_scene":
        return ask(scene, SceneQuery.model_validate(last)).value
    return _from_looks(question.kind, last.get("labels", []), scene)


def _from_looks(kind: str, labels: list[str], scene: SceneGraph) -> Value:
    found = [scene.find(label) for label in labels or [""]]
    largest: dict[str, Any] = by_size(found[0])[0].attributes if found[0] else {}
    match kind:
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
    return None
