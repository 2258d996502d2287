"""The record of one run, and the agent that makes it; the flow's nodes live in `flow`, files are written elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.base import BaseCheckpointSaver
from pydantic import BaseModel

from agent import flow
from agent.exchange import new_id
from agent.verify import Answer
from graphs.types import ImageRef, Observation
from tools.errors import UserError
from tools.workspace import Workspace


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


class Agent:
    """Answers questions about workspaces; one agent may answer many at once."""

    def __init__(
        self,
        llm: ChatOpenAI,
        tools: Sequence[BaseTool],
        checkpointer: BaseCheckpointSaver[str] | None = None,
        *,
        max_steps: int = flow.MAX_STEPS,
    ) -> None:
        """Compile the flow once.

        Args:
            llm: The chat model that plans.
            tools: The tools; one of them is `answer`.
            checkpointer: Where steps are kept, so that a run can go on after a crash; None keeps nothing.
            max_steps: How many plans a run may make.
        """
        self._graph = flow.build(llm, tools, checkpointer, max_steps=max_steps)
        self._kept = checkpointer is not None

    async def ask(self, workspace: Workspace, query: str, *, run_id: str | None = None) -> Run:
        """Answer a question about the images of a workspace.

        Args:
            workspace: Holds the images.
            query: The question.
            run_id: That of a run which was cut short goes on where it stopped; by default a new one.

        Raises:
            UserError: An empty question, or a model server that is down, slow or answers garbage.
        """
        if not query.strip():
            raise UserError("the question is empty: ask something about the image")
        began = time.perf_counter()
        name = run_id or new_id()
        config = RunnableConfig(configurable={"thread_id": name}, recursion_limit=100)
        state: flow.State | None = flow.start(query, workspace.images)
        if self._kept and run_id and (await self._graph.aget_state(config)).values:
            state = None  # what LangGraph takes as: go on
        durability: Any = {"durability": "sync"} if self._kept else {}
        final = await self._graph.ainvoke(state, config, context=workspace, **durability)
        return record(name, cast(flow.State, final), total=time.perf_counter() - began)


def record(run_id: str, state: flow.State, *, total: float) -> Run:
    """The record of a run that has ended.

    Args:
        run_id: Its id.
        state: The flow's final state.
        total: Wall-clock seconds of the whole.
    """
    messages: list[AnyMessage] = state["messages"]
    plans = [message for message in messages if isinstance(message, AIMessage)]
    told = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    steps = [[_step(call["name"], call["args"], call["id"] or "", told) for call in plan.tool_calls] for plan in plans]
    return Run(
        id=run_id,
        query=state["query"],
        images=[ImageRef.model_validate(image) for image in state["images"]],
        answer=Answer.model_validate(state["answer"]),
        steps=[step for calls in steps for step in calls],
        scene=flow.scene_of(state).to_json(),
        seconds=Seconds(
            plan=sum(plan.response_metadata.get("seconds", 0.0) for plan in plans),
            act=sum(max((step.seconds for step in calls), default=0.0) for calls in steps),
            verify=state["verify_seconds"],
            total=total,
        ),
        usage=_usage(plans),
        error=state["error"],
    )


def _step(tool: str, arguments: dict[str, Any], call_id: str, told: dict[str, ToolMessage]) -> Step:
    step = Step(tool=tool, arguments=arguments, call_id=call_id)
    if (message := told.get(call_id)) is None:
        return step  # the accepted answer: nothing is told to the model after it
    step.seconds = message.response_metadata.get("seconds", 0.0)
    if message.status == "error":
        step.error = str(message.content)
    elif message.artifact:
        step.observation = Observation.load(message.artifact)
    return step


def _usage(plans: Sequence[AIMessage]) -> Usage:
    counted = [plan.usage_metadata for plan in plans if plan.usage_metadata]
    return Usage(
        prompt_tokens=sum(one["input_tokens"] for one in counted),
        completion_tokens=sum(one["output_tokens"] for one in counted),
        calls=len(plans),
    )
