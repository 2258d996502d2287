"""The verb `eval`: runs a suite against what is deployed and prints its report. What is run lives in `evals.suites`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.suites import SUITES, load
from tools.errors import UserError

if TYPE_CHECKING:
    from evals.suites.report import Report

LAST_SEED = 5_000_000
"""Seeds of evals lie below; training draws its scenes from far above."""


def command(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help=f"One of {', '.join(SUITES)}.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the first case; the others count up from it.")] = 1000,
    count: Annotated[int, typer.Option(min=1, help="How many cases.")] = 200,
    limit: Annotated[int | None, typer.Option(min=1, help="Run at most this many of them.")] = None,
    map_scenes: Annotated[
        int | None, typer.Option(min=0, help="How many scenes the detector is measured on; by default COUNT.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many cases at once.")] = 2,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON too, on the last line.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for report.json and what else the suite writes.")] = None,
) -> None:
    """Measure how well questions are answered, with intervals and the failures.

    Ctrl-C ends early and prints what was done until then. The model server is started when needed, as `ask` does.
    """
    from evals.suites.options import Options

    count = count if limit is None else min(count, limit)
    if (last := seed + max(count, map_scenes or 0)) > LAST_SEED:
        raise UserError(f"the seeds reach {last}: evals stay below {LAST_SEED}, choose others")
    run = load(suite)
    _writable(out)
    options = Options(concurrency=concurrency, map_scenes=map_scenes, out=out)
    report = run(seed, count, options)
    _finish(report, out, json)
    if report.interrupted:
        raise typer.Exit(130)


def _writable(out: Path | None) -> None:
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {out} ({error.strerror}): choose another --out") from error


def _finish(report: Report, out: Path | None, json: bool) -> None:
    from rich.console import Console

    from evals.suites.report import show

    console = Console()
    show(report, console if console.is_terminal else Console(width=160))
    if out is not None:
        (out / "report.json").write_text(report.model_dump_json(indent=2), encoding="utf-8")
        typer.echo(f"{', '.join(sorted(path.name for path in out.iterdir()))} in {out}")
    if json:
        typer.echo(report.line())
