"""One question about each of many pictures, side by side; a list that was broken off goes on in the same folder."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from agent.commands.put import Asked, ask_person, put
from agent.exchange import RUN
from tools.seen import key

if TYPE_CHECKING:
    from rich.progress import Progress

    from agent.approval import Pending, Policy

AT_ONCE = 4
MARK = "asked.txt"
"""File beside a run that tells what it was made from."""

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
        folder: Each picture's files go into a folder below; where a run made from the same is there already, it stands.
        policy: Who agrees to calls that are costly or lasting.
        json: Print the runs, one a line, in place of the table.
    """
    asked = of_each(question)
    places = [folder / f"{number:04}-{picture.stem}" for number, picture in enumerate(pictures, start=1)]
    how = _how(asked, policy)
    with _bar() as bar, ThreadPoolExecutor(AT_ONCE) as pool:
        one_by_one = threading.Lock()

        def agreed(call: Pending) -> bool:
            with one_by_one, _without(bar):
                return ask_person(call)

        def one(number: int) -> dict[str, Any]:
            place, picture = places[number], pictures[number]
            mark = key(how, hashlib.sha256(picture.read_bytes()).hexdigest())
            if (known := _known(place, mark)) is not None:
                return known
            run = put(Asked(f"{run_id}-{number + 1}", asked, [picture], place, policy), agreed).run
            (place / MARK).write_text(mark)
            return run

        answered = pool.map(one, range(len(pictures)))
        runs = list(bar.track(answered, total=len(pictures), description="pictures"))
    if json:
        for run in runs:
            typer.echo(_line(run))
    else:
        _table(runs, pictures)
        _which([run["answer"]["value"] for run in runs], pictures)
        typer.echo(str(folder))


def _how(asked: str, policy: Policy) -> tuple[object, ...]:
    """What, beside the picture, must be the same for an earlier run to stand for a new one."""
    from agent.llm import endpoint
    from tools.catalog import changes

    planner = endpoint.settings()
    return asked, policy.model_dump(), planner.url, planner.model, sorted(changes.in_use())


def _known(place: Path, mark: str) -> dict[str, Any] | None:
    import orjson

    known, path = place / MARK, place / RUN
    if not (known.exists() and path.exists()) or known.read_text() != mark:
        return None
    run: dict[str, Any] = orjson.loads(path.read_bytes())
    return run


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, disable=not console.is_terminal)


@contextmanager
def _without(bar: Progress) -> Iterator[None]:
    """Take the bar off the terminal, so that a question can be read and answered there."""
    if bar.disable:
        yield
        return
    bar.stop()
    try:
        yield
    finally:
        bar.start()


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
        so, open_ = ([str(p) for v, p in zip(values, pictures, strict=True) if v is wanted] for wanted in (True, None))
        typer.echo(f"{len(so)} of {len(pictures)}: {', '.join(so) or 'none'}")
        if open_:
            typer.echo(f"not established for {len(open_)}: {', '.join(open_)}")
