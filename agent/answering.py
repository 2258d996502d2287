"""A question answered to the last file: the run, its checkpoints and what is written. HTTP is `agent.service`'s."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
from langchain_core.tools import BaseTool
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.store.base import BaseStore

from agent.acting import Shared
from agent.evidence import rows
from agent.exchange import GRAPH, RUN, Question, Reply
from agent.llm import client, seer
from agent.overlay import annotate
from agent.run import Agent, Run, Waiting
from graphs.scene import SceneGraph
from tools.errors import UserError
from tools.models import Models
from tools.registry import offered
from tools.workspace import Workspace


class Answering:
    """Answers questions, many at once, with tools and models that stay loaded."""

    def __init__(
        self, tools: list[BaseTool], models: Models, kept: AsyncSqliteSaver, ledger: BaseStore | None = None
    ) -> None:
        """Take what all questions share.

        Args:
            tools: All tools there are; a question's planner is offered those that it knows.
            models: What the tools look with.
            kept: Where steps are kept while a run goes on, so that it survives the process, and conversations.
            ledger: Where calls that want approval are noted, so that none takes effect twice.
        """
        self._tools = tools
        self._models = models
        self._kept = kept
        self._shared = Shared(ledger=ledger)
        self._underway: set[str] = set()

    async def answer(self, question: Question, tell: Callable[[str], None] | None = None) -> Reply:
        """Answer a question and write its files; only a conversation, and what waits for a person, leaves checkpoints.

        Args:
            question: What is asked.
            tell: Is told in a line what the run does.

        Raises:
            UserError: What the person can put right: an image, the model server, the folder.
        """
        question.endpoint.check_reads(question.text)
        keep = question.thread is not None
        with self._once(question.thread or question.id):
            try:
                workspace = await asyncio.to_thread(Workspace.open, question.images, self._models, question.folder)
                run = await self._run(question, workspace, tell)
                files = await asyncio.to_thread(write, run, workspace, question.folder)
            except Waiting as waiting:
                keep = True
                return Reply(waiting=list(waiting.calls))
            finally:  # not reached when the process is killed: then the run can go on
                if not keep:
                    await self._kept.adelete_thread(question.id)
        return Reply(run=run.model_dump(mode="json"), evidence=rows(run), files=files)

    async def images(self, thread: str) -> list[str] | None:
        """The files that a conversation is about, in the order of their ids; None if there is no such conversation."""
        kept = await self._kept.aget_tuple({"configurable": {"thread_id": thread}})
        return [image["path"] for image in kept.checkpoint["channel_values"]["images"]] if kept else None

    async def _run(self, question: Question, workspace: Workspace, tell: Callable[[str], None] | None) -> Run:
        async with client.http_client(question.endpoint) as http:
            tools = offered(self._tools, question.endpoint.tools, self._models)
            seer.give(workspace, question.endpoint)
            model = client.chat_model(question.endpoint, http)
            agent = Agent(model, tools, self._kept, policy=question.policy, shared=self._shared)
            thread, decisions = question.thread, question.decisions
            run = await agent.ask(
                workspace, question.text, run_id=question.id, thread=thread, decisions=decisions, tell=tell
            )
        run.seconds.start = question.start
        run.seconds.total += question.start
        return run

    @contextmanager
    def _once(self, name: str) -> Iterator[None]:
        """Two that go on with the same run would write over each other's steps."""
        if name in self._underway:
            raise UserError(f"run {name} is being answered already: wait for it, or ask again")
        self._underway.add(name)
        try:
            yield
        finally:
            self._underway.remove(name)


def write(run: Run, workspace: Workspace, folder: Path) -> list[str]:
    """Write the run, its graph and its annotated pictures.

    Returns:
        The names of the files in the folder, in that order.

    Raises:
        UserError: The folder cannot be written to.
    """
    entities = SceneGraph.from_json(run.scene).entities()
    pictures = []
    for image in run.images:
        here = [entity for entity in entities if entity.image_id == image.id]
        drawn = annotate(workspace.image(image.id), here, run.answer.evidence)
        pictures.append((f"{image.id}-annotated.png", drawn))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / GRAPH).write_bytes(orjson.dumps(run.scene, option=orjson.OPT_INDENT_2))
        for name, drawn in pictures:
            drawn.save(folder / name)
        # The run comes last and whole: where it is, the other files are too.
        unfinished = (folder / RUN).with_suffix(".part")
        unfinished.write_text(run.model_dump_json(indent=2))
        unfinished.replace(folder / RUN)
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror}): choose another --out") from error
    return [RUN, GRAPH, *(name for name, _ in pictures)]
