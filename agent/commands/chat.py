"""The verb `chat`: questions in a row about the same images, in a conversation that the service keeps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from agent.commands.put import RUNS, Asked, check, put, thread_images
from agent.commands.show import show
from tools.errors import UserError

ENDS = {"/quit", "/exit", "quit", "exit"}


def command(
    images: Annotated[
        list[str] | None, typer.Argument(metavar="[IMAGE]…", help="Pictures to talk about; more can be added later.")
    ] = None,
    thread: Annotated[
        str | None, typer.Option(help="Name of the conversation; one of this name goes on, with its pictures.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to calls that are costly or lasting.")] = False,
    policy: Annotated[Path | None, typer.Option(help="TOML that agrees or not, by tool; see `ask`.")] = None,
) -> None:
    """Talk about images: each question may refer to what was seen before.

    Type /add FILE to show another picture, /quit or Ctrl-D to end. Questions can also be piped in, one a line.
    """
    from agent import approval
    from agent.exchange import new_id
    from tools import intake

    agreed = approval.load(policy, yes=yes)
    new = intake.gather(images or [])
    check(new, "?")
    known = thread_images(thread) if thread else None
    if not known and not new:
        raise UserError(f"no conversation {thread!r}: name an image" if thread else "name an image to talk about")
    name, pictures = thread or new_id(), list(dict.fromkeys([*(known or []), *(path.absolute() for path in new)]))
    for line in _lines():
        if line.startswith("/add "):
            pictures = _added(pictures, line.removeprefix("/add ").strip())
            continue
        run_id = new_id()
        try:
            folder = RUNS / name / run_id
            show(put(Asked(run_id, line, pictures, folder, agreed, thread=name)), pictures, [])
        except UserError as error:
            if not sys.stdin.isatty():
                raise
            typer.echo(f"scenograph: {error}", err=True)
    typer.echo(f"to go on: scenograph chat --thread {name}", err=True)


def _lines() -> Iterator[str]:
    """The questions: typed, with history and editing, or piped in."""
    from rich.console import Console

    if sys.stdin.isatty():
        import readline  # noqa: F401  # which `input` then uses
    console = Console(stderr=True)
    while True:
        try:
            line = console.input("[bold cyan]> [/]") if sys.stdin.isatty() else sys.stdin.readline()
        except EOFError:
            return
        if not sys.stdin.isatty() and not line:
            return
        if line.strip() in ENDS:
            return
        if line.strip():
            yield line.strip()


def _added(pictures: list[Path], name: str) -> list[Path]:
    from tools import intake

    try:
        new = intake.gather([name])
        check(new, "?")
    except UserError as error:
        typer.echo(f"scenograph: {error}", err=True)
        return pictures
    return list(dict.fromkeys([*pictures, *(path.absolute() for path in new)]))
