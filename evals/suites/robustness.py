"""The suite `robustness`: what stays of the answers when tools fail, mislead, multiply or are renamed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from evals.diorama.cases import Call, Plan
from evals.metrics.interval import Metric
from evals.suites import alter, grading
from evals.suites.bench import Bench, asking, deployed, drawn
from evals.suites.options import Options
from evals.suites.report import Report, mean_of, report_of
from evals.suites.runner import run
from evals.trial import Question, Result

CLEAN = "clean"
CONDITIONS = ("tool_error", "wrong_detections", "garbled_text", "distractors", "renamed")
NAMES = {"detect": "locate_items", "segment": "trace_shapes", "query_scene": "consult_map"}
"""The names under which tools are offered in the condition `renamed`."""

grade = grading.whole(grading.spent)


def suite(seed: int, count: int, options: Options) -> Report:
    """Ask about each diorama from `seed` on as things are, and under one of the conditions in turn."""
    questions = drawn(range(seed, seed + count), options.out / "pictures")
    return run_suite(deployed(options.model), questions, options)


def run_suite(bench: AbstractAsyncContextManager[Bench], questions: Sequence[Question], options: Options) -> Report:
    """Put questions in pairs."""
    ran = run("robustness", vary(questions), asking(bench, altered), grade, options)
    names = ("valid_calls", "tool_f1", "argument_f1", "recovery", "repeated_calls", "surplus_calls", "invented_tools")
    return report_of(
        "robustness", ran.results, (*names, by_condition(ran.results), "seconds_per_query"), ran.interrupted
    )


def by_condition(results: Sequence[Result]) -> dict[str, Metric]:
    """Answer accuracy under each condition, and on the same questions as things are."""
    metrics = {}
    for condition in (CLEAN, *CONDITIONS):
        here = [one for one in results if one.trial.question.condition == condition]
        metrics[f"answer_accuracy_{condition}"] = mean_of(here, "answer_accuracy")
        if condition != CLEAN:
            ids = {_stem(one.trial.question) for one in here}
            pairs = [
                one for one in results if one.trial.question.condition == CLEAN and _stem(one.trial.question) in ids
            ]
            metrics[f"answer_accuracy_without_{condition}"] = mean_of(pairs, "answer_accuracy")
    return metrics


def _stem(question: Question) -> str:
    return question.id.rpartition("@")[0]


def vary(questions: Sequence[Question]) -> list[Question]:
    """Each question as it is, and under one condition."""
    made = []
    for number, question in enumerate(questions):
        condition = CONDITIONS[number % len(CONDITIONS)]
        made += [_under(CLEAN, question), _under(condition, question)]
    return made


def _under(condition: str, question: Question) -> Question:
    plans = question.accepted_plans
    if condition == "renamed":
        plans = [[[_renamed(call) for call in step] for step in plan] for plan in plans]
    if condition == "tool_error":
        plans = [again for plan in plans for again in _again(plan)]
    changes = {"id": f"{question.id}@{condition}", "condition": condition, "accepted_plans": plans}
    return question.model_copy(update=changes)


def _renamed(call: Call) -> Call:
    return call.model_copy(update={"tool": NAMES.get(call.tool, call.tool)})


def _again(plan: Plan) -> list[Plan]:
    """A plan whose first call fails, and is made again; of calls side by side any may be the first."""
    return [[plan[0], [call], *plan[1:]] for call in plan[0]] if plan and plan[0] else [plan]


def altered(bench: Bench, question: Question) -> Bench:
    """The bench under the question's condition."""
    match question.condition:
        case "tool_error":
            return replace(bench, tools=alter.failing_once(bench.tools))
        case "wrong_detections":
            return replace(bench, models=alter.mislabelling(bench.models))
        case "garbled_text":
            return replace(bench, tools=alter.telling(bench.tools, alter.garbled))
        case "distractors":
            return replace(bench, tools=[*alter.distracting(), *bench.tools])
        case "renamed":
            return replace(bench, tools=alter.renamed(bench.tools, NAMES))
    return bench
