"""What `ask` and the service say to each other; light, for the command line imports it but no agent."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agent.approval import Pending, Policy
from agent.llm.endpoint import Endpoint


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("give an absolute path: the service has a working folder of its own")
    return path


RUN, GRAPH = "run.json", "graph.json"
"""Names of the files that hold a run and its scene graph."""

NDJSON = "application/x-ndjson"
"""A question that accepts this is answered in lines: what the run does, `{"doing": …}`, then `{"status", "reply"}`."""

NAME = r"^[\w-]{1,64}$"
Absolute = Annotated[Path, AfterValidator(_absolute)]


class Question(BaseModel):
    """A question to the service.

    Attributes:
        id: The run's; that of a run which was cut short goes on where it stopped.
        text: The question.
        images: Files, in the order img-1, img-2 …
        folder: Where the run's files go.
        endpoint: The model that plans.
        start: Seconds that went by before, to be counted into the run.
        thread: The conversation that it belongs to, which is kept; by default it stands alone.
        policy: Who agrees to calls that are costly or lasting.
        decisions: What a person decided about the calls that the run waits with, by their ids.
    """

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=NAME)
    text: str
    images: list[Absolute] = Field(min_length=1)
    folder: Absolute
    endpoint: Endpoint
    start: float = Field(default=0.0, ge=0)
    thread: str | None = Field(default=None, pattern=NAME)
    policy: Policy = Policy()
    decisions: dict[str, bool] = Field(default_factory=dict)


class Row(BaseModel):
    """One line of the table of evidence, ready to print."""

    model_config = ConfigDict(frozen=True)

    id: str
    category: str
    box: str
    score: str
    tool: str
    model: str


class Reply(BaseModel):
    """The service's answer, or what it waits for.

    Attributes:
        run: The whole `agent.run.Run`, as plain JSON data; empty while it waits.
        evidence: Rows for a person, in the order cited.
        files: Names of the files in the question's folder: the run, the graph, then the pictures.
        waiting: Calls that a person must agree to; the same question, put again with the decisions, goes on.
    """

    run: dict[str, Any] = Field(default_factory=dict)
    evidence: list[Row] = Field(default_factory=list)
    files: list[str] = Field(default_factory=list)
    waiting: list[Pending] = Field(default_factory=list)


def new_id() -> str:
    """A fresh run id: the time in UTC and four random hex digits."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def call_line(tool: str, arguments: Mapping[str, Any]) -> str:
    """A tool call for people: `detect(image_id='img-1', labels=['dog'])`."""
    return f"{tool}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"
