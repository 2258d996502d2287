"""A question put to the service, which is started when needed, and the approvals it waits for; nothing is printed."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tools.errors import UserError

if TYPE_CHECKING:
    import httpx

    from agent.approval import Pending, Policy
    from agent.exchange import Question, Reply

RUNS = Path("scenograph-runs")
# The service bounds each request and each tool itself; this is for one that hangs.
ANSWER_SECONDS = 3600.0
LOOK = "look at `scenograph llm logs --name service`"


@dataclass(frozen=True)
class Asked:
    """What a person asks.

    Attributes:
        run_id: Of the run.
        text: The question.
        images: Its files.
        folder: Where the run's files go.
        policy: What is decided beforehand.
        thread: The conversation that it belongs to.
        began: When the command did, by `time.perf_counter`.
    """

    run_id: str
    text: str
    images: Sequence[Path]
    folder: Path
    policy: Policy
    thread: str | None = None
    began: float = field(default_factory=time.perf_counter)


def ask_person(call: Pending) -> bool:
    """Ask on the terminal whether a call may be made; where there is none, nobody agrees."""
    from agent.exchange import call_line

    called = call_line(call.tool, call.arguments)
    if not sys.stdin.isatty():
        typer.echo(f"scenograph: {called} was not approved: give --yes, or --policy FILE", err=True)
        return False
    return typer.confirm(f"{called}: go ahead?", err=True)


def put(asked: Asked, agreed: Callable[[Pending], bool] = ask_person) -> Reply:
    """Put a question; where calls wait for a person, the run goes on as decided.

    Args:
        asked: What is asked.
        agreed: Says whether a call that waits may be made.

    Raises:
        UserError: The service, the model server or the question is not in order.
    """
    decisions: dict[str, bool] = {}
    while True:
        reply = _sent(asked, decisions)
        if not reply.waiting:
            return reply
        decisions = {call.id: agreed(call) for call in reply.waiting}


def _sent(asked: Asked, decisions: dict[str, bool]) -> Reply:
    """Put the question; should the service be lost meanwhile, put it to a new one, which goes on with the same run."""
    import httpx

    from agent import launch
    from agent.commands.progress import starting, waiting
    from agent.exchange import Question

    for _ in range(2):
        with starting() as progress:
            service, endpoint = launch.up(progress)
        question = Question(
            id=asked.run_id,
            text=asked.text,
            images=[image.absolute() for image in asked.images],
            folder=asked.folder.absolute(),
            endpoint=endpoint,
            start=time.perf_counter() - asked.began,
            thread=asked.thread,
            policy=asked.policy,
            decisions=decisions,
        )
        try:
            timeout = httpx.Timeout(ANSWER_SECONDS, connect=10.0)
            with waiting("thinking") as tell, service.client(timeout) as client:
                return _followed(client, question, tell)
        except httpx.TimeoutException as error:
            raise UserError(f"the service did not answer within {ANSWER_SECONDS:.0f} s: {LOOK}") from error
        except httpx.TransportError:
            continue
    raise UserError(f"the service was lost twice while it answered: {LOOK}")


def _followed(client: httpx.Client, question: Question, tell: Callable[[str], None]) -> Reply:
    """Put the question, tell what the run does, and read what comes of it."""
    import httpx
    import orjson

    from agent.exchange import NDJSON, Reply

    headers = {"Content-Type": "application/json", "Accept": NDJSON}
    with client.stream("POST", "/ask", content=question.model_dump_json(), headers=headers) as response:
        if not response.is_success:
            response.read()
            _check(response)
        for line in response.iter_lines():
            told = orjson.loads(line)
            if "doing" in told:
                tell(told["doing"])
                continue
            _check(httpx.Response(told["status"], json=told["reply"]))
            return Reply.model_validate(told["reply"])
    raise httpx.RemoteProtocolError("the stream ended before the reply")


def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    line = response.json()["error"]
    if response.is_server_error:  # a bug, which is nothing that the person can put right
        typer.echo(f"scenograph: {line}", err=True)
        raise typer.Exit(1)
    raise UserError(line)


def thread_images(name: str) -> list[Path] | None:
    """The files that a conversation is about; None if there is none of this name.

    Raises:
        UserError: It is no name of a conversation, or the service cannot be asked.
    """
    import httpx

    from agent import launch
    from agent.commands.progress import starting
    from agent.exchange import NAME

    if not re.fullmatch(NAME, name):
        raise UserError(f"--thread {name!r} is no name: take up to 64 letters, digits, - and _")
    with starting() as progress:
        service, _ = launch.up(progress)
    try:
        with service.client(30.0) as client:
            response = client.get(f"/threads/{name}")
    except httpx.TransportError as error:
        raise UserError(f"the service was lost while it was asked for {name}: {LOOK}") from error
    if response.status_code == httpx.codes.NOT_FOUND:
        return None
    _check(response)
    return [Path(path) for path in response.json()["images"]]


def check(images: Sequence[Path], question: str) -> None:
    """Refuse what no model can answer, before one is started for it; the service looks again.

    Raises:
        UserError: The question is empty, or a file is no picture.
    """
    from tools import intake

    if not question.strip():
        raise UserError("the question is empty: ask something about the image")
    for path in images:
        intake.decode(intake.read(path), str(path))


def is_there(path: Path) -> bool:
    """Whether a path exists; one that is too long, or lies where nobody may look, does not."""
    try:
        return path.exists()
    except OSError:
        return False


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written to, or made.

    Raises:
        UserError: It cannot.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if is_there(path))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        reason = "no permission" if there.is_dir() else f"{there} is no folder"
        raise UserError(f"cannot write to {folder} ({reason}): choose another --out")
