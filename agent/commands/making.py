"""What the verbs `generate` and `edit` share: a tool called by a person, its progress, its images put into a folder."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from langchain_core.messages import AnyMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.prebuilt import ToolRuntime

from agent.commands.put import check_writable, is_there
from agent.commands.show import print_json
from graphs.types import Observation
from tools.errors import ToolError, UserError
from tools.workspace import Workspace


@contextmanager
def steps(what: str) -> Iterator[Callable[[Any], None]]:
    """Give a function that takes what a tool streams, `{"step": 3, "of": 20}`, and moves a bar on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None, visible=False)
        yield lambda told: bar.update(task, completed=told["step"], total=told["of"], visible=True)


def call(
    tool: BaseTool, workspace: Workspace, messages: list[AnyMessage], stream: Callable[[Any], None], **arguments: Any
) -> Observation:
    """Call a tool as the flow does, and keep its message in a transcript.

    Args:
        tool: Which one.
        workspace: Its images.
        messages: The transcript so far; it grows by one message.
        stream: Takes what the tool tells while it works.
        arguments: Those that a model would give.

    Raises:
        UserError: If the tool cannot, with what it would tell a model.
    """
    assert isinstance(tool, StructuredTool)
    assert tool.func is not None
    call_id = f"call-{len(messages) + 1}"
    runtime = ToolRuntime(
        state={"messages": messages},
        context=workspace,
        config={},
        stream_writer=stream,
        tool_call_id=call_id,
        store=None,
    )
    try:
        text, artifact = tool.func(**arguments, runtime=runtime)
    except ToolError as error:
        raise UserError(str(error)) from error
    messages.append(ToolMessage(text, name=tool.name, tool_call_id=call_id, artifact=artifact))
    return Observation.load(artifact)


def check_out(out: Path, count: int = 1) -> None:
    """Refuse, before anything is made, a place where images cannot go, or where they would take another's.

    Raises:
        UserError: It is a file that is there already, or one for several images, or cannot be written to.
    """
    if not _is_file(out):
        check_writable(out)
        return
    if count > 1:
        raise UserError(f"--out {out} is one file: name a folder for {count} images")
    if is_there(out):
        raise UserError(f"{out} is there already: choose another --out")
    check_writable(out.parent)


def _is_file(out: Path) -> bool:
    return out.suffix.lower() == ".png" and not out.is_dir()


def delivered(observation: Observation, out: Path) -> list[Path]:
    """Copy the images that a tool made to a folder, or a single one to a `.png` file; returns where they are.

    In a folder they are numbered on from what is there.

    Raises:
        UserError: If they cannot be written there.
    """
    free = (out / f"img-{number}.png" for number in itertools.count(1) if not is_there(out / f"img-{number}.png"))
    paths = [out] if _is_file(out) else list(itertools.islice(free, len(observation.images)))
    try:
        for ref, path in zip(observation.images, paths, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ref.path, path)
    except OSError as error:
        raise UserError(f"cannot write to {out} ({error.strerror}): choose another --out") from error
    return paths


def show(observation: Observation, paths: list[Path], *, json: bool) -> None:
    """Print what came out: its text, with files in place of the ids that only a run knows, or one JSON document."""
    if not json:
        files = {ref.id: str(path) for ref, path in zip(observation.images, paths, strict=True)}
        typer.echo(re.sub(r"\bimg-\d+\b", lambda found: files.get(found[0], found[0]), observation.text))
        return
    images = [
        {**ref.model_dump(mode="json", exclude={"path"}), "path": str(path)}
        for ref, path in zip(observation.images, paths, strict=True)
    ]
    seen = [entity.model_dump(mode="json", exclude={"mask"}) for entity in observation.entities]
    print_json({"text": observation.text, "images": images, "entities": seen})
