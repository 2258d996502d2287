"""The suite `abstention`: does the agent hold back when the tools cannot help, and only then?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from evals.diorama.phrases import Kind
from evals.diorama.world import Item, ask_about
from evals.metrics.abstention import confusion, rates
from evals.suites import grading
from evals.suites.bench import Bench, asking, deployed, drawn
from evals.suites.options import Options
from evals.suites.report import Listing, Report, report_of
from evals.suites.runner import run
from evals.trial import Question, Result

KINDS: tuple[dict[Kind, int], ...] = (
    {"count": 4, "exists": 4, "list": 2, "largest": 2, "colour": 3, "related": 3},
    {"abstain": 1, "unknown": 1},
    {"area": 1},
    {"exists": 1},
)
"""What is asked of every fourth scene: what tools can tell, what none could, what one could that is missing, and a
question whose words are replaced by one of `VAGUE`."""

VAGUE = (
    "How many of them are there?",
    "Is it to the left of the other one?",
    "What colour is it?",
    "Are there more of these than of those?",
    "Is there one of the kind that I mean?",
    "How much of the picture does it cover?",
)
MISSING = "segment"
RATHER = 1_000_000
grade = grading.whole()


def suite(seed: int, count: int, options: Options) -> Report:
    """Ask about each diorama from `seed` on, by turns what the tools can tell and what they cannot."""
    questions = vary(drawn(range(seed, seed + count), options.out / "pictures", draw_one))
    return run_suite(deployed(options.model), questions, options)


def draw_one(seed: int) -> Item:
    """A question about a diorama; which kind, the seed decides by turns."""
    # Where the scene allows none of these, such as a share where no object stands alone, no tool can answer it.
    weights: dict[Kind, int] = {"abstain": 1}
    weights.update({kind: RATHER * weight for kind, weight in KINDS[seed % len(KINDS)].items()})
    return ask_about(seed, weights=weights)


def run_suite(bench: AbstractAsyncContextManager[Bench], questions: Sequence[Question], options: Options) -> Report:
    """Put the questions."""
    ran = run("abstention", questions, asking(bench, altered), grade, options)
    held = grading.held([one.trial for one in ran.results])
    names = ("answer_accuracy", "valid_calls", rates(held), "seconds_per_query")
    return report_of("abstention", ran.results, names, ran.interrupted, [table(ran.results)])


def vary(questions: Sequence[Question]) -> list[Question]:
    """Say of each question whether the tools can help, and take away what shall be missing."""
    return [_held_back(question) for question in questions]


def _held_back(question: Question) -> Question:
    number = int(question.id.partition("-")[0])
    unanswerable: dict[str, Any] = {"answer": None, "accepted_plans": [[]]}
    if question.kind in ("abstain", "unknown"):
        return question.model_copy(update={"asked": "irrelevant"})
    if question.kind == "area":
        return question.model_copy(update={**unanswerable, "asked": "missing_tool"})
    if number % len(KINDS) == len(KINDS) - 1:
        vague = VAGUE[number // len(KINDS) % len(VAGUE)]
        return question.model_copy(update={**unanswerable, "asked": "missing_parameter", "query": vague})
    return question


def altered(bench: Bench, question: Question) -> Bench:
    """The bench without the tool that is to be missing."""
    if question.asked != "missing_tool":
        return bench
    return replace(bench, tools=[tool for tool in bench.tools if tool.name != MISSING])


def table(results: Sequence[Result]) -> Listing:
    """The confusion matrix."""
    found = confusion(grading.held([one.trial for one in results]))
    columns = ["answered", "abstained", "failed"]
    rows = [[asked, *(str(row[name]) for name in columns)] for asked, row in sorted(found.items())]
    return Listing(title="what was asked, and what was done", columns=["asked", *columns], rows=rows)
