"""The LangGraph flow: plan, act, fold, verify. Its state holds references only; prompts and records live beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolCallRequest, ToolInvocationError
from langgraph.runtime import Runtime
from langgraph.types import Command, Send
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agent import prompt
from agent.llm import client
from agent.verify import Answer, verify
from graphs.scene import SceneGraph, fold
from graphs.types import ImageRef, Observation
from tools.errors import ToolError
from tools.vision_tool import observations
from tools.workspace import Workspace

MAX_STEPS = 8
MAX_REJECTIONS = 1  # how often an answer goes back before the run gives up on it
TOOL_SECONDS = {"detect": 60.0, "segment": 60.0}
OTHER_TOOL_SECONDS = 20.0


class State(TypedDict, total=False):
    """What is checkpointed: the transcript, with pictures by reference and observations as plain JSON."""

    query: str
    images: list[dict[str, Any]]
    messages: Annotated[list[AnyMessage], add_messages]
    steps: int
    rejections: int
    answer: dict[str, Any]
    error: str | None
    verify_seconds: float


Graph = CompiledStateGraph[State, Any, State, State]
"""Its context is a `Workspace`, which langgraph's types do not let us say: they want a dataclass or a dict there."""


def start(query: str, images: Sequence[ImageRef]) -> State:
    """The state in which a run begins."""
    return State(
        query=query,
        images=[image.model_dump(mode="json") for image in images],
        messages=[prompt.question(images, query)],
        steps=0,
        rejections=0,
        verify_seconds=0.0,
        error=None,
    )


def build(
    llm: ChatOpenAI,
    tools: Sequence[BaseTool],
    checkpointer: BaseCheckpointSaver[str] | None = None,
    *,
    max_steps: int = MAX_STEPS,
    tool_seconds: dict[str, float] = TOOL_SECONDS,
) -> Graph:
    """Compile the flow.

    Args:
        llm: The chat model that plans.
        tools: The tools, in the order in which the model sees them; one of them is `answer`.
        checkpointer: Where each step is kept.
        max_steps: How many plans a run may make.
        tool_seconds: Time limit by tool; others get 20 s.
    """
    flow = _Flow(llm, list(tools), max_steps, tool_seconds)
    graph = StateGraph[State, Any, State, State](State)
    graph.add_node("plan", flow.plan)
    graph.add_node("act", ToolNode(flow.tools, handle_tool_errors=_told, awrap_tool_call=flow.limited))
    graph.add_node("fold", _fold)
    graph.add_node("verify", flow.verify)
    graph.add_node("give_up", flow.give_up)
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", _after_plan, ["act", "verify"])
    graph.add_edge("act", "fold")
    graph.add_conditional_edges("fold", flow.more, ["plan", "give_up"])
    graph.add_conditional_edges("verify", flow.more, ["plan", "give_up", END])
    graph.add_edge("give_up", END)
    return graph.compile(checkpointer=checkpointer)


def scene_of(state: State) -> SceneGraph:
    """The scene graph of a transcript: its fold over the run's images."""
    images = [ImageRef.model_validate(image) for image in state["images"]]
    return fold(observations(state["messages"]), images)


