"""The suite `planner`: each step with the right past before it (teacher-forced), and whole runs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx

from evals.diorama.cases import Call
from evals.metrics.argument_f1 import argument_f1
from evals.metrics.called import ENDING
from evals.metrics.tool_f1 import micro, tool_counts, tool_f1
from evals.metrics.valid_calls import is_valid, schemas_of
from evals.suites import grading
from evals.suites.bench import Bench, Solve, deployed, drawn
from evals.suites.options import Options
from evals.suites.report import Listing, Report, report_of
from evals.suites.runner import run, unscored
from evals.trial import Question, Result, Score, Step, Trial

FORCED = "forced"
STEPS = ("forced_valid", "forced_tool", "forced_arguments", "forced_answer")
FREE = (
    "valid_calls", "tool_precision", "tool_recall", "tool_f1", "argument_name_f1", "argument_values", "argument_f1",
    "order_exact", "order_subsequence", "order_partial", "repeated_calls", "surplus_calls", "invented_tools",
    "invented_arguments", "recovery", "data_flow_f1", "pictures_passed_on",
    "answer_accuracy", "answer_accuracy_heldout", "tokens_per_query",
    "seconds_per_query",
)  # fmt: skip

_free = grading.whole(grading.spent)


def suite(seed: int, count: int, options: Options) -> Report:
    """Ask about each diorama from `seed` on twice: step by step along the shortest plan, and freely."""
    questions = drawn(range(seed, seed + count), options.out / "pictures")
    return run_suite(deployed(options.model), questions, options)


def run_suite(bench: AbstractAsyncContextManager[Bench], questions: Sequence[Question], options: Options) -> Report:
    """Put questions both ways."""
    both = [question for one in questions for question in (forced(one), one)]
    ran = run("planner", both, asking(bench), grade, options)
    free = [one for one in ran.results if one.trial.question.condition != FORCED]
    listings = [by_tool([one.trial for one in free])] if free else []
    return report_of("planner", ran.results, (*STEPS, *FREE), ran.interrupted, listings)


def forced(question: Question) -> Question:
    """The same question, to be asked step by step."""
    return question.model_copy(update={"id": f"{question.id}@{FORCED}", "condition": FORCED})


@asynccontextmanager
async def asking(bench: AbstractAsyncContextManager[Bench]) -> AsyncIterator[Solve]:
    """Answers a forced question step by step, any other by asking the bench."""
    async with bench as opened:

        async def ask(question: Question) -> Trial:
            if question.condition != FORCED:
                return await opened.ask(question)
            teacher = Forcing(question, opened.http)
            async with httpx.AsyncClient(transport=teacher) as http:
                trial = await opened.ask_through(http, question)
            return trial.model_copy(update={"steps": teacher.said})

        yield ask


class Forcing(httpx.AsyncBaseTransport):
    """Stands between flow and planner: notes what the planner says at each step, and tells the flow the plan's instead.

    So the planner reads, byte for byte, what it reads in a run in which all went right until then. Once the plan is
    done its own words go through: that is its answer.
    """

    def __init__(self, question: Question, http: httpx.AsyncClient) -> None:
        """Start at the first step of the shortest plan.

        Args:
            question: What is asked.
            http: Leads to the planner; it stays open.
        """
        self._plan = [step for step in question.accepted_plans[0] if step]
        self._http = http
        self.said: list[Step] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one chat completion request."""
        body = json.loads(await request.aread())
        turn = sum(message["role"] == "assistant" for message in body["messages"])
        reply = await self._http.post(request.url, content=request.content, headers=request.headers)
        if not reply.is_success or turn > len(self._plan):
            return _copied(reply)
        completion = reply.json()
        message = completion["choices"][0]["message"]
        self.said += [_step(call, turn) for call in message.get("tool_calls") or []]
        if turn < len(self._plan):
            message["tool_calls"] = [_call(call, f"{turn}-{n}") for n, call in enumerate(self._plan[turn])]
            return httpx.Response(200, json=completion)
        return _copied(reply)


