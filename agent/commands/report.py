"""The verb `report`: images to a report that can be checked line by line. What it says is made in `agent.report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.errors import UserError

if TYPE_CHECKING:
    from agent.report.gather import Gathered
    from agent.report.survey import Surveyor

OUT = Path("scenograph-report")


def command(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGES…", help="Pictures, or folders of pictures.")],
    template: Annotated[str, typer.Option(help="What kind of report: a name, or a .toml file of yours.")] = "general",
    formats: Annotated[str, typer.Option("--format", help="html, md and json, with commas between.")] = "html",
    focus: Annotated[str, typer.Option(help='Report on these only, such as "people and vehicles".')] = "",
    lang: Annotated[str, typer.Option(help="Language of the report: en or zh.")] = "en",
    out: Annotated[Path, typer.Option(help="Folder for the files, and for what was seen until then.")] = OUT,
) -> None:
    """Write a report of what images show, in which every claim leads to its evidence.

    A report that was broken off goes on when the same command is given again.
    """
    wanted = _formats(formats)
    from agent.report import template as templates
    from agent.report.build import build
    from agent.report.gather import expand
    from agent.report.words import LANGUAGES, Words
    from agent.report.write import write

    if lang not in LANGUAGES:
        raise UserError(f"no such language: {lang}; there are {', '.join(LANGUAGES)}")
    chosen = templates.load(template)
    labels = _labels(focus) or list(chosen.focus)
    paths = expand(images)
    from agent.report.survey import Surveyor

    gathered = _gather(paths, Surveyor(labels), out)
    report, scene = build(gathered.seen, chosen, Words(lang), gathered.unread)
    for path in write(report, scene, gathered.pictures, out, wanted, chosen.sure):
        typer.echo(path)


def _formats(text: str) -> list[str]:
    from agent.report.write import FORMATS

    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    if not wanted or set(wanted) - set(FORMATS):
        raise UserError(f"no such format: {text}; there are {', '.join(FORMATS)}, with commas between")
    return wanted


def _labels(focus: str) -> list[str]:
    """Labels in a phrase such as "people and vehicles"."""
    import re

    from tools.catalog import active
    from tools.errors import ToolError
    from tools.looking import known_to, resolve

    words = [word.strip() for word in re.split(r",|;|、|\band\b|和", focus) if word.strip()]
    try:
        return resolve(words, known_to(active("segment").classes))[0]
    except ToolError as error:
        raise UserError(f"--focus: {error}") from error


def _gather(paths: list[Path], surveyor: Surveyor, out: Path) -> Gathered:
    """Survey with a bar on stderr, which tells the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from agent.report.gather import gather

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("images", total=len(paths))
        gathered = gather(paths, surveyor, out / "seen", lambda: progress.advance(bar))
    for reason in gathered.unread:
        typer.echo(f"scenograph: left out: {reason}", err=True)
    return gathered
