"""What a step costs beside model and tools: this flow against langchain's agent, over the same scripted server."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from pydantic import BaseModel, SecretStr

from agent.exchange import new_id
from evals.benchmarks.bench import QUESTION, agent, look, picture
from evals.benchmarks.scripted import ANSWER, serving
from tools.workspace import Workspace

Ask = Callable[[], Awaitable[None]]
"""Answers one question, from the first byte to the last checkpoint."""


@tool("look")
def plain_look(image_id: str, labels: list[str]) -> str:
    """Find things in an image."""
    return "dog 1\ndog-1 1,1,9,9"


class Overhead(BaseModel):
    """Both agents in one run; of each pair the first is ours. Milliseconds do not travel, the ratios do.

    Attributes:
        peer: Which agent of langchain stood beside.
        step_ms: Milliseconds a step, one question at a time; medians.
        cpu_ms: Milliseconds of this process's CPU a step, which other work on the machine does not lengthen.
        rate: Steps a second with many questions at once; medians.
    """

    peer: str
    step_ms: tuple[float, float]
    cpu_ms: tuple[float, float]
    rate: tuple[float, float]


def peer() -> tuple[str, Callable[..., Any]]:
    """Langchain's `create_agent` where that package is installed, else the agent that comes with LangGraph."""
    name, function = ("langchain.agents", "create_agent") if find_spec("langchain") else PREBUILT
    return f"{name}.{function}", getattr(import_module(name), function)


PREBUILT = ("langgraph.prebuilt", "create_react_agent")


async def measure(steps: int, questions: int, at_once: int, rounds: int) -> Overhead:
    """Time both agents, turn and turn about.

    Args:
        steps: Of each question, beside the answer.
        questions: How many are asked one after another in a round.
        at_once: How many are asked at once.
        rounds: How often each is timed.
    """
    alone: tuple[list[float], list[float]] = ([], [])
    cpu: tuple[list[float], list[float]] = ([], [])
    crowd: tuple[list[float], list[float]] = ([], [])
    with serving(steps, "look") as url, tempfile.TemporaryDirectory() as name:
        async with _ours(url, Path(name)) as ours, _theirs(url, Path(name)) as theirs:
            for ask in (ours, theirs):
                await ask()  # imports, connections and caches are nobody's step
            for _ in range(rounds):
                for number, ask in enumerate((ours, theirs)):
                    seconds, busy = await _timed(ask, questions, together=False)
                    alone[number].append(1000 * seconds / questions / (steps + 1))
                    cpu[number].append(1000 * busy / questions / (steps + 1))
                    seconds, _ = await _timed(ask, at_once, together=True)
                    crowd[number].append(at_once * (steps + 1) / seconds)
    return Overhead(peer=peer()[0], step_ms=_medians(alone), cpu_ms=_medians(cpu), rate=_medians(crowd))


def _medians(both: tuple[list[float], list[float]]) -> tuple[float, float]:
    return statistics.median(both[0]), statistics.median(both[1])


async def _timed(ask: Ask, count: int, *, together: bool) -> tuple[float, float]:
    began, busy = time.perf_counter(), time.process_time()
    if together:
        await asyncio.gather(*(ask() for _ in range(count)))
    else:
        for _ in range(count):
            await ask()
    return time.perf_counter() - began, time.process_time() - busy


@asynccontextmanager
async def _ours(url: str, folder: Path) -> AsyncIterator[Ask]:
    shown = picture(folder / "picture.png")
    async with agent(url, folder / "ours.sqlite", [look]) as (made, _):

        async def ask() -> None:
            run = await made.ask(Workspace.open([shown]), QUESTION)
            assert run.answer.value == ANSWER["value"], run.error

        yield ask


@asynccontextmanager
async def _theirs(url: str, folder: Path) -> AsyncIterator[Ask]:
    _, create = peer()
    async with httpx.AsyncClient() as http, AsyncSqliteSaver.from_conn_string(str(folder / "theirs.sqlite")) as kept:
        model = ChatOpenAI(base_url=url, model="scripted", api_key=SecretStr("secret"), http_async_client=http)
        made = create(model, [plain_look], checkpointer=kept)

        async def ask() -> None:
            config = {"configurable": {"thread_id": new_id()}, "recursion_limit": 300}
            asked = {"messages": [{"role": "user", "content": f"img-1 (64x48)\nQuestion: {QUESTION}"}]}
            final = await made.ainvoke(asked, config, durability="sync")
            assert final["messages"][-1].content == ANSWER["text"]

        yield ask
