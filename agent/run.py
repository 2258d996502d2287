"""The record of one run, and the agent that makes it; the flow's nodes live in `flow`, files are written elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import Command
from pydantic import BaseModel

from agent import flow, tracing
from agent.acting import Shared
from agent.approval import Pending, Policy
from agent.exchange import call_line, new_id
from agent.transcript import REUSED, last_question
from agent.verify import Answer
from graphs.scene import fold
from graphs.types import ImageRef, Observation
from tools.errors import UserError
from tools.vision_tool import observations
from tools.workspace import Workspace

INTERRUPT = "__interrupt__"
"""LangGraph's key for what waits for a person."""


class Step(BaseModel):
    """One tool call.

    Attributes:
        tool: Its name, as the model wrote it.
        arguments: Its arguments, likewise.
        call_id: Unique within the run.
        observation: What the tool saw; None for `answer` and for a call that failed.
        error: What the model was told instead.
        seconds: How long the tool took.
    """

    tool: str
    arguments: dict[str, Any]
    call_id: str
    observation: Observation | None = None
    error: str | None = None
    seconds: float = 0.0


class Seconds(BaseModel):
    """Wall-clock seconds by phase; `act` counts the slowest of the calls that ran side by side."""

    start: float = 0.0
    plan: float = 0.0
    act: float = 0.0
    verify: float = 0.0
    total: float = 0.0


