"""The verb `eval`: runs a suite against what is deployed and prints its report. What is run lives in `evals.suites`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from tools.errors import UserError

if TYPE_CHECKING:
    from evals.metrics.map50 import Pair
    from evals.suites.diorama import Result
    from evals.suites.report import Report

Done = TypeVar("Done")

LAST_SEED = 5_000_000
"""Seeds of evals lie below; training draws its scenes from far above."""


class Suite(StrEnum):
    """The suites there are."""

    DIORAMA = "diorama"
    DETECTOR = "detector"


def command(
    suite: Annotated[Suite, typer.Argument(metavar="SUITE", help="diorama, or detector for its precision alone.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the first scene; the others count up from it.")] = 1000,
    count: Annotated[int, typer.Option(min=1, help="How many questions, one a scene.")] = 200,
    map_scenes: Annotated[
        int | None, typer.Option(min=0, help="How many scenes the detector is measured on; by default COUNT.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many questions at once.")] = 2,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON too, on the last line.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for report.json and results.jsonl.")] = None,
) -> None:
    """Measure how well questions are answered, with intervals and the failures.

    Ctrl-C ends early and prints what was done until then. The model server is started when needed, as `ask` does.
    """
    scenes = range(seed, seed + (count if map_scenes is None else map_scenes))
    if (last := max(seed + count, scenes.stop)) > LAST_SEED:
        raise UserError(f"the seeds reach {last}: evals stay below {LAST_SEED}, choose others")
    _writable(out)
    results: list[Result] = []
    pairs: list[Pair] = []
    interrupted = False
    try:
        if suite is Suite.DIORAMA:
            _ask(range(seed, seed + count), concurrency, results)
        _look(scenes, pairs)
    except KeyboardInterrupt:
        interrupted = True
    _finish(suite, results, pairs, out, json)
    if interrupted:
        raise typer.Exit(130)


def _writable(out: Path | None) -> None:
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {out} ({error.strerror}): choose another --out") from error


@contextmanager
def _progress(what: str, total: int, done: list[Done]) -> Iterator[Callable[[Done], None]]:
    """Give a function that keeps what it is given in `done`, and moves a bar on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(what, total=total)

        def each(one: Done) -> None:
            done.append(one)
            progress.advance(bar)

        yield each


def _ask(seeds: range, concurrency: int, results: list[Result]) -> None:
    from agent.commands.progress import starting
    from agent.launch import find_endpoint
    from agent.llm import client
    from agent.run import Agent
    from evals.suites.diorama import run_suite
    from tools.models import SHARED
    from tools.registry import load_tools, offered

    SHARED.get("segment")  # weights that are missing are one error, not one a question
    with starting() as tell:
        endpoint = find_endpoint(tell)

    async def run(each: Callable[[Result], None]) -> None:
        async with client.http_client(endpoint) as http:
            agent = Agent(client.chat_model(endpoint, http), offered(load_tools(), endpoint.tools))
            await run_suite(agent, SHARED, seeds, concurrency=concurrency, each=each)

    with _progress("questions", len(seeds), results) as each:
        asyncio.run(run(each))


def _look(seeds: range, pairs: list[Pair]) -> None:
    from evals.suites import detector

    if not seeds:
        return
    model = detector.load()
    with _progress("scenes", len(seeds), pairs) as each:
        detector.look_at(model, seeds, each)


def _finish(suite: Suite, results: list[Result], pairs: list[Pair], out: Path | None, json: bool) -> None:
    from rich.console import Console

    from evals.suites import detector, diorama
    from evals.suites.report import Report, show

    maps = detector.metrics(pairs)
    results.sort(key=lambda one: int(one.case.id.partition("-")[0]))
    report: Report = Report(suite=suite, metrics=maps) if suite is Suite.DETECTOR else diorama.report(results, maps)
    console = Console()
    show(report, console if console.is_terminal else Console(width=160))
    if out is not None:
        (out / "report.json").write_text(report.model_dump_json(indent=2), encoding="utf-8")
        (out / "results.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in results), encoding="utf-8")
        typer.echo(f"report.json and results.jsonl are in {out}")
    if json:
        typer.echo(report.line())
