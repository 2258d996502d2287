"""The LangGraph flow: plan, act, verify. Its state holds references only; prompts and records live beside it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langchain_openai import ChatOpenAI
from langgraph.channels import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime
from langgraph.types import Command, Send
from pydantic import ValidationError

from agent import prompt
from agent.acting import Acting, Shared, refused, repairs
from agent.approval import Policy
from agent.case import ASKS_SCENE
from agent.citing import cited_right
from agent.llm import client
from agent.transcript import Transcript, Transcripts, last_question
from agent.verify import Answer, verify
from graphs.types import ImageRef
from tools.errors import misfit
from tools.workspace import Workspace

MAX_STEPS = 8
MAX_REJECTIONS = 2  # how often an answer goes back, the last time to look again, before the run gives up on it
REJECTED = "answer rejected"  # how the message begins that sends one back
MAX_REPAIRS = 2  # how many plans may name what does not exist


def _appended(messages: list[AnyMessage], writes: Sequence[list[AnyMessage]]) -> list[AnyMessage]:
    return [*messages, *(message for write in writes for message in write)]


class State(TypedDict, total=False):
    """What is checkpointed: the transcript, with pictures by reference and observations as plain JSON.

    Messages are only ever appended, so that a checkpoint holds each of them once, whatever the number of steps.
    """

    run: str
    query: str
    images: list[dict[str, Any]]
    messages: Annotated[list[AnyMessage], DeltaChannel(_appended, snapshot_frequency=1000)]
    steps: int
    rejections: int
    answer: dict[str, Any] | None
    error: str | None
    verify_seconds: float


Graph = CompiledStateGraph[State, Any, State, State]
"""Its context is a `Workspace`, which langgraph's types do not let us say: they want a dataclass or a dict there."""


def start(query: str, images: Sequence[ImageRef], run: str = "", known: Sequence[ImageRef] = ()) -> State:
    """The state in which a run begins; `known` are images of earlier questions."""
    return State(
        run=run,
        query=query,
        images=[image.model_dump(mode="json") for image in images],
        messages=[prompt.question(images, query, known)],
        steps=0,
        rejections=0,
        verify_seconds=0.0,
        answer=None,
        error=None,
    )


def follow(before: State, query: str, images: Sequence[ImageRef], run: str) -> State:
    """What a further question adds to a thread: it may be about new images too, and refer to all that was seen.

    Args:
        before: The state of the thread, whether its last run came to an end or not.
        query: The question.
        images: All of the thread's, those that are new last.
        run: Id of the new run.
    """
    told = {message.tool_call_id for message in before["messages"] if isinstance(message, ToolMessage)}
    open_calls = [
        call
        for message in before["messages"]
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if call["id"] not in told
    ]
    ids = {image["id"] for image in before["images"]}
    new, known = ([image for image in images if (image.id in ids) is known] for known in (False, True))
    added = start(query, new, run, known)
    closed = [_closed(call) for call in open_calls]
    added["messages"] = [*closed, *added["messages"]]
    added["images"] = [*before["images"], *added["images"]]
    return added


def _closed(call: ToolCall) -> ToolMessage:
    """What stands for the result of a call that has none: an answer ends a run, any other was not carried out."""
    if call["name"] == "answer":
        return ToolMessage("done", name=call["name"], tool_call_id=call["id"])
    return refused(call, "not carried out")


def build(
    llm: ChatOpenAI,
    tools: Sequence[BaseTool],
    checkpointer: BaseCheckpointSaver[str] | None = None,
    *,
    max_steps: int = MAX_STEPS,
    tool_seconds: Mapping[str, float] | None = None,
    policy: Policy | None = None,
    shared: Shared | None = None,
) -> Graph:
    """Compile the flow.

    Args:
        llm: The chat model that plans.
        tools: The tools, in the order in which the model sees them; one of them is `answer`.
        checkpointer: Where each step is kept.
        max_steps: How many plans a question may take.
        tool_seconds: Time limits by tool, in place of those of the tools' own terms.
        policy: Who agrees to calls that want approval; by default a person is asked.
        shared: With other flows of the process.
    """
    acting = Acting(tools, policy or Policy(), shared or Shared(), tool_seconds)
    flow = _Flow(llm, list(tools), max_steps)
    graph = StateGraph[State, Any, State, State](State)
    graph.add_node("plan", flow.plan, destinations=("act", "verify", END))
    graph.add_node("act", ToolNode(flow.tools, handle_tool_errors=False, awrap_tool_call=acting))
    graph.add_node("verify", flow.verify, destinations=("plan", END))
    graph.add_edge(START, "plan")
    graph.add_edge("act", "plan")
    return graph.compile(checkpointer=checkpointer)


