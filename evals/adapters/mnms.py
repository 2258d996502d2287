"""The suite `mnms`: plans of m&m's (arXiv 2403.11085), made in one step with `<node-N>` for the output of call N.

The folder holds `plans.jsonl`, a task a line: `id`, `user_request`, `plan` (a list of `id`, `name`, `args`) and, if it
has any, `alt_plans` (lists like it). All tools that occur in the file are offered, each with the arguments that occur.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from evals.adapters.files import chosen, folder, read_lines
from evals.diorama.cases import Call
from evals.metrics.argument_f1 import argument_f1
from evals.metrics.arguments import argument_name_f1
from evals.metrics.called import steps_of
from evals.metrics.data_flow import data_flow_f1, edges_due
from evals.metrics.tool_f1 import tool_f1
from evals.suites import grading
from evals.suites.bench import Bench, Solve, deployed
from evals.suites.options import Options
from evals.suites.report import Report, report_of
from evals.suites.runner import run
from evals.trial import Question, Result, Score, Step, Trial

NAMES = ("tool_f1", "argument_name_f1", "argument_f1", "edge_f1")
HOW = "Make the whole plan at once. Write <node-0>, <node-1> … for what the first, the second … call gives."


class Node(BaseModel):
    """A call of a plan."""

    id: int
    name: str
    args: dict[str, Any]


class Task(BaseModel):
    """A request with its plans."""

    id: int | str
    user_request: str
    plan: list[Node]
    alt_plans: list[list[Node]] = []

    def question(self) -> Question:
        """As a question; tools' names lose their blanks, as the protocol wants it."""
        plans = [
            [[Call(tool=plain(node.name), arguments=node.args)] for node in one] for one in (self.plan, *self.alt_plans)
        ]
        return Question(id=f"mnms-{self.id}", query=self.user_request, accepted_plans=plans)


def plain(name: str) -> str:
    """A tool's name without blanks."""
    return name.replace(" ", "_")


def suite(seed: int, count: int, options: Options) -> Report:
    """Ask for `count` plans, drawn by the seed."""
    tasks = read_tasks(folder(options, "m&m's plans.jsonl"))
    return run_suite(deployed(options.model), chosen(tasks, seed, count), offered_by(tasks), options)


def read_tasks(path: Path) -> list[Task]:
    """The tasks of a folder.

    Raises:
        UserError: `plans.jsonl` is missing, or in another form.
    """
    return read_lines(path / "plans.jsonl", TypeAdapter(Task))


def offered_by(tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """The tools that occur, in OpenAI's form; any argument may stand for an output, so all are strings."""
    arguments: dict[str, set[str]] = {}
    for task in tasks:
        for node in (node for plan in (task.plan, *task.alt_plans) for node in plan):
            arguments.setdefault(plain(node.name), set()).update(node.args)
    return [_tool(name, sorted(names)) for name, names in sorted(arguments.items())]


def _tool(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    properties = {argument: {"type": "string", "maxLength": 200} for argument in arguments}
    parameters = {"type": "object", "properties": properties, "required": []}
    described = {"name": name, "description": name.replace("_", " "), "parameters": parameters}
    return {"type": "function", "function": described}


def run_suite(
    bench: AbstractAsyncContextManager[Bench], tasks: Sequence[Task], offered: list[dict[str, Any]], options: Options
) -> Report:
    """Ask for the plans."""
    ran = run("mnms", [task.question() for task in tasks], asking(bench, offered), grade, options)
    return report_of("mnms", ran.results, ("valid_calls", *NAMES, "seconds_per_query"), ran.interrupted)


@asynccontextmanager
async def asking(bench: AbstractAsyncContextManager[Bench], offered: list[dict[str, Any]]) -> AsyncIterator[Solve]:
    """Answers with what the planner calls in one step."""
    async with bench as opened:

        async def ask(question: Question) -> Trial:
            from langchain_core.messages import HumanMessage, SystemMessage

            from agent.llm.client import chat_model, plan
            from agent.prompt import neutralise

            began = time.perf_counter()
            words = [SystemMessage(HOW), HumanMessage(neutralise(question.query))]
            reply = await plan(chat_model(opened.endpoint, opened.http), words, offered)
            steps = [Step(tool=call["name"], arguments=call["args"]) for call in reply.tool_calls]
            return Trial(question=question, offered=offered, steps=steps, seconds=time.perf_counter() - began)

        yield ask


def grade(trial: Trial) -> Result:
    """F1 of tools, argument names, arguments, and edges, each best over the accepted plans."""
    plans, made = trial.question.plans, steps_of(trial.steps)
    edges = max(data_flow_f1(edges_due(made), edges_due(plan)).f1 for plan in plans)
    found = (tool_f1(made, plans).f1, argument_name_f1(made, plans).f1, argument_f1(made, plans).f1, edges)
    values = dict(zip(NAMES, [0.0] * len(NAMES) if trial.error else found, strict=True))
    scores = [Score(name=name, value=value) for name, value in values.items()]
    why = "error" if trial.error else next((name for name, value in values.items() if value < 1), None)
    return Result(trial=trial, scores=[*grading.calls(trial), *scores, *grading.seconds(trial)], why=why)
