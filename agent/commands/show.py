"""Results on the terminal: an answer with what it rests on and its files, and anything as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.exchange import Reply, Row


def show(reply: Reply, images: Sequence[Path], files: Sequence[Path]) -> None:
    """Print an answer with its evidence.

    Args:
        reply: The service's.
        images: The files asked about, in the order of their ids.
        files: Paths to print below it.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console()
    console.print(Text(reply.run["answer"]["text"], "bold"))
    if len(images) > 1:
        for number, image in enumerate(images, start=1):
            console.print(Text(f"img-{number} is {image}", "dim"), soft_wrap=True)
    if reply.evidence:
        console.print(_table(reply.evidence))
    for path in files:
        console.print(Text(str(path)), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print plain data as one JSON document."""
    import orjson
    import typer

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _table(evidence: Sequence[Row]) -> object:
    from rich.table import Column, Table
    from rich.text import Text

    names = ("id", "category", "box", "score", "tool", "model")
    table = Table(*(Column(name, overflow="fold") for name in names), title="Evidence", title_justify="left")
    for row in evidence:
        table.add_row(*(Text(cell) for cell in (row.id, row.category, row.box, row.score, row.tool, row.model)))
    return table
