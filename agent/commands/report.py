"""The verb `report`: images to a report that can be checked line by line. What it says is made in `agent.report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.put import check_writable
from tools.errors import UserError

if TYPE_CHECKING:
    from agent.report.gather import Gathered
    from agent.report.survey import Surveyor
    from agent.report.template import Template

OUT = Path("scenograph-report")


def command(
    images: Annotated[
        list[Path] | None, typer.Argument(metavar="IMAGES…", help="Pictures, folders of them, or patterns.")
    ] = None,
    template: Annotated[
        str,
        typer.Option(help="general, surveillance, inspection, medical, retail, street, or a .toml file of yours."),
    ] = "general",
    formats: Annotated[str, typer.Option("--format", help="html, md, pdf and json, with commas between.")] = "html",
    focus: Annotated[str, typer.Option(help='Report on these only, such as "people and vehicles".')] = "",
    reference: Annotated[Path | None, typer.Option(help="The picture that the others should look like.")] = None,
    lang: Annotated[str, typer.Option(help="Language of the report: en or zh.")] = "en",
    smooth: Annotated[
        bool, typer.Option("--smooth", help="Let the model of SCENOGRAPH_LLM_URL smooth the prose.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the files, and for what was seen until then.")] = OUT,
    show: Annotated[str, typer.Option(help="Print the file of a template, to be copied and changed.")] = "",
) -> None:
    """Write a report of what images show, in which every claim leads to its evidence.

    A report that was broken off goes on when the same command is given again.
    """
    from agent.report import template as templates

    if show:
        templates.load(show)  # of other files nothing is printed
        typer.echo(templates.source(show).read_text(encoding="utf-8"), nl=False)
        return
    if not images:
        raise UserError("give the pictures that the report is about, or a folder of them")
    wanted, chosen = _formats(formats), templates.load(template)
    _check(lang, chosen, reference, smooth)
    check_writable(out)
    from agent.report.build import build
    from agent.report.gather import expand
    from agent.report.words import Words
    from agent.report.write import Finished, write

    paths = [*([reference] if reference else []), *expand(images, out)]
    labels = _labels(_words(focus), "--focus") or _labels(chosen.focus, f"template {chosen.name}: focus")
    surveyor = _surveyor(labels, chosen, reference)
    gathered = _gather(paths, surveyor, out)
    compared = gathered.seen[0].image.id if reference else None
    report, scene = build(gathered.seen, chosen, Words(lang), gathered.unread, compared)
    if smooth:
        from agent.report.smooth import smoothed

        report = smoothed(report)
    for path in write(Finished(report, scene, gathered.pictures, chosen.sure), out, wanted):
        typer.echo(path)


def _formats(text: str) -> list[str]:
    from agent.report.pdf import require_browser
    from agent.report.write import FORMATS

    wanted = [name.strip().lower() for name in text.split(",") if name.strip()]
    if not wanted or set(wanted) - set(FORMATS):
        raise UserError(f"no such format: {text}; there are {', '.join(FORMATS)}, with commas between")
    if "pdf" in wanted:
        require_browser()
    return wanted


def _check(lang: str, template: Template, reference: Path | None, smooth: bool) -> None:
    """Refuse what cannot work, before anything is looked at."""
    from agent.report.words import LANGUAGES

    if lang not in LANGUAGES:
        raise UserError(f"no such language: {lang}; there are {', '.join(LANGUAGES)}")
    if template.reference and reference is None:
        raise UserError(f"template {template.name} compares with a picture: give it with --reference")
    if smooth:
        from agent.report.smooth import require_model

        require_model()


def _words(phrase: str) -> list[str]:
    """The words in a phrase such as "people and vehicles"."""
    import re

    return [word.strip() for word in re.split(r",|;|、|\band\b|和", phrase) if word.strip()]


def _labels(words: Sequence[str], origin: str) -> list[str]:
    """The labels that the model in use knows by these words, before anything is looked at."""
    from tools.catalog import active
    from tools.errors import ToolError
    from tools.looking import known_to, resolve

    try:
        return resolve(words, known_to(active("segment").classes))[0]
    except ToolError as error:
        raise UserError(f"{origin}: {error}") from error


def _surveyor(labels: list[str], template: Template, reference: Path | None) -> Surveyor:
    from agent.report.survey import Surveyor
    from tools import intake

    pixels = intake.decode(intake.read(reference), str(reference)) if reference else None
    return Surveyor(labels, measured=template.measures, reference=pixels)


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
