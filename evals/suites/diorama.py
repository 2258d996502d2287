"""The suite `diorama`: questions about scenes, put to the agent and scored. Formulas live in `evals.metrics`."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from agent.run import Agent, Run
from evals.diorama.cases import Case
from evals.diorama.world import Item, ask_about
from evals.metrics.answers import is_right
from evals.metrics.argument_f1 import argument_f1
from evals.metrics.interval import Metric, ratio
from evals.metrics.tool_f1 import tool_f1
from evals.metrics.valid_calls import is_valid, schemas_of
from evals.suites import detector
from evals.suites.attribution import Why, calls_of, why_wrong
from evals.suites.options import Options, gathering
from evals.suites.report import Failure, Report
from tools.models import SHARED, Models
from tools.registry import load_tools, offered
from tools.workspace import Workspace

Schemas = Mapping[str, type[BaseModel]]


class Result(BaseModel):
    """How one case went.

    Attributes:
        case: The question and its truth.
        run: What the agent did; none if it raised.
        error: What was raised, if anything was.
        seconds: From question to answer.
        calls: How many calls the model made; output that is no call counts as one.
        valid: How many of them fit their schemas.
        tool_f1: 0 to 1.
        argument_f1: 0 to 1.
        correct: Whether the answer is right.
        why: What a wrong answer is owed to.
    """

    case: Case
    run: Run | None = None
    error: str | None = None
    seconds: float
    calls: int = 1
    valid: int = 0
    tool_f1: float = 0.0
    argument_f1: float = 0.0
    correct: bool = False
    why: Why | None = None


def suite(seed: int, count: int, options: Options) -> Report:
    """Ask one question about each diorama from `seed` on, then measure the detector that looked."""
    from agent.commands.progress import starting
    from agent.launch import find_endpoint
    from agent.llm import client

    SHARED.get("segment")  # weights that are missing are one error, not one a question
    with starting() as tell:
        endpoint = find_endpoint(tell)
    seeds = range(seed, seed + count)

    async def run(each: Callable[[Result], None]) -> None:
        async with client.http_client(endpoint) as http:
            agent = Agent(client.chat_model(endpoint, http), offered(load_tools(), endpoint.tools))
            await run_suite(agent, SHARED, seeds, concurrency=options.concurrency, each=each)

    with gathering("questions", count) as done:
        asyncio.run(run(done.add))
    scenes = 0 if done.interrupted else count if options.map_scenes is None else options.map_scenes
    pairs, interrupted = detector.measure(range(seed, seed + scenes))
    results = sorted(done.results, key=lambda one: int(one.case.id.partition("-")[0]))
    if options.out is not None:
        lines = "".join(f"{one.model_dump_json()}\n" for one in results)
        (options.out / "results.jsonl").write_text(lines, encoding="utf-8")
    made = report(results, detector.metrics(pairs))
    return made.model_copy(update={"interrupted": done.interrupted or interrupted})


async def run_suite(
    agent: Agent,
    models: Models,
    seeds: Iterable[int],
    *,
    concurrency: int = 2,
    each: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Ask one question about the diorama of each seed, and score what the agent does.

    Args:
        agent: Answers.
        models: What its tools look with.
        seeds: Each gives a scene and a question; every second question's phrasing is held out from training.
        concurrency: How many questions are under way at once.
        each: Is given each result as soon as it is there, so that a run that is cut short leaves what was done.

    Returns:
        The results in the order of the seeds. A case that raised is one that failed.
    """
    pending, results = iter(enumerate(seeds)), dict[int, Result]()
    schemas = schemas_of(load_tools())

    async def work(folder: Path) -> None:
        for number, seed in pending:  # shared by the workers: each takes the next
            item = await asyncio.to_thread(ask_about, seed)
            results[number] = await _put(agent, models, item, folder, schemas)
            each(results[number])

    with tempfile.TemporaryDirectory(prefix="scenograph-eval-") as name:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(work(Path(name)))
    return [results[number] for number in sorted(results)]


async def _put(agent: Agent, models: Models, item: Item, folder: Path, schemas: Schemas) -> Result:
    """Put one question to the agent."""
    paths = [folder / name for name in item.case.images]
    for path, diorama in zip(paths, item.dioramas, strict=True):
        diorama.image.save(path, "PNG")
    began = time.perf_counter()
    try:
        run = await agent.ask(Workspace.open(paths, models), item.case.query)
    except Exception as error:  # Whatever it was, the case has failed, and the others go on.
        return Result(
            case=item.case,
            error=f"{type(error).__name__}: {error}",
            seconds=time.perf_counter() - began,
            why="error",
        )
    return scored(item.case, run, time.perf_counter() - began, schemas)


def scored(case: Case, run: Run, seconds: float, schemas: Schemas) -> Result:
    """Score a run against its case; one that gave up has not answered, whatever the truth is."""
    plans = [calls_of(plan) for plan in case.accepted_plans]
    answer = run.answer
    correct = run.error is None and is_right(case.answer, answer.value, answer.evidence, case.tolerance)
    return Result(
        case=case,
        run=run,
        seconds=seconds,
        calls=len(run.steps),
        valid=sum(is_valid(step, schemas) for step in run.steps),
        tool_f1=tool_f1(run.steps, plans).f1,
        argument_f1=argument_f1(run.steps, plans).f1,
        correct=correct,
        why=None if correct else why_wrong(case, run),
    )


def report(results: Sequence[Result], maps: Mapping[str, Metric]) -> Report:
    """The suite's report.

    Args:
        results: Of the questions.
        maps: The detector's figures.
    """
    kinds = sorted({one.case.kind for one in results})
    return Report(
        suite="diorama",
        metrics={
            "valid_calls": ratio([one.valid for one in results], [one.calls for one in results]),
            "tool_f1": ratio([one.tool_f1 for one in results]),
            "argument_f1": ratio([one.argument_f1 for one in results]),
            "answer_accuracy": _accuracy(results),
            "answer_accuracy_heldout": _accuracy([one for one in results if one.case.held_out]),
            **maps,
            "seconds_per_query": ratio([one.seconds for one in results]),
        },
        by_kind={kind: _accuracy([one for one in results if one.case.kind == kind]) for kind in kinds},
        failures=[_failure(one) for one in results if not one.correct],
        errors=sum(one.error is not None for one in results),
    )


def _accuracy(results: Sequence[Result]) -> Metric:
    return ratio([float(one.correct) for one in results])


def _failure(result: Result) -> Failure:
    got = result.error or (repr(result.run.answer.value) if result.run else "")
    if result.run and result.run.error:
        got = f"gave up: {result.run.error}"
    case = result.case
    return Failure(id=case.id, query=case.query, expected=repr(case.answer), got=got, why=str(result.why))
