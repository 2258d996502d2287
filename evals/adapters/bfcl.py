"""The suite `bfcl`: single-turn function calling of the Berkeley Function Calling Leaderboard v4, by two graders.

The folder holds `BFCL_v4_CATEGORY.json` (JSON lines: `id`, `question`, `function`) and `answers_CATEGORY.json` (`id`,
`ground_truth`: a list of calls whose arguments are lists of accepted values; an empty string among them means that the
argument may be left out). Each row's functions are offered as tools, with `answer` beside them to decline.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from evals.adapters import bfcl_rules
from evals.adapters.files import chosen, folder, read_lines
from evals.diorama.cases import Call
from evals.metrics.called import steps_of
from evals.metrics.interval import Metric
from evals.metrics.valid_calls import is_valid, schemas_of, snapshot
from evals.suites.bench import Bench, Solve, deployed
from evals.suites.options import Options
from evals.suites.report import Listing, Report, mean_of, report_of
from evals.suites.runner import run
from evals.trial import Question, Reply, Result, Score, Step, Trial

CATEGORIES = ("simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance")
LISTED = 50
"""How many disagreements are listed."""

TYPES = {"dict": "object", "float": "number", "tuple": "array"}
"""Names of types in BFCL, where JSON Schema has others; `any` is no type at all."""


class Row(BaseModel):
    """A task: messages by turn, and the functions that are offered."""

    id: str
    question: list[list[dict[str, str]]]
    function: list[dict[str, Any]]


class Answers(BaseModel):
    """The accepted calls of a task."""

    id: str
    ground_truth: list[dict[str, dict[str, list[Any]]]]


def suite(seed: int, count: int, options: Options) -> Report:
    """Ask `count` tasks, drawn over the categories by the seed."""
    tasks = chosen(read(folder(options, "BFCL's five files and their answers")), seed, count)
    return run_suite(deployed(options.model), tasks, options)


class Task(BaseModel):
    """A question with the functions that it offers, in OpenAI's form under their own names."""

    question: Question
    offered: list[dict[str, Any]]


def read(path: Path) -> list[Task]:
    """All tasks of a folder, in the order of its categories.

    Raises:
        UserError: A file is missing, or not in BFCL's form.
    """
    tasks = []
    for category in CATEGORIES:
        rows = read_lines(path / f"BFCL_v4_{category}.json", TypeAdapter(Row))
        answers: dict[str, Answers] = {}
        if category != "irrelevance":
            answers = {one.id: one for one in read_lines(path / f"answers_{category}.json", TypeAdapter(Answers))}
        tasks += [_task(category, row, answers.get(row.id)) for row in rows]
    return tasks


def _task(category: str, row: Row, answers: Answers | None) -> Task:
    calls = [
        Call(tool=name, arguments=dict(accepted))
        for one in (answers.ground_truth if answers else [])
        for name, accepted in one.items()
    ]
    words = "\n".join(message["content"] for turn in row.question for message in turn)
    question = Question(
        id=row.id,
        query=words,
        kind=category,
        asked="irrelevant" if category == "irrelevance" else "relevant",
        accepted_plans=[[calls]],
    )
    return Task(question=question, offered=[_tool(one) for one in row.function])


def _tool(function: dict[str, Any]) -> dict[str, Any]:
    parameters = _schema(function["parameters"])
    named = {"name": function["name"], "description": function["description"], "parameters": parameters}
    return {"type": "function", "function": named}


def _schema(given: dict[str, Any]) -> dict[str, Any]:
    """BFCL's form of a schema as JSON Schema."""
    made = {key: value for key, value in given.items() if key not in ("optional", "type", "format")}
    if (kind := given.get("type")) not in (None, "any"):
        made["type"] = TYPES.get(kind, kind)
    if "properties" in given:
        made["properties"] = {name: _schema(one) for name, one in given["properties"].items()}
    if "items" in given:
        made["items"] = _schema(given["items"])
    return made


def run_suite(bench: AbstractAsyncContextManager[Bench], tasks: Sequence[Task], options: Options) -> Report:
    """Put the tasks to the planner, one request each."""
    ran = run("bfcl", [task.question for task in tasks], asking(bench, tasks), grade, options)
    by_category: dict[str, Metric] = {}
    for category in CATEGORIES:
        here = [one for one in ran.results if one.trial.question.kind == category]
        by_category |= {f"{category}_{name}": mean_of(here, name) for name in ("ours", "bfcl")}
    names = ("valid_calls", "ours", "bfcl", by_category, "seconds_per_query")
    return report_of("bfcl", ran.results, names, ran.interrupted, [disagreements(ran.results)])


