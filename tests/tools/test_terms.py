from __future__ import annotations

import asyncio
import threading

import pytest

from graphs.types import Observation
from tools.registry import load_tools
from tools.terms import Cancelled, Terms, cancellable, check_cancelled, terms
from tools.vision_tool import vision_tool


@vision_tool(approval=True, seconds=300, at_once=1)
def paint(prompt: str) -> Observation:
    """Paint a picture.

    Args:
        prompt: What it shows.
    """
    return Observation(text=prompt)


@vision_tool(seconds=5)
async def wait(seconds: float) -> Observation:
    """Wait.

    Args:
        seconds: How long.
    """
    await asyncio.sleep(seconds)
    return Observation(text="done")


def test_a_tool_says_on_what_terms_it_is_called() -> None:
    assert terms(paint) == Terms(approval=True, seconds=300, at_once=1)
    assert terms(wait) == Terms(seconds=5)
    assert paint.description == "Paint a picture."
    assert paint.tool_call_schema is not None


def test_of_the_first_tools_none_needs_approval() -> None:
    found = {made.name: terms(made) for made in load_tools()}
    assert found["detect"] == Terms(seconds=60, task="detect")
    assert found["segment"] == Terms(seconds=60, task="segment")
    assert found["query_scene"] == found["answer"] == Terms()


def test_an_async_tool_observes_too() -> None:
    call = {"name": "wait", "args": {"seconds": 0}, "id": "call-1", "type": "tool_call"}
    message = asyncio.run(wait.ainvoke(call))
    assert message.content == "done"
    assert message.artifact["text"] == "done"


def test_a_call_that_nobody_waits_for_stops_in_its_thread() -> None:
    check_cancelled()

    async def work() -> None:
        with cancellable() as event:
            running = asyncio.create_task(asyncio.to_thread(_until_cancelled, started := threading.Event()))
            await asyncio.to_thread(started.wait)
            event.set()
            await running

    with pytest.raises(Cancelled):
        asyncio.run(asyncio.wait_for(work(), 5))
    check_cancelled()


def _until_cancelled(started: threading.Event) -> None:
    started.set()
    while True:
        check_cancelled()