def _copied(reply: httpx.Response) -> httpx.Response:
    return httpx.Response(reply.status_code, content=reply.content, headers={"content-type": "application/json"})


def _step(call: dict[str, Any], turn: int) -> Step:
    try:
        arguments = json.loads(call["function"]["arguments"])
    except json.JSONDecodeError:
        arguments = None
    named = {"tool": call["function"]["name"], "turn": turn}
    if not isinstance(arguments, dict):
        return Step(**named, error="arguments that are no JSON object")
    return Step(**named, arguments=arguments)


def _call(call: Call, name: str) -> dict[str, Any]:
    function = {"name": call.tool, "arguments": json.dumps(call.arguments)}
    return {"id": f"forced-{name}", "type": "function", "function": function}


def grade(trial: Trial) -> Result:
    """The scores of a question asked either way, under the same names: inspect breaks off where they differ."""
    free = _free(trial)
    if trial.question.condition != FORCED:
        return free.model_copy(update={"scores": [*map(unscored, STEPS), *free.scores]})
    scores = steps(trial)
    wrong = next((name for name, score in zip(_OWED, scores, strict=True) if score.value < 1), None)
    others = [unscored(score.name) for score in free.scores]
    return Result(trial=trial, scores=[*scores, *others], why="error" if trial.error else wrong)


_OWED = ("arguments", "routing", "arguments", "reasoning")


def steps(trial: Trial) -> list[Score]:
    """InstAcc, ToolAcc and ArgAcc over the steps of the plan, and AnsAcc (GTA, arXiv 2407.08713).

    A step is right if its calls are those of that step, in any order; `forced_arguments` wants their arguments too.
    Where other accepted plans begin in the same way, their next step is right as well.
    """
    plan = [step for step in trial.question.accepted_plans[0] if step]
    schemas = schemas_of(trial.offered)
    said = [[step for step in trial.steps if step.turn == turn] for turn in range(len(plan) + 1)]
    valid = [bool(calls) and all(not c.error and is_valid(c, schemas) for c in calls) for calls in said]
    due = [_next(trial.question, turn) for turn in range(len(plan))]
    tools = [_right(calls, options, arguments=False) for calls, options in zip(said, due, strict=False)]
    filled = [_right(calls, options, arguments=True) for calls, options in zip(said, due, strict=False)]
    tools.append([call.tool for call in said[-1]] == [ENDING])
    shares = ((valid, "forced_valid"), (tools, "forced_tool"), (filled, "forced_arguments"))
    scores = [_share(name, right) if right else unscored(name) for right, name in shares]
    return [*scores, Score(name="forced_answer", value=float(grading.correct(trial)))]


def _share(name: str, right: Sequence[bool]) -> Score:
    return Score(name=name, value=sum(right) / len(right), weight=len(right))


def _next(question: Question, turn: int) -> list[list[Call]]:
    """What may be called at a turn: the next step of each accepted plan that began like the shortest."""
    shortest = [step for step in question.accepted_plans[0] if step]
    return [
        plan[turn]
        for plan in question.accepted_plans
        if len(plan) > turn and plan[:turn] == shortest[:turn] and plan[turn]
    ]


def _right(calls: Sequence[Step], options: Sequence[Sequence[Call]], *, arguments: bool) -> bool:
    score = argument_f1 if arguments else tool_f1
    return bool(calls) and score(calls, options).f1 == 1.0 and tool_f1(calls, options).f1 == 1.0


def by_tool(trials: Sequence[Trial]) -> Listing:
    """Precision, recall and F1 of each tool over free runs, and of all calls together (micro)."""
    found = micro(tool_counts(trial.steps, trial.question.plans) for trial in trials)
    rows = [[tool or "all (micro)", *(f"{part:.3f}" for part in score)] for tool, score in found.items()]
    return Listing(title="tools", columns=["tool", "precision", "recall", "F1"], rows=rows)
