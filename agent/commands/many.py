"""One question about each of many pictures, side by side; a list that was broken off goes on in the same folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from agent.commands.put import Asked, put

if TYPE_CHECKING:
    from agent.approval import Policy

AT_ONCE = 4
_WHICH = re.compile(
    r"(?:which|what|on which|in which)(?: of)?(?: the| these| those| my)* (?:pictures?|images?|photos?)(?: here)? "
    r"(?:have|has|shows?|contains?|with|holds?) (?P<what>.+?)\??",
    re.IGNORECASE,
)


def of_each(question: str) -> str:
    """What to ask of each picture: "Which of these pictures have a cat?" asks of each whether there is a cat."""
    match = _WHICH.fullmatch(question.strip())
    return f"Is there {match['what']}?" if match else question


def ask_each(run_id: str, question: str, pictures: Sequence[Path], folder: Path, policy: Policy, *, json: bool) -> None:
    """Ask about each picture and print a line for each, then which of them it is so for.

    Args:
        run_id: Of the whole; each picture's run has its number behind it.
        question: About each, or which of them it is so for.
        pictures: The files.
        folder: Each picture's files go into a folder below; where its run is there already, it is not asked again.
        policy: Who agrees to calls that are costly or lasting.
        json: Print the runs, one a line, in place of the table.
    """
    asked = of_each(question)
    places = [folder / f"{number:04}-{picture.stem}" for number, picture in enumerate(pictures, start=1)]

    def one(number: int) -> dict[str, Any]:
        if (known := _known(places[number], asked)) is not None:
            return known
        name = f"{run_id}-{number + 1}"
        return put(Asked(name, asked, [pictures[number]], places[number], policy)).run

    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = list(_watched(pool.map(one, range(len(pictures))), len(pictures)))
    if json:
        for run in runs:
            typer.echo(_line(run))
    else:
        _table(runs, pictures)
        _which([run["answer"]["value"] for run in runs], pictures)
        typer.echo(str(folder))


def _known(place: Path, asked: str) -> dict[str, Any] | None:
    import orjson

    path = place / "run.json"
    run: dict[str, Any] | None = orjson.loads(path.read_bytes()) if path.exists() else None
    return run if run is not None and run["query"] == asked else None


def _watched(runs: Iterator[dict[str, Any]], total: int) -> Iterator[dict[str, Any]]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(runs, "pictures", total=total, console=console, disable=not console.is_terminal)


def _line(run: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(run).decode()


def _table(runs: Sequence[dict[str, Any]], pictures: Sequence[Path]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("picture", "answer", "evidence")
    for run, picture in zip(runs, pictures, strict=True):
        answer = run["answer"]
        table.add_row(Text(str(picture)), Text(answer["text"]), Text(" ".join(answer["evidence"])))
    Console().print(table)


def _which(values: Sequence[object], pictures: Sequence[Path]) -> None:
    if any(isinstance(value, bool) for value in values):
        so = [str(picture) for value, picture in zip(values, pictures, strict=True) if value is True]
        typer.echo(f"{len(so)} of {len(pictures)}: {', '.join(so) or 'none'}")
