"""What was seen before: the same look at the same pixels, with the same model, is answered without looking again."""

from __future__ import annotations

import asyncio
import json
import weakref
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langgraph.types import Command

from agent.transcript import REUSED
from graphs.types import ImageRef, Observation

KEPT = 512
"""Observations that are remembered; with outlines one takes some ten kilobytes."""

Told = ToolMessage | Command[Any]
Look = Callable[[], Awaitable[Told]]


class Recall:
    """The latest observations of this process, by pixels, tool, arguments and model."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._seen: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._looking: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    async def look(self, call: ToolCall, image: ImageRef, model: Callable[[], str], look: Look) -> Told:
        """What the call sees: remembered, or looked for once, however many ask at the same time.

        Args:
            call: The call, of a tool that only looks.
            image: What it looks at.
            model: Says what it would look with now: the `identity` of a model, which may change while it looks.
            look: Makes the call; gives a message with an observation, or one that says why there is none.
        """
        asked = model()
        key = json.dumps([image.sha256, call["name"], _arguments(call), asked], sort_keys=True)
        lock = self._looking.setdefault(key, asyncio.Lock())
        async with lock:
            if (data := self._seen.get(key)) is not None:
                self._seen.move_to_end(key)
                seen = rebound(Observation.load(data), image.id, call["id"] or "")
                return ToolMessage(seen.text, name=call["name"], tool_call_id=call["id"], artifact=seen.dump())
            message = await look()
            if isinstance(message, ToolMessage) and message.artifact is not None and model() == asked:
                self._seen[key] = message.artifact
                if len(self._seen) > KEPT:
                    self._seen.popitem(last=False)
            return message


def earlier(call: ToolCall, model: str, messages: Sequence[AnyMessage]) -> ToolMessage | None:
    """A message that stands for that of the same call, made earlier: what was seen once has one witness, not two."""
    told = {one.tool_call_id: one for one in messages if isinstance(one, ToolMessage)}
    for plan in messages:
        for other in plan.tool_calls if isinstance(plan, AIMessage) else ():
            if other["id"] == call["id"]:
                return None
            if other["name"] == call["name"] and other["args"] == call["args"]:
                seen = told.get(other["id"] or "")  # none yet, where both calls are of one plan
                if seen is None or _with(model, seen):
                    reused = {REUSED: other["id"]}
                    return ToolMessage("", name=call["name"], tool_call_id=call["id"], response_metadata=reused)
    return None


def _with(model: str, seen: ToolMessage) -> bool:
    return seen.artifact is not None and all(search["model"] == model for search in seen.artifact["searches"])


def rebound(observation: Observation, image_id: str, call_id: str) -> Observation:
    """The observation as another call makes it, of an image with the same pixels."""
    here = {"image_id": image_id, "call_id": call_id}
    entities = [one.model_copy(update={**here, "id": f"{call_id}/{n}"}) for n, one in enumerate(observation.entities)]
    searches = [one.model_copy(update=here) for one in observation.searches]
    return observation.model_copy(update={"entities": tuple(entities), "searches": tuple(searches)})


def _arguments(call: ToolCall) -> dict[str, Any]:
    return {name: value for name, value in call["args"].items() if name != "image_id"}
