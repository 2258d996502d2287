"""The verb `eval`: runs suites against what is deployed, and works with runs. What is run lives in `evals.suites`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import summary
from evals.suites import SUITES, load
from tools.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

    from evals.suites.report import Report

LAST_SEED = 5_000_000
"""Seeds of evals lie below; training draws its scenes from far above."""

FAILURES = 20
"""How many a run prints; `eval show` lists them all."""

Json = Annotated[
    bool, typer.Option("--json", help="Print the figures as one JSON object; all else goes to standard error.")
]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of a run, or the folder of one.")]

command = typer.Typer(
    add_completion=False,
    help="Measure how well questions are answered, and compare runs.\n\n"
    "`scenograph eval SUITE` runs a suite; Ctrl-C ends it early and prints what was done until then. The model server "
    "is started when needed, as `ask` does. Each run keeps its report, every case with its scores, and a log that "
    "`inspect view` shows.",
)


def _runner(suite: str) -> Callable[..., None]:
    def run(
        seed: Annotated[int, typer.Option(min=0, help="Of the first case; the others count up from it.")] = 1000,
        count: Annotated[int, typer.Option(min=1, help="How many cases.")] = 200,
        limit: Annotated[int | None, typer.Option(min=1, help="Run at most this many of them.")] = None,
        map_scenes: Annotated[
            int | None, typer.Option(min=0, help="How many scenes the detector is measured on; by default COUNT.")
        ] = None,
        concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many cases at once.")] = 2,
        retries: Annotated[int, typer.Option(min=0, max=9, help="How often a case that raised is tried again.")] = 0,
        tries: Annotated[int, typer.Option(min=1, max=100, help="How often each question is asked (diorama).")] = 1,
        model: Annotated[str | None, typer.Option(help="Another model at the configured server.")] = None,
        data: Annotated[
            Path | None, typer.Option(help="Folder of a public data set, for a suite that reads one.")
        ] = None,
        against: Annotated[str | None, typer.Option(metavar="RUN", help="Compare with this run at the end.")] = None,
        json: Json = False,
        out: Annotated[Path | None, typer.Option(help="Folder for the run; by default a new one in the home.")] = None,
    ) -> None:
        number = count if limit is None else min(count, limit)
        options = {"concurrency": concurrency, "map_scenes": map_scenes, "retries": retries, "tries": tries}
        _run(suite, seed, number, {**options, "model": model, "data": data}, against, out, json)

    return run


def _run(
    suite: str, seed: int, count: int, chosen: dict[str, Any], against: str | None, out: Path | None, json: bool
) -> None:
    from evals import runs
    from evals.suites.options import Options

    if (last := seed + max(count, chosen["map_scenes"] or 0)) > LAST_SEED:
        raise UserError(f"the seeds reach {last}: evals stay below {LAST_SEED}, choose others")
    earlier = runs.load(against).report if against else None
    function = load(suite)
    folder = runs.new(suite, out)
    report = function(seed, count, Options(**chosen, out=folder))
    runs.save(report, folder)
    _tell(report, folder, earlier, json)


for _name in SUITES:
    _point = EntryPoint(name=_name, value=SUITES[_name], group="")
    command.command(_name, help=summary(_point), rich_help_panel="Suites")(_runner(_name))


@command.command("list")
def list_runs(json: Json = False) -> None:
    """List the runs that are kept."""
    from evals import runs

    rows = runs.kept()
    if json:
        import orjson

        typer.echo(
            orjson.dumps([{"run": one.name, **one.report.model_dump(include={"suite", "metrics"})} for one in rows])
        )
        return
    for one in rows:
        figures = [f"{name} {m.value:.3f}" for name, m in one.report.metrics.items() if m.value is not None]
        typer.echo(f"{one.name}  {', '.join(figures[:5])}")
    if not rows:
        typer.echo("no runs yet: `scenograph eval diorama --count 20` makes one")


@command.command()
def show(run: RunName, case: Annotated[str | None, typer.Option(help="Show one case with its calls.")] = None) -> None:
    """Show a run's report, or one case of it."""
    from evals import runs
    from evals.suites.report import show as shown
    from evals.traces import trace

    kept = runs.load(run)
    if case is None:
        shown(kept.report, _console())
        return
    found = [one for one in kept.report.results if one.trial.question.id == case]
    if not found:
        raise UserError(f"no case {case!r} in {kept.name}: `scenograph eval show {kept.name}` lists those that failed")
    typer.echo(trace(found[0]))


@command.command()
def score(run: RunName, json: Json = False) -> None:
    """Grade a kept run anew, as after a change to a metric, and say how long that took; the run stays as it is."""
    from evals import runs
    from evals.rescore import rescore
    from evals.suites.report import show as shown

    made, seconds = rescore(runs.load(run).report)
    shown(made, _console(stderr=json))
    typer.echo(f"graded {len(made.results)} trials in {seconds:.2f} s", err=json)
    if json:
        typer.echo(made.line())


@command.command()
def compare(before: RunName, after: RunName) -> None:
    """Show what changed between two runs of a suite, case by case, with the paired bootstrap's interval."""
    from evals import runs

    _changes(runs.load(before).report, runs.load(after).report, _console())


@command.command()
def gate(
    run: RunName,
    against: Annotated[str, typer.Option(metavar="RUN", help="The run that it must not fall behind.")],
    metric: Annotated[list[str] | None, typer.Option(help="Look at this metric alone; may be given often.")] = None,
) -> None:
    """Exit with 1 if a metric fell by more than its interval; times and tokens count only when named."""
    from evals import runs
    from evals.compare import compare, fallen

    found = fallen(compare(runs.load(against).report, runs.load(run).report), metric or [])
    for name, told in found.items():
        typer.echo(f"{name} fell: {told}")
    if found:
        raise typer.Exit(1)
    typer.echo("no metric fell")


@command.command()
def report(
    run: RunName,
    out: Annotated[Path | None, typer.Option(help="The file; by default report.html in the run's folder.")] = None,
    against: Annotated[str | None, typer.Option(metavar="RUN", help="Show the changes since this run too.")] = None,
) -> None:
    """Write one HTML page that needs nothing else: tables, plots, the worst cases with pictures and traces."""
    from evals import runs
    from evals.page import page

    kept = runs.load(run)
    path = out or kept.folder / "report.html"
    earlier = runs.load(against).report if against else None
    try:
        path.write_text(page(kept.report, earlier), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path} ({error.strerror}): choose another --out") from error
    typer.echo(str(path))


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(width=160, stderr=stderr)


def _tell(report: Report, folder: Path, earlier: Report | None, json: bool) -> None:
    from evals.suites.report import show

    console = _console(stderr=json)
    show(report, console, FAILURES)
    if earlier is not None:
        _changes(earlier, report, console)
    rest = f"; `scenograph eval show {folder}` lists all failures" if len(report.failures) > FAILURES else ""
    typer.echo(f"kept in {folder}{rest}", err=json)
    if json:
        typer.echo(report.line())
    if report.interrupted:
        raise typer.Exit(130)


def _changes(before: Report, after: Report, console: Console) -> None:
    from evals.compare import compare, listings_of
    from evals.suites.report import table

    for listing in listings_of(compare(before, after)):
        console.print(table(listing))
