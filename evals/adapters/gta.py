"""The suite `gta`: tasks of GTA (arXiv 2407.08713) in its native mode, each step with the right past before it.

The folder holds `tasks.json`, a list of tasks with `id`, `query`, `files`, `tool_schemas`, `gold_steps` (`tool`,
`arguments`, `observation`) and `gold_answer`. With `--count` above their number all are asked. The logged
observations are replayed, so no tool of GTA is run. Where a task's pictures lie in the folder too, it is asked a second
time in the mapped mode: the agent with our own tools, judged by its answer alone.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from evals.adapters.files import chosen, folder, read
from evals.diorama.cases import Call
from evals.metrics.called import ENDING
from evals.metrics.comparators import Type, box, evaluate, number, plain, same
from evals.metrics.valid_calls import is_valid, schemas_of, snapshot
from evals.suites.bench import Bench, Solve, deployed
from evals.suites.options import Options
from evals.suites.report import Report, report_of
from evals.suites.runner import run, unscored
from evals.trial import Question, Reply, Result, Score, Step, Trial

MAPPED = "mapped"
NAMES = ("InstAcc", "ToolAcc", "ArgAcc", "AnsAcc", "AnsAcc_mapped")
TYPES: dict[str, Type] = {
    "image": "image", "bbox": "box", "expression": "expression", "k": "number", "query": "text", "text": "text",
    "instruction": "text", "keywords": "text", "annotation": "text", "attribute": "text", "command": "text",
    "position": "name", "color": "name", "top1": "name",
}  # fmt: skip
"""How to compare the arguments of GTA's tools, by name."""
JSON = {"text": "string", "image": "string", "int": "integer", "float": "number", "bool": "boolean"}


class GoldStep(BaseModel):
    """A call that a person chose, with what the tool told."""

    tool: str
    arguments: dict[str, Any]
    observation: str


class Input(BaseModel):
    """An argument of a tool."""

    name: str
    type: str
    description: str | None = None
    optional: bool = False


class Tool(BaseModel):
    """A tool as GTA describes it."""

    name: str
    description: str
    inputs: list[Input]

    def offered(self) -> dict[str, Any]:
        """In OpenAI's form."""
        properties = {one.name: _property(one) for one in self.inputs}
        required = [one.name for one in self.inputs if not one.optional]
        parameters = {"type": "object", "properties": properties, "required": required}
        named = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": named}


def _property(given: Input) -> dict[str, Any]:
    described = {"description": given.description} if given.description else {}
    return {"type": JSON.get(given.type, "string"), **described}


class Task(BaseModel):
    """A task of GTA."""

    id: int
    query: str
    files: list[str] = []
    tool_schemas: list[Tool]
    gold_steps: list[GoldStep]
    gold_answer: str | dict[str, Any] | None = None

    def question(self, condition: str = "", images: Sequence[str] = ()) -> Question:
        """As a question; its picture is GTA's own in the native mode, for the arguments name it."""
        plan = [[Call(tool=step.tool, arguments=step.arguments)] for step in self.gold_steps]
        return Question(
            id=f"gta-{self.id}{f'@{condition}' if condition else ''}",
            query=self.query,
            images=list(images),
            answer=self.gold_answer if isinstance(self.gold_answer, str) else None,
            accepted_plans=[plan],
            condition=condition,
            tags=self.files,
        )


def suite(seed: int, count: int, options: Options) -> Report:
    """Ask at most `count` tasks, drawn by the seed."""
    path = folder(options, "GTA's tasks.json")
    tasks = chosen(read_tasks(path), seed, count)
    return run_suite(deployed(options.model), tasks, path, options)


def read_tasks(path: Path) -> list[Task]:
    """The tasks of a folder.

    Raises:
        UserError: `tasks.json` is missing, or in another form.
    """
    return read(path / "tasks.json", TypeAdapter(list[Task]))


def run_suite(bench: AbstractAsyncContextManager[Bench], tasks: Sequence[Task], path: Path, options: Options) -> Report:
    """Put the tasks, native and, where there are pictures, mapped."""
    questions = [task.question() for task in tasks]
    for task in tasks:
        pictures = [path / name for name in task.files]
        if pictures and isinstance(task.gold_answer, str) and all(one.is_file() for one in pictures):
            questions.append(task.question(MAPPED, [str(one) for one in pictures]))
    ran = run("gta", questions, asking(bench, tasks), grade, options)
    return report_of("gta", ran.results, (*NAMES, "seconds_per_query"), ran.interrupted)


@asynccontextmanager
async def asking(bench: AbstractAsyncContextManager[Bench], tasks: Sequence[Task]) -> AsyncIterator[Solve]:
    """Answers step by step, the gold steps and their observations standing before each."""
    by_id = {f"gta-{task.id}": task for task in tasks}
    async with bench as opened:

        async def ask(question: Question) -> Trial:
            if question.condition == MAPPED:
                return await opened.ask(question)
            return await _force(opened, question, by_id[question.id])

        yield ask


