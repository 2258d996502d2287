"""On what terms a tool is called: who must agree, how long it may take, how many at once. The flow keeps them."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import Field

from graphs.types import Frozen

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

KEY = "scenograph"
"""Where a tool's metadata keeps its terms; a tool of another package may write the same fields there itself."""


class Terms(Frozen):
    """The terms of a tool.

    Attributes:
        approval: Its effect is lasting or it is costly, so a person, or a policy, must agree to each call first. Such a
            call is never run twice, even when the process is killed in the middle of it.
        seconds: How long a call may take.
        at_once: How many calls of it may run at once in this process; None for as many as come.
        task: The catalog's task, for a tool that does nothing but let the active model of that task look at images: the
            same call on the same pixels is then answered from what was seen before.
    """

    approval: bool = False
    seconds: float = Field(default=20.0, gt=0)
    at_once: int | None = Field(default=None, ge=1)
    task: str | None = None


def terms(tool: BaseTool) -> Terms:
    """The terms of a tool; those of one that names none are the defaults."""
    return Terms.model_validate((tool.metadata or {}).get(KEY, {}))


class Cancelled(Exception):
    """Nobody waits for the call any more: its time is over, or the run was cancelled. Raised inside the tool."""


_cancelled: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar("cancelled", default=None)


def check_cancelled() -> None:
    """Stop here if nobody waits for this call any more; long work in a thread calls this between its pieces.

    Raises:
        Cancelled: Nobody does.
    """
    event = _cancelled.get()
    if event is not None and event.is_set():
        raise Cancelled


@contextmanager
def cancellable() -> Iterator[threading.Event]:
    """Give the event that, once set, stops the tool calls made within, in whatever thread they run."""
    event = threading.Event()
    token = _cancelled.set(event)
    try:
        yield event
    finally:
        _cancelled.reset(token)