@asynccontextmanager
async def asking(bench: AbstractAsyncContextManager[Bench], tasks: Sequence[Task]) -> AsyncIterator[Solve]:
    """Answers with what the planner calls in one step."""
    offered = {task.question.id: task.offered for task in tasks}
    async with bench as opened:

        async def ask(question: Question) -> Trial:
            return await _ask(opened, question, offered[question.id])

        yield ask


async def _ask(bench: Bench, question: Question, functions: list[dict[str, Any]]) -> Trial:
    from langchain_core.messages import HumanMessage, SystemMessage

    from agent import prompt
    from agent.llm.client import chat_model, plan

    names = {_plain(one["function"]["name"]): one["function"]["name"] for one in functions}
    plain = [{**one, "function": {**one["function"], "name": _plain(one["function"]["name"])}} for one in functions]
    declining = snapshot(tool for tool in bench.tools if tool.name == "answer")
    messages = [SystemMessage(prompt.SYSTEM), HumanMessage(prompt.neutralise(question.query))]
    began = time.perf_counter()
    reply = await plan(chat_model(bench.endpoint, bench.http), messages, [*plain, *declining])
    steps = [Step(tool=names.get(call["name"], call["name"]), arguments=call["args"]) for call in reply.tool_calls]
    said = next((step.arguments for step in steps if step.tool == "answer"), None)
    usage = reply.usage_metadata
    return Trial(
        question=question,
        offered=[*functions, *declining],
        steps=steps,
        reply=Reply(text=str(said.get("text", "")), value=None) if said is not None else None,
        seconds=time.perf_counter() - began,
        tokens=usage["total_tokens"] if usage else 0,
    )


def _plain(name: str) -> str:
    """A name that the protocol allows: it has no dots."""
    return re.sub(r"[^\w-]", "_", name)


def grade(trial: Trial) -> Result:
    """Both graders' verdicts. Malformed output is never a credit with ours, though it is with BFCL's on irrelevance."""
    schemas = schemas_of(trial.offered)
    made, due = steps_of(trial.steps), trial.question.plans[0]
    parameters = {name: schema for name, schema in schemas.items() if name != "answer"}
    ours = trial.error or bfcl_rules.ours(made, due, parameters, declined=len(made) < len(trial.steps))
    theirs = bfcl_rules.official(made, due, parameters)
    valid = sum(is_valid(step, schemas) for step in trial.steps)
    return Result(
        trial=trial,
        scores=[
            Score(name="valid_calls", value=valid / max(len(trial.steps), 1), weight=max(len(trial.steps), 1)),
            Score(name="ours", value=float(ours is None), why=ours or ""),
            Score(name="bfcl", value=float(theirs is None), why=theirs or ""),
            Score(name="seconds_per_query", value=trial.seconds),
        ],
        why="error" if trial.error else ours,
    )


def disagreements(results: Sequence[Result]) -> Listing:
    """The tasks on which the two graders differ, with the reasons."""
    rows = []
    for one in results:
        ours, theirs = (next(score for score in one.scores if score.name == name) for name in ("ours", "bfcl"))
        if ours.value != theirs.value:
            rows.append([one.trial.question.id, ours.why or "right", theirs.why or "right"])
    title = f"{len(rows)} tasks on which the graders differ" + (f", the first {LISTED}" if len(rows) > LISTED else "")
    return Listing(title=title, columns=["task", "ours", "BFCL's rules"], rows=rows[:LISTED])


def gold(task: Task) -> Trial:
    """The trial that the answers describe: of each argument that must be given the first accepted value."""
    due = task.question.plans[0]
    schemas = schemas_of(task.offered)
    steps = [Step(tool=call.tool, arguments=bfcl_rules.first(call, schemas.get(call.tool, {}))) for call in due]
    if not due:
        steps = [Step(tool="answer", arguments={"text": "None of the tools can.", "value": None, "evidence": []})]
    return Trial(question=task.question, offered=[*task.offered, *_answer_schema()], steps=steps)


def _answer_schema() -> list[dict[str, Any]]:
    from tools.answer import answer

    return snapshot([answer])
