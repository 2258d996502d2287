"""The verb `look`: what the tools see in images, without a planner. Tools are called by `agent.calls`."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.put import check_writable
from agent.commands.show import print_json
from tools.errors import UserError

if TYPE_CHECKING:
    from agent.seen import Seen


def command(
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE", help="Files, folders, or patterns such as 'shots/*.png'.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON document.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for annotated pictures and the graph of all images.")] = None,
    text: Annotated[bool, typer.Option(help="Read text too.")] = True,
    names: Annotated[bool, typer.Option(help="Let the recogniser name each thing too.")] = True,
) -> None:
    """See what the tools see in images: things with boxes, outlines, colours and names, and text.

    No planner and no model server is needed. A file that cannot be read is named and left out. Web addresses are taken
    when SCENOGRAPH_URLS=1 is set.
    """
    if out is not None:
        check_writable(out)
    with tempfile.TemporaryDirectory(prefix="scenograph-look-") as fetched:
        paths = _paths(images, Path(fetched))
        from agent.commands.progress import waiting
        from agent.seen import see

        left_out: list[str] = []
        with waiting(f"looking at {len(paths)} image{'s' if len(paths) > 1 else ''}"):
            seen = see(paths, text=text, names=names, left_out=left_out)
        if not seen.images:
            raise UserError(left_out[0])
        files = seen.write(out) if out is not None else []
    if json:
        print_json(seen.to_json())
    else:
        _show(seen, files)
    for reason in left_out:
        typer.echo(f"scenograph: left out: {reason}", err=True)
    if left_out:
        raise typer.Exit(2)


def _paths(names: Sequence[str], fetched: Path) -> list[Path]:
    from tools import intake, urls

    return intake.gather(str(urls.download(name, fetched)) if urls.is_url(name) else name for name in names)


def _show(seen: Seen, files: Sequence[Path]) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console()
    table = Table("image", "id", Column("box", no_wrap=True), "score", "area", "colour", "named", "text")
    for row in seen.rows():
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    console.print(table)
    for path in files:
        console.print(Text(str(path)), soft_wrap=True)