class _Flow:
    """The nodes that need the model or the limits."""

    def __init__(self, llm: ChatOpenAI, tools: list[BaseTool], max_steps: int) -> None:
        self.llm = llm
        self.tools = tools
        self.max_steps = max_steps
        self.transcripts = Transcripts()

    def _transcript(self, state: State, workspace: Workspace) -> Transcript:
        return self.transcripts.of(workspace, state["images"], state["messages"])

    async def plan(self, state: State, runtime: Runtime[Any]) -> Command[str]:
        """Have the model call tools, or give up; its calls get running ids, so that a replay makes the same bytes."""
        if given_up := self._spent(state):
            return Command(update=given_up, goto=END)
        began = time.perf_counter()
        transcript = self._transcript(state, runtime.context)
        entities = [entity.id for entity in transcript.scene.entities()]
        schemas = prompt.tool_schemas(*self._offered(state, transcript), entities)
        reply = await client.plan(self.llm, [SystemMessage(prompt.SYSTEM), *transcript.shown], schemas)
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
        answered = all(call["name"] == "answer" for call in calls)
        return Command(
            update=State(messages=[message], steps=state["steps"] + 1),
            goto="verify" if answered else [Send("act", [call]) for call in calls],
        )

    def _spent(self, state: State) -> State | None:
        """How a run ends that used all its steps, or that keeps naming what does not exist."""
        if state["steps"] >= self.max_steps:
            within = f"within {self.max_steps} steps"
            return _given_up(f"This could not be established {within}.", f"no answer {within}")
        if repairs(state["messages"][last_question(state["messages"]) :]) <= MAX_REPAIRS:
            return None
        last = next(message for message in reversed(state["messages"]) if isinstance(message, ToolMessage))
        return _given_up(f"This could not be established: {last.content}.", f"no plan that works: {last.content}")

    def _offered(self, state: State, transcript: Transcript) -> tuple[list[BaseTool], list[str]]:
        """The tools and the ids of images: all of them, unless the model would say the same again, as small ones do.

        After a plan that was made before, its tools are left out. After a wrong answer that was sent back with the tool
        to call, there is no other. After one that wanted a look and came before any, or a second one, `answer` is left
        out, and of the images all but those that the answer was sent back for, since nobody has looked at them.
        """
        last = state["messages"][-1]
        told = str(last.content)
        if not (isinstance(last, ToolMessage) and told.startswith(REJECTED)):
            left_out = _repeated(state["messages"])
            return [tool for tool in self.tools if tool.name not in left_out], transcript.images
        if wanted := [tool for tool in self.tools if told.endswith(f": call {tool.name}")]:
            return wanted, transcript.images
        named = {word.strip(",.") for word in told.split()}
        unseen = [image for image in transcript.images if image in named and not transcript.scene.searches(image)]
        unlooked = bool(unseen) and not any(map(transcript.scene.searches, transcript.images))
        if state["rejections"] < MAX_REJECTIONS and not unlooked:
            return self.tools, transcript.images
        useless = {"answer", *(ASKS_SCENE if unlooked else ())}
        return [tool for tool in self.tools if tool.name not in useless], unseen or transcript.images

    async def verify(self, state: State, runtime: Runtime[Any]) -> Command[str]:
        """Accept the answer, its evidence put right if need be, send it back, or say what was not established."""
        began = time.perf_counter()
        last = _last_plan(state["messages"])
        answer, reason = self._checked(last.tool_calls[0], state, runtime.context)
        update = State(verify_seconds=state["verify_seconds"] + time.perf_counter() - began)
        if answer is not None and reason is None:
            update["answer"] = answer.model_dump(mode="json")
            return Command(update=update, goto=END)
        update["messages"] = [refused(call, f"{REJECTED}: {reason}") for call in last.tool_calls]
        update["rejections"] = state["rejections"] + 1
        if state["rejections"] < MAX_REJECTIONS:
            return Command(update=update, goto="plan")
        update |= _given_up(f"This could not be established: {reason}.", f"no evidence bears it out: {reason}")
        return Command(update=update, goto=END)

    def _checked(self, call: ToolCall, state: State, workspace: Workspace) -> tuple[Answer | None, str | None]:
        try:
            answer = Answer.model_validate(call["args"])
        except ValidationError as error:
            return None, misfit(error.errors()[0])
        scene, messages = self._transcript(state, workspace).scene, state["messages"]
        if (reason := verify(answer, scene, messages)) and (amended := cited_right(answer, scene, messages)):
            return amended, None
        return answer, reason


def _given_up(text: str, error: str) -> State:
    return State(answer=Answer(text=text, value=None, evidence=()).model_dump(mode="json"), error=error)


def _repeated(messages: Sequence[AnyMessage]) -> set[str]:
    """The tools of the last plan, if all its calls were made before for this question."""
    plans = [one.tool_calls for one in messages[last_question(messages) :] if isinstance(one, AIMessage)]
    last = plans.pop() if plans else []
    made = [(call["name"], call["args"]) for calls in plans for call in calls]
    return {call["name"] for call in last} if all((call["name"], call["args"]) in made for call in last) else set()


def _last_plan(messages: Sequence[AnyMessage]) -> AIMessage:
    return next(message for message in reversed(messages) if isinstance(message, AIMessage))