async def _force(bench: Bench, question: Question, task: Task) -> Trial:
    from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage

    from agent import prompt
    from agent.llm.client import chat_model, plan

    offered = [*(tool.offered() for tool in task.tool_schemas), *snapshot(t for t in bench.tools if t.name == ENDING)]
    llm = chat_model(bench.endpoint, bench.http)
    words = prompt.neutralise("\n".join([*task.files, f"Question: {task.query}"]))
    messages: list[BaseMessage] = [SystemMessage(prompt.SYSTEM), HumanMessage(words)]
    said: list[Step] = []
    began = time.perf_counter()
    for turn in range(len(task.gold_steps) + 1):
        reply = await plan(llm, messages, offered)
        said += [Step(tool=call["name"], arguments=call["args"], turn=turn) for call in reply.tool_calls]
        if turn < len(task.gold_steps):
            gold = task.gold_steps[turn]
            call = ToolCall(name=gold.tool, args=gold.arguments, id=f"call-{turn + 1}", type="tool_call")
            told = ToolMessage(prompt.neutralise(gold.observation), name=gold.tool, tool_call_id=f"call-{turn + 1}")
            messages += [AIMessage("", tool_calls=[call]), told]
    return Trial(
        question=question, offered=offered, steps=said, reply=_reply(said), seconds=time.perf_counter() - began
    )


def _reply(said: Sequence[Step]) -> Reply | None:
    """The answer that stands in the last call, if it is one."""
    if not said or said[-1].tool != ENDING:
        return None
    arguments = said[-1].arguments
    value = arguments.get("value")
    fitting = value if value is None or isinstance(value, bool | int | float | str) else str(value)
    return Reply(text=str(arguments.get("text", "")), value=fitting)


def gold(task: Task) -> Trial:
    """The gold steps replayed as if a planner had said them."""
    steps = [
        Step(tool=one.tool, arguments=one.arguments, text=one.observation, turn=turn)
        for turn, one in enumerate(task.gold_steps)
    ]
    value = task.gold_answer if isinstance(task.gold_answer, str) else None
    arguments: dict[str, Any] = {"text": value or "It is done.", "value": value, "evidence": []}
    ending = Step(tool=ENDING, arguments=arguments, turn=len(task.gold_steps))
    from tools.answer import answer

    offered = [*(tool.offered() for tool in task.tool_schemas), *snapshot([answer])]
    steps.append(ending)
    reply = _reply(steps) if value is not None else None
    return Trial(question=task.question(), offered=offered, steps=steps, reply=reply)


def grade(trial: Trial) -> Result:
    """InstAcc, ToolAcc and ArgAcc over the steps, AnsAcc over the tasks with an answer (section 4 of the paper).

    A step's instruction is right if it is one call that fits its schema, its tool if that is the gold tool, its
    arguments if they are the gold ones by type: images by name, boxes by IoU, expressions by value, free text by token
    F1. GTA's own script counts names of arguments alone, and its answer pattern cannot match "-2" or "50%" with itself.
    """
    question = trial.question
    if question.condition == MAPPED:
        right = float(trial.reply is not None and is_answer(str(question.answer), trial.reply))
        scores = [*map(unscored, NAMES[:4]), Score(name="AnsAcc_mapped", value=right)]
        return Result(
            trial=trial, scores=[*scores, _seconds(trial)], why="error" if trial.error else None if right else "routing"
        )
    gold_calls = question.plans[0]
    schemas = schemas_of(trial.offered)
    said = [[step for step in trial.steps if step.turn == turn] for turn in range(len(gold_calls))]
    single = [calls[0] if len(calls) == 1 else None for calls in said]
    pairs = list(zip(single, gold_calls, strict=True))
    shares = {
        "InstAcc": [one is not None and is_valid(one, schemas) for one in single],
        "ToolAcc": [one is not None and one.tool == due.tool for one, due in pairs],
        "ArgAcc": [one is not None and one.tool == due.tool and same_arguments(one, due) for one, due in pairs],
    }
    scores = [Score(name=name, value=sum(right) / len(right), weight=len(right)) for name, right in shares.items()]
    if question.answer is None:
        scores.append(unscored("AnsAcc"))
    else:
        right = trial.reply is not None and is_answer(str(question.answer), trial.reply)
        scores.append(Score(name="AnsAcc", value=float(right)))
    owed = zip(("arguments", "routing", "arguments", "reasoning"), scores, strict=True)
    wrong = next((why for why, score in owed if score.weight and score.value < 1), None)
    scores += [unscored("AnsAcc_mapped"), _seconds(trial)]
    return Result(trial=trial, scores=scores, why="error" if trial.error else wrong)


def _seconds(trial: Trial) -> Score:
    return Score(name="seconds_per_query", value=trial.seconds)


def same_arguments(made: Step, due: Call) -> bool:
    """Whether a call's arguments are the gold ones; none more, none fewer."""
    if made.arguments.keys() != due.arguments.keys():
        return False
    return all(_same(name, value, due.arguments[name]) for name, value in made.arguments.items())


def _same(name: str, one: Any, other: Any) -> bool:
    kind: Type = TYPES.get(name, "text")
    if kind == "box" and box(one) is None:
        return plain(one) == plain(other)
    return plain(one) == plain(other) or same(kind, one, other)


def is_answer(due: str, reply: Reply) -> bool:
    """Whether an answer is the gold one: numbers by value, words as the value, or within the text."""
    value = reply.value if reply.value is not None else ""
    wanted = number(due)
    if wanted is not None:
        got = number(value)
        if got is None and isinstance(value, str):
            got = evaluate(value)
        return got is not None and same("number", wanted, got)
    return plain(due) == plain(value) or f" {plain(due)} " in f" {plain(reply.text)} "
