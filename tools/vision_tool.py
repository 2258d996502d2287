"""How a function becomes a tool that observes, and how its observations are read back from a transcript."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, overload

from langchain_core.messages import AnyMessage, ToolMessage
from langchain_core.tools import BaseTool, tool
from pydantic import Field

from graphs.types import Observation
from tools.errors import ToolError
from tools.terms import KEY, Terms

MAX_LABELS = 16
MAX_LABEL_LENGTH = 24

# Bounds stand in the schema, so that structured outputs stop a weak model before it fills its token budget.
ImageId = Annotated[str, Field(max_length=12)]
Label = Annotated[str, Field(max_length=MAX_LABEL_LENGTH)]
Labels = Annotated[list[Label], Field(max_length=MAX_LABELS)]

Function = Callable[..., Any]
"""From a tool's arguments to an `Observation`, or to a coroutine that gives one."""


@overload
def vision_tool(function: Function) -> BaseTool: ...


@overload
def vision_tool(
    *, approval: bool = False, seconds: float = 20.0, at_once: int | None = None, task: str | None = None
) -> Callable[[Function], BaseTool]: ...


def vision_tool(function: Function | None = None, **given: Any) -> BaseTool | Callable[[Function], BaseTool]:
    """Make a tool of a function from arguments to an observation: `@vision_tool` or `@vision_tool(approval=True)`.

    The schema that the model sees comes from the signature and the Google-style docstring; a parameter
    `runtime: ToolRuntime[Workspace]` is hidden from it. The observation's text becomes the message, and the whole of
    it, as plain JSON data, the message's artifact. An async function runs in the event loop, any other in a thread.

    Args:
        function: The function, where no terms are given.
        given: Fields of `tools.terms.Terms`.
    """
    if function is None:
        return functools.partial(_made, on=Terms(**given))
    return _made(function, on=Terms())


def _made(function: Function, on: Terms) -> BaseTool:
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> tuple[str, dict[str, Any]]:
        return _told(function(*args, **kwargs))

    @functools.wraps(function)
    async def run_async(*args: Any, **kwargs: Any) -> tuple[str, dict[str, Any]]:
        return _told(await function(*args, **kwargs))

    wrapped = run_async if inspect.iscoroutinefunction(function) else run
    made: BaseTool = tool(response_format="content_and_artifact", parse_docstring=True)(wrapped)
    made.metadata = {KEY: on.model_dump()}
    return made


def _told(observation: Observation) -> tuple[str, dict[str, Any]]:
    return observation.text, observation.dump()


def observations(messages: Iterable[AnyMessage]) -> Iterator[Observation]:
    """The observations of a transcript, in order; failed calls left none."""
    for message in messages:
        if isinstance(message, ToolMessage) and message.artifact is not None:
            yield Observation.load(message.artifact)


def check_labels(labels: Iterable[str]) -> list[str]:
    """Hold labels to their bounds, for callers whose arguments passed no schema.

    Raises:
        ToolError: If there are more than `MAX_LABELS`, or one is longer than `MAX_LABEL_LENGTH`.
    """
    given = list(labels)
    if len(given) > MAX_LABELS:
        raise ToolError(f"too many labels: {len(given)}; give at most {MAX_LABELS}")
    for label in given:
        if len(label) > MAX_LABEL_LENGTH:
            raise ToolError(f"label too long: {label[:MAX_LABEL_LENGTH]!r}…; give a word or two")
    return given
