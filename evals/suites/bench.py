"""What questions are put to: the deployed planner with its tools and models. Which questions, the suites say."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evals.diorama.world import Item, ask_about
from evals.metrics.valid_calls import snapshot
from evals.suites.options import gathering
from evals.trial import Question, Trial
from tools.models import SHARED, Models

if TYPE_CHECKING:
    import httpx
    from langchain_core.tools import BaseTool

    from agent.llm.endpoint import Endpoint

Solve = Callable[[Question], Awaitable[Trial]]
"""What makes a trial of a question."""


@dataclass(frozen=True)
class Bench:
    """A planner at an endpoint, the tools that it is offered, and the models that they look with."""

    endpoint: Endpoint
    http: httpx.AsyncClient
    tools: Sequence[BaseTool]
    models: Models

    async def ask(self, question: Question) -> Trial:
        """Put a question to the agent, through the whole of the real flow.

        Raises:
            UserError: The model server is down, or does not answer with calls.
        """
        return await self.ask_through(self.http, question)

    async def ask_through(self, http: httpx.AsyncClient, question: Question) -> Trial:
        """The same through another client, which may change what the planner reads or says."""
        from agent.llm import seer
        from agent.llm.client import chat_model
        from agent.run import Agent
        from tools.workspace import Workspace

        began = time.perf_counter()
        workspace = Workspace.open(question.images, self.models)
        seer.give(workspace, self.endpoint)
        run = await Agent(chat_model(self.endpoint, http), self.tools).ask(workspace, question.query)
        return Trial.of(question, run, snapshot(self.tools), time.perf_counter() - began)


@asynccontextmanager
async def _open(endpoint: Endpoint) -> AsyncIterator[Bench]:
    from agent.llm.client import http_client
    from tools.registry import load_tools, offered

    async with http_client(endpoint) as http:
        yield Bench(endpoint, http, offered(load_tools(), endpoint.tools, SHARED), SHARED)


def deployed(model: str | None = None) -> AbstractAsyncContextManager[Bench]:
    """What is deployed: the configured model, or the embedded one, whose server is started when needed.

    Args:
        model: Name of another model at the configured server.

    Raises:
        UserError: Weights are missing, or the server cannot be started.
    """
    from agent.commands.progress import starting
    from agent.launch import find_endpoint

    SHARED.get("segment")  # weights that are missing are one error, not one a question
    with starting() as tell:
        endpoint = find_endpoint(tell)
    return _open(endpoint.model_copy(update={"model": model}) if model else endpoint)


def drawn(seeds: range, folder: Path, draw: Callable[[int], Item] = ask_about) -> list[Question]:
    """A question about the diorama of each seed, the pictures written to a folder.

    Args:
        seeds: Each gives a scene and a question; every second question's phrasing is held out from training.
        folder: For the pictures.
        draw: Chooses the question of a seed.

    Raises:
        KeyboardInterrupt: It was cut short, before anything was asked.
    """
    with gathering("scenes", len(seeds)) as made:
        for seed in seeds:
            made.add(draw(seed))
    if made.interrupted:
        raise KeyboardInterrupt
    return questions_of(made.results, folder)


def questions_of(items: Sequence[Item], folder: Path) -> list[Question]:
    """The questions about dioramas, their pictures written to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    questions = []
    for item in items:
        paths = [folder / name for name in item.case.images]
        for path, diorama in zip(paths, item.dioramas, strict=True):
            diorama.image.save(path, "PNG")
        questions.append(Question.model_validate({**item.case.model_dump(), "images": [str(path) for path in paths]}))
    return questions


@asynccontextmanager
async def asking(
    bench: AbstractAsyncContextManager[Bench],
    changed: Callable[[Bench, Question], Bench] = lambda bench, question: bench,
) -> AsyncIterator[Solve]:
    """Answers by asking the bench, or what a suite makes of it for a question."""
    async with bench as opened:

        async def ask(question: Question) -> Trial:
            return await changed(opened, question).ask(question)

        yield ask
