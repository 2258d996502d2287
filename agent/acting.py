"""One tool call, carried out on its tool's terms: agreed to, bounded, cancelled, and never done twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.prebuilt.tool_node import ToolCallRequest, ToolInvocationError
from langgraph.store.base import BaseStore
from langgraph.types import interrupt
from pydantic import ValidationError

from agent import prompt, tracing
from agent.approval import Policy
from agent.recall import Recall, Told, earlier
from graphs.types import ImageRef
from tools.errors import ToolError, UnknownName, misfit
from tools.models import identity
from tools.terms import Terms, cancellable, terms
from tools.workspace import Workspace

MISNAMED = "misnamed"
"""In a tool message's metadata: the call named what does not exist."""

Execute = Callable[[ToolCallRequest], Awaitable[Told]]


@dataclass
class Shared:
    """What all runs of a process share.

    Attributes:
        recall: What was seen before.
        seats: Of tools of which only so many calls may run at once.
        ledger: Which calls that want approval were begun, and what came of them, by thread and call; it outlives the
            process as the checkpoints do. None where nothing is kept.
    """

    recall: Recall = field(default_factory=Recall)
    seats: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    ledger: BaseStore | None = None


class Acting:
    """Carries out the calls of runs."""

    def __init__(
        self, tools: Sequence[BaseTool], policy: Policy, shared: Shared, seconds: Mapping[str, float] | None = None
    ) -> None:
        """Take the limits.

        Args:
            tools: Those that may be called.
            policy: Who agrees to calls that want approval.
            shared: With the other runs of the process.
            seconds: Time limits by tool, in place of the tools' own.
        """
        self._terms = {tool.name: terms(tool) for tool in tools}
        self._seconds = {name: one.seconds for name, one in self._terms.items()} | dict(seconds or {})
        self._policy = policy
        self._shared = shared

    async def __call__(self, request: ToolCallRequest, execute: Execute) -> Told:
        """Carry out one call, and note how long it took; what went wrong is told to the model.

        Raises:
            GraphInterrupt: The call waits for a person.
            Exception: A bug in the tool.
        """
        call = request.tool_call
        with tracing.acting(call["name"], call["id"]) as span:
            message = await self._told(request, execute)
            if isinstance(message, ToolMessage) and message.status == "error":
                tracing.failed(span, str(message.content))
        return message

    async def _told(self, request: ToolCallRequest, execute: Execute) -> Told:
        began = time.perf_counter()
        call = request.tool_call
        try:
            message = await self._agreed(request, execute)
        except ToolInvocationError as error:
            # ToolNode takes any validation error for one of the arguments, which `_misfit` has already ruled out.
            raise error.source from error
        except ToolError as error:
            message = refused(call, str(error), misnamed=isinstance(error, UnknownName))
        except TimeoutError:
            message = refused(call, f"{call['name']} took longer than {self._seconds[call['name']]:g} s")
        if isinstance(message, ToolMessage):
            message.response_metadata["seconds"] = time.perf_counter() - began
        return message

    async def _agreed(self, request: ToolCallRequest, execute: Execute) -> Told:
        """The call, once it makes sense and whoever must has agreed to it."""
        call, tool = request.tool_call, request.tool
        if tool is None:
            raise UnknownName(f"no tool {call['name']!r}; there are: {', '.join(self._terms)}")
        if call["name"] == "answer":
            raise ToolError("call answer alone, after the other tools have told what they see")
        if wrong := _misfit(tool, call):
            raise UnknownName(wrong)
        on = self._terms[call["name"]]
        if not on.approval:
            return await self._recalled(request, execute, on)
        decision = self._policy.decide(call["name"])
        if decision == "ask":
            decision = "allow" if interrupt({"tool": call["name"], "arguments": call["args"]}) else "deny"
        if decision == "deny":
            raise ToolError(f"{call['name']} was not approved: answer without it")
        return await self._once(request, execute, on)

    async def _once(self, request: ToolCallRequest, execute: Execute, on: Terms) -> Told:
        """The call, unless the ledger says that it was made, or was begun by a process that did not live to tell."""
        call, ledger = request.tool_call, self._shared.ledger
        if ledger is None:
            return await self._limited(request, execute, on)
        page = ("calls", str(request.runtime.config["configurable"]["thread_id"]))
        entry = await ledger.aget(page, call["id"] or "")
        if entry is not None and entry.value["told"] is None:
            raise ToolError(f"{call['name']} was cut short, and may have taken effect: look before you call it again")
        if entry is not None:
            return ToolMessage.model_validate(entry.value["told"])
        await ledger.aput(page, call["id"] or "", {"told": None}, index=False)
        try:
            message = await self._limited(request, execute, on)
        except ToolError as error:  # which says that nothing was done
            message = refused(call, str(error), misnamed=isinstance(error, UnknownName))
        if isinstance(message, ToolMessage):
            await ledger.aput(page, call["id"] or "", {"told": message.model_dump(mode="json")}, index=False)
        return message

    async def _recalled(self, request: ToolCallRequest, execute: Execute, on: Terms) -> Told:
        """What was seen before, for a tool that only looks at an image with a model of the catalog."""
        call, workspace, task = request.tool_call, _workspace(request), on.task
        image = _image(workspace, call) if task else None
        if task is None or image is None:
            return await self._limited(request, execute, on)
        model = (await asyncio.to_thread(workspace.model, task)).name
        if (message := earlier(call, model, request.state["messages"])) is not None:
            return message
        return await self._shared.recall.look(
            call, image, lambda: identity(workspace.entry(task)), lambda: self._limited(request, execute, on)
        )

    async def _limited(self, request: ToolCallRequest, execute: Execute, on: Terms) -> Told:
        """The call within its time, which does not count the wait for a seat; who stops waiting stops the tool."""
        name = request.tool_call["name"]
        seats = self._shared.seats.setdefault(name, asyncio.Semaphore(on.at_once)) if on.at_once else nullcontext()
        async with seats:
            with cancellable() as event:
                try:
                    async with asyncio.timeout(self._seconds[name]):
                        return await execute(request)
                except BaseException:
                    event.set()
                    raise


def refused(call: ToolCall, reason: str, *, misnamed: bool = False) -> ToolMessage:
    """What the model is told of a call that came to nothing."""
    told = prompt.neutralise(reason)
    message = ToolMessage(told, name=call["name"], tool_call_id=call["id"], status="error")
    message.response_metadata |= {MISNAMED: True} if misnamed else {}
    return message


def repairs(messages: Sequence[AnyMessage]) -> int:
    """How many plans named what does not exist."""
    told = {one.tool_call_id for one in messages if isinstance(one, ToolMessage) and MISNAMED in one.response_metadata}
    plans = [message for message in messages if isinstance(message, AIMessage)]
    return sum(any(call["id"] in told for call in plan.tool_calls) for plan in plans)


def _workspace(request: ToolCallRequest) -> Workspace:
    context: Any = request.runtime.context  # which langgraph takes for none
    assert isinstance(context, Workspace)
    return context


def _image(workspace: Workspace, call: ToolCall) -> ImageRef | None:
    return next((image for image in workspace.images if image.id == call["args"].get("image_id")), None)


def _misfit(tool: BaseTool, call: ToolCall) -> str | None:
    """What is wrong with a call's arguments."""
    try:
        schema: Any = tool.tool_call_schema
        schema.model_validate(call["args"])
    except ValidationError as error:
        return "; ".join(map(misfit, error.errors()))
    return None
