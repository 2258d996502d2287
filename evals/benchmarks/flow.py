"""Figures of the flow: parallel tools, overhead, checkpoints, prefixes, kills: `python -m evals.benchmarks.flow`."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from jinja2 import Template
from langchain_core.tools import BaseTool
from pydantic import BaseModel
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from agent.llm.embedded import TEMPLATE
from evals.benchmarks import killed, overhead
from evals.benchmarks.bench import QUESTION, agent, look, nap, picture
from evals.benchmarks.scripted import serving
from tools.workspace import Workspace

NAPS = 4
STEPS = 20


class Figure(BaseModel):
    """One figure, and the bound that it must keep."""

    name: str
    value: float
    bound: str
    note: str = ""


async def parallel() -> list[Figure]:
    """One step of four calls to four tools of a second each."""
    tools: list[BaseTool] = [nap(f"nap_{number}", 1.0) for number in range(NAPS)]
    with serving(1, *(tool.name for tool in tools)) as url, tempfile.TemporaryDirectory() as name:
        async with agent(url, Path(name) / "kept.sqlite", tools) as (made, _):
            run = await made.ask(Workspace.open([picture(Path(name) / "a.png")]), QUESTION)
    note = f"whole run {run.seconds.total:.2f} s"
    return [Figure(name="four tools of 1 s, seconds", value=run.seconds.act, bound="< 1.3", note=note)]


async def checkpoint() -> list[Figure]:
    """The bytes that a long run about a picture leaves, beside those of the picture."""
    with serving(STEPS, "look") as url, tempfile.TemporaryDirectory() as name:
        shown = picture(Path(name) / "a.png", 400, 256)
        kept = Path(name) / "kept.sqlite"
        async with agent(url, kept, [look]) as (made, _):
            run = await made.ask(Workspace.open([shown]), QUESTION)
            assert len(run.steps) == STEPS + 1
        left = sum(path.stat().st_size for path in Path(name).glob("kept.sqlite*"))
        ratio = left / shown.stat().st_size
    return [Figure(name="checkpoint of 20 steps / picture", value=ratio, bound="<= 1.1", note=f"{left // 1024} KB")]


async def prefixes() -> list[Figure]:
    """Of each request and the next one, on the bytes sent and in the words of the embedded template."""
    sent: list[bytes] = []

    async def keep(request: httpx.Request) -> None:
        sent.append(request.content)

    with serving(STEPS, "look") as url, tempfile.TemporaryDirectory() as name:
        async with agent(url, Path(name) / "kept.sqlite", [look]) as (made, http):
            http.event_hooks["request"].append(keep)
            await made.ask(Workspace.open([picture(Path(name) / "a.png", 400, 256)]), QUESTION)
    pairs = list(zip(sent, sent[1:], strict=False))
    bodies = [(_messages(one), _messages(two)) for one, two in pairs]
    words = [(_rendered(one), _rendered(two)) for one, two in pairs]
    kept = sum(two.startswith(one) for one, two in bodies)
    same = sum(two.startswith(one) for one, two in words)
    return [
        Figure(name="requests that begin with the one before, bytes", value=kept / len(pairs), bound="= 1"),
        Figure(name="prompts that begin with the one before", value=same / len(pairs), bound="= 1"),
    ]


def _messages(body: bytes) -> str:
    """The messages of a request as they were sent, without the bracket that closes them."""
    text = body.decode()
    start = text.index('"messages":') + len('"messages":')
    _, length = json.JSONDecoder().raw_decode(text[start:])
    return text[start : start + length - 1]


def _rendered(body: bytes) -> str:
    request: dict[str, Any] = json.loads(body)
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    return str(template.render(messages=request["messages"], tools=request["tools"]))


async def costs(rounds: int) -> list[Figure]:
    """Against langchain's agent."""
    one = await overhead.measure(steps=10, questions=5, at_once=32, rounds=rounds)
    alone = f"{one.step_ms[0]:.2f} ms against {one.step_ms[1]:.2f} of {one.peer}"
    busy = f"{one.cpu_ms[0]:.2f} ms against {one.cpu_ms[1]:.2f}"
    crowd = f"{one.rate[0]:.0f} steps/s against {one.rate[1]:.0f}"
    return [
        Figure(name="time a step / peer", value=one.step_ms[0] / one.step_ms[1], bound="<= 0.8", note=alone),
        Figure(name="CPU a step / peer", value=one.cpu_ms[0] / one.cpu_ms[1], bound="", note=busy),
        Figure(name="steps/s of 32 at once / peer", value=one.rate[0] / one.rate[1], bound=">= 1.3", note=crowd),
    ]


def kills(count: int) -> list[Figure]:
    """Whether what was killed goes on."""
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("kills", total=count)
        result = killed.measure(count, lambda: progress.advance(bar))
    note = f"{result.kills} kills of {result.runs} runs, all of which ended; {result.unsure} calls told as cut short"
    return [
        Figure(name="steps lost", value=result.lost, bound="= 0", note=note),
        Figure(name="effects done twice", value=result.twice, bound="= 0"),
    ]


def main(
    only: Annotated[list[str] | None, typer.Option(help="parallel, costs, checkpoint, prefixes or kills.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many kills.")] = 100,
    rounds: Annotated[int, typer.Option(min=1, help="How often both agents are timed.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as one line of JSON.")] = False,
) -> None:
    """Measure the flow."""
    began = time.perf_counter()
    parts: dict[str, Callable[[], list[Figure]]] = {
        "kills": lambda: kills(count),  # first: it forks, and a process is best forked before it has threads
        "parallel": lambda: asyncio.run(parallel()),
        "costs": lambda: asyncio.run(costs(rounds)),
        "checkpoint": lambda: asyncio.run(checkpoint()),
        "prefixes": lambda: asyncio.run(prefixes()),
    }
    if unknown := set(only or ()) - set(parts):
        raise typer.BadParameter(f"no such part: {', '.join(unknown)}; there are: {', '.join(parts)}")
    figures = [figure for name, part in parts.items() if not only or name in only for figure in part()]
    if json:
        typer.echo(f"[{','.join(figure.model_dump_json() for figure in figures)}]")
        return
    table = Table("figure", "value", "bound", "note", caption=f"{time.perf_counter() - began:.0f} s")
    for figure in figures:
        table.add_row(figure.name, f"{figure.value:.3f}", figure.bound, figure.note)
    Console(width=160).print(table)


if __name__ == "__main__":
    typer.run(main)