class Usage(BaseModel):
    """Tokens, as the model server counted them, over all calls to it."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0


class Run(BaseModel):
    """A question, its answer, and everything that the answer rests on.

    Attributes:
        id: Sorts by time.
        query: The question.
        images: What it was asked about.
        answer: The answer that was accepted, or that declines.
        steps: Every tool call, in order, the answers among them.
        scene: The scene graph as node-link JSON.
        seconds: By phase.
        usage: Tokens.
        error: Why no answer could be established, if the run gave up; None otherwise.
    """

    id: str
    query: str
    images: list[ImageRef]
    answer: Answer
    steps: list[Step]
    scene: dict[str, Any]
    seconds: Seconds
    usage: Usage
    error: str | None = None


class Waiting(Exception):
    """Not an error: calls wait for a person, and the run is kept until the decisions come."""

    def __init__(self, calls: Sequence[Pending]) -> None:
        """Take the calls."""
        super().__init__(", ".join(call.tool for call in calls))
        self.calls = tuple(calls)


class Agent:
    """Answers questions about workspaces; one agent may answer many at once."""

    def __init__(
        self,
        llm: ChatOpenAI,
        tools: Sequence[BaseTool],
        checkpointer: BaseCheckpointSaver[str] | None = None,
        *,
        max_steps: int = flow.MAX_STEPS,
        policy: Policy | None = None,
        shared: Shared | None = None,
    ) -> None:
        """Compile the flow once.

        Args:
            llm: The chat model that plans.
            tools: The tools; one of them is `answer`.
            checkpointer: Where steps are kept, so that a run can go on after a crash; None keeps nothing.
            max_steps: How many plans a question may take.
            policy: Who agrees to calls that want approval; by default a person is asked.
            shared: With other agents of the process.
        """
        self._graph = flow.build(llm, tools, checkpointer, max_steps=max_steps, policy=policy, shared=shared)
        self._max_steps = max_steps
        self._kept = checkpointer is not None

    async def ask(
        self,
        workspace: Workspace,
        query: str,
        *,
        run_id: str | None = None,
        thread: str | None = None,
        decisions: Mapping[str, bool] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Run:
        """Answer a question about the images of a workspace.

        Args:
            workspace: Holds the images.
            query: The question.
            run_id: That of a run which was cut short goes on where it stopped; by default a new one.
            thread: The conversation that the question belongs to; by default one of its own.
            decisions: Whether a person agrees to the calls that the run waits with, by their ids.
            tell: Is told in a line what the run does, for those who wait.

        Raises:
            Waiting: Calls wait for a person; the same question goes on once it is asked again with the decisions.
            UserError: An empty question, or a model server that is down, slow or answers garbage.
        """
        if not query.strip():
            raise UserError("the question is empty: ask something about the image")
        began = time.perf_counter()
        name = run_id or new_id()
        config = RunnableConfig(configurable={"thread_id": thread or name}, recursion_limit=4 * self._max_steps + 10)
        given: flow.State | Command[Any] | None = flow.start(query, workspace.images, name)
        if self._kept and (run_id or thread) and (before := (await self._graph.aget_state(config)).values):
            await asyncio.to_thread(_restore, workspace, before["messages"])
            given = None  # what LangGraph takes as: go on
            if before["run"] != name:
                given = flow.follow(cast(flow.State, before), query, workspace.images, name)
        if decisions:
            given = Command(resume=dict(decisions))
        durability: Any = {"durability": "sync"} if self._kept else {}
        with tracing.asking(thread or name):
            final = await self._followed(given, config, workspace, tell or (lambda line: None), durability)
        return record(name, cast(flow.State, final), total=time.perf_counter() - began)

    async def _followed(
        self, given: Any, config: RunnableConfig, workspace: Workspace, tell: Callable[[str], None], options: Any
    ) -> Any:
        """Run the flow to its final state, and tell of each step."""
        final: Any = None
        waiting: list[Pending] = []
        modes: Any = ["updates", "custom", "values"]
        async for mode, part in self._graph.astream(given, config, context=workspace, stream_mode=modes, **options):
            if mode == "values":
                final = part
            elif mode == "custom":
                tell(f"step {part['step']} of {part['of']}")
            else:
                waiting += [Pending(id=one.id, **one.value) for one in part.get(INTERRUPT, ())]
                for line in _doing(part):
                    tell(line)
        if waiting:
            raise Waiting(waiting)
        return final


def _doing(update: Mapping[str, Any]) -> Iterator[str]:
    """What comes next after a node of the flow."""
    if planned := (update.get("plan") or {}).get("messages"):
        calls = planned[-1].tool_calls
        asked = [call_line(call["name"], call["args"]) for call in calls if call["name"] != "answer"]
        yield ", ".join(asked) or "checking the answer"
    elif any((update.get(node) or {}).get("messages") for node in ("act", "verify")):
        yield "thinking"


def _restore(workspace: Workspace, messages: Sequence[AnyMessage]) -> None:
    """Take in again what tools made before."""
    made = [image for observation in observations(messages) for image in observation.images]
    taken = {image.id: image.sha256 for image in workspace.images}
    if any(taken.get(image.id, image.sha256) != image.sha256 for image in made):
        raise UserError(
            "pictures cannot be added once tools have made some: start another conversation with all of them"
        )
    workspace.restore(made)


def record(run_id: str, state: flow.State, *, total: float) -> Run:
    """The record of a run that has ended.

    Args:
        run_id: Its id.
        state: The flow's final state.
        total: Wall-clock seconds of the whole.
    """
    messages: list[AnyMessage] = state["messages"]
    asked = last_question(messages)
    told = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    plans = [message for message in messages if isinstance(message, AIMessage)]
    now = [message for message in messages[asked:] if isinstance(message, AIMessage)]
    images = [ImageRef.model_validate(image) for image in state["images"]]
    return Run(
        id=run_id,
        query=state["query"],
        images=images,
        answer=Answer.model_validate(state["answer"]),
        steps=[_step(call, told) for plan in plans for call in plan.tool_calls],
        scene=fold(observations(messages), images).to_json(),
        seconds=Seconds(
            plan=sum(plan.response_metadata.get("seconds", 0.0) for plan in now),
            act=sum(max((_step(call, told).seconds for call in plan.tool_calls), default=0.0) for plan in now),
            verify=state["verify_seconds"],
            total=total,
        ),
        usage=_usage(now),
        error=state["error"],
    )


def _step(call: ToolCall, told: dict[str, ToolMessage]) -> Step:
    step = Step(tool=call["name"], arguments=call["args"], call_id=call["id"] or "")
    if (message := told.get(step.call_id)) is None:
        return step  # the accepted answer: nothing is told to the model after it
    step.seconds = message.response_metadata.get("seconds", 0.0)
    seen = told.get(message.response_metadata.get(REUSED, ""), message)
    if seen.status == "error":
        step.error = str(seen.content)
    elif seen.artifact:
        step.observation = Observation.load(seen.artifact)
    return step


def _usage(plans: Sequence[AIMessage]) -> Usage:
    counted = [plan.usage_metadata for plan in plans if plan.usage_metadata]
    return Usage(
        prompt_tokens=sum(one["input_tokens"] for one in counted),
        completion_tokens=sum(one["output_tokens"] for one in counted),
        calls=len(plans),
    )