class _Flow:
    """The nodes that need the model, the tools or the limits."""

    def __init__(self, llm: ChatOpenAI, tools: list[BaseTool], max_steps: int, tool_seconds: dict[str, float]) -> None:
        self.llm = llm
        self.tools = tools
        self.max_steps = max_steps
        self.tool_seconds = tool_seconds

    async def plan(self, state: State, runtime: Runtime[Any]) -> State:
        """Have the model call tools; its calls get running ids, so that a replay makes the same bytes."""
        began = time.perf_counter()
        workspace: Workspace = runtime.context
        images = [image["id"] for image in state["images"]]
        entities = [entity.id for entity in scene_of(state).entities()]
        schemas = prompt.tool_schemas(self.tools, images, entities)
        reply = await client.plan(self.llm, prompt.request(state["messages"], workspace.image), schemas)
        made = sum(len(message.tool_calls) for message in state["messages"] if isinstance(message, AIMessage))
        calls = [
            ToolCall(
                name=call["name"], args=prompt.neutralise_json(call["args"]), id=f"call-{number}", type="tool_call"
            )
            for number, call in enumerate(reply.tool_calls, start=made + 1)
        ]
        message = AIMessage(
            "",
            tool_calls=calls,
            usage_metadata=reply.usage_metadata,
            response_metadata={"seconds": time.perf_counter() - began},
        )
        return State(messages=[message], steps=state["steps"] + 1)

    async def limited(
        self, request: ToolCallRequest, execute: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """Run one tool call within its time, and note how long it took."""
        began = time.perf_counter()
        name = request.tool_call["name"]
        limit = self.tool_seconds.get(name, OTHER_TOOL_SECONDS)
        if request.tool is None:
            names = ", ".join(tool.name for tool in self.tools)
            message: ToolMessage | Command[Any] = _refused(request.tool_call, f"no tool {name!r}; there are: {names}")
        elif name == "answer":
            message = _refused(request.tool_call, "call answer alone, after the other tools have told what they see")
        elif wrong := _misfit(request.tool, request.tool_call):
            message = _refused(request.tool_call, wrong)
        else:
            try:
                message = await asyncio.wait_for(execute(request), limit)
            except TimeoutError:
                message = _refused(request.tool_call, f"{name} took longer than {limit:g} s")
        if isinstance(message, ToolMessage):
            message.response_metadata["seconds"] = time.perf_counter() - began
        return message

    async def verify(self, state: State) -> State:
        """Accept the answer, send it back with the reason, or say what could not be established."""
        began = time.perf_counter()
        last = _last_plan(state["messages"])
        answer, reason = _checked(last.tool_calls[0], state)
        update = State(verify_seconds=state["verify_seconds"] + time.perf_counter() - began)
        if answer is not None and reason is None:
            update["answer"] = answer.model_dump(mode="json")
            return update
        if state["rejections"] >= MAX_REJECTIONS:
            update["answer"] = _declined(f"This could not be established: {reason}.")
            update["error"] = f"the evidence does not bear the answer out: {reason}"
        told = prompt.neutralise(f"answer rejected: {reason}")
        update["messages"] = [_refused(call, told) for call in last.tool_calls]
        update["rejections"] = state["rejections"] + 1
        return update

    async def give_up(self, state: State) -> State:
        """End a run that used all its steps."""
        return State(
            answer=_declined(f"This could not be established within {self.max_steps} steps."),
            error=f"no answer within {self.max_steps} steps",
        )

    def more(self, state: State) -> str:
        """Where to go after a fold or a check."""
        if "answer" in state:
            return END
        return "plan" if state["steps"] < self.max_steps else "give_up"


def _after_plan(state: State) -> str | list[Send]:
    calls = _last_plan(state["messages"]).tool_calls
    if all(call["name"] == "answer" for call in calls):
        return "verify"
    return [Send("act", [call]) for call in calls]


async def _fold(state: State) -> State:
    """Complete what the model reads of each call: the tool's text, then a line for each entity that the call saw."""
    scene = scene_of(state)
    asked = {call["id"] for call in _last_plan(state["messages"]).tool_calls}
    rewritten: list[AnyMessage] = []
    for message in state["messages"]:
        if isinstance(message, ToolMessage) and message.tool_call_id in asked:
            text = str(message.content)
            if message.artifact:
                digest = scene.digest(message.tool_call_id)
                text = Observation.load(message.artifact).text + (f"\n{digest}" if digest else "")
            rewritten.append(message.model_copy(update={"content": prompt.neutralise(text)}))
    return State(messages=rewritten)


def _checked(call: ToolCall, state: State) -> tuple[Answer | None, str | None]:
    try:
        answer = Answer.model_validate(call["args"])
    except ValidationError as error:
        first = error.errors()[0]
        return None, f"{_place(first)}: {first['msg']}"
    return answer, verify(answer, scene_of(state), state["messages"])


def _misfit(tool: BaseTool, call: ToolCall) -> str | None:
    """What is wrong with a call's arguments."""
    try:
        schema: Any = tool.tool_call_schema
        schema.model_validate(call["args"])
    except ValidationError as error:
        return "; ".join(f"{_place(one)}: {one['msg']}" for one in error.errors())
    return None


def _place(error: ErrorDetails) -> str:
    return ".".join(str(part) for part in error["loc"])


def _told(error: Exception) -> str:
    """What the model is told of an error; one that is not meant for it goes on as the bug it is."""
    if isinstance(error, ToolError):
        return str(error)
    if isinstance(error, ToolInvocationError):
        # ToolNode takes any validation error for one of the arguments, which `_misfit` has already ruled out.
        raise error.source
    raise error


def _refused(call: ToolCall, reason: str) -> ToolMessage:
    return ToolMessage(reason, name=call["name"], tool_call_id=call["id"], status="error")


def _declined(text: str) -> dict[str, Any]:
    return Answer(text=text, value=None, evidence=()).model_dump(mode="json")


def _last_plan(messages: Sequence[AnyMessage]) -> AIMessage:
    return next(message for message in reversed(messages) if isinstance(message, AIMessage))
