"""The verb `sweep`: a recipe trained over and over, to find the options that suit the data. See `finetune.sweep`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finetune.command import Recipe, Share, made, next_step, on_data
from tools.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from finetune.sweep import Sweep, Trial
    from tools.catalog import ModelEntry


def command(
    recipe: Annotated[Recipe, typer.Argument(metavar="RECIPE", help="One that trains on your data: see `train`.")],
    data: Annotated[Path, typer.Option(help="Labelled data, as for `train`.")],
    out: Annotated[Path, typer.Option(help="Folder for the trials; its name is the best one's in the catalog.")],
    over: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=RANGE",
            help="An option of the recipe, as often as wanted, and what it is drawn from: 1e-5..1e-3 (numbers; on a "
            "log scale where the ends differ by ten times or more), 2..8 (whole numbers), or choices: 0,0.1 or "
            "adamw_torch,adafactor.",
        ),
    ],
    trials: Annotated[
        int, typer.Option(min=1, help="How many there shall be, those of earlier calls among them.")
    ] = 10,
    base: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Name in the catalog of the model that each trial starts from.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An option that is the same in each trial."),
    ] = None,
    share: Share = 0.2,
    json: Annotated[bool, typer.Option("--json", help="Print JSON; trials are told on standard error.")] = False,
) -> None:
    """Search for the options of a recipe that suit your data best.

    Each trial trains in a folder of its own, with values that Optuna's TPE draws from what earlier trials reached on
    the validation part. The best becomes a candidate in your catalog, and OUT/sweep.png shows what was reached over
    each option. Ctrl-C ends a sweep with the best so far; the same command goes on where it broke off.
    """
    from finetune.sweep import Setup, Sweep, objective

    given = tuple(option or ())
    setup = Setup(recipe=recipe, data=data.resolve(), base=base, options=given, share=share, over=tuple(over))
    sweep = Sweep(made(out), setup)

    def trained(at: Path, drawn: Sequence[str]) -> ModelEntry:
        with redirect_stdout(sys.stderr):  # to which trainers print
            return on_data(recipe, data, at, base, [*given, *drawn], share)

    try:
        for one in sweep.run(trials, trained):
            values = ", ".join(f"{name} {_short(value)}" for name, value in one.values.items())
            reached = objective(one.entry)
            again = "" if one.entry.name == f"trial-{one.number}" else f" (as {one.entry.name})"
            typer.echo(f"trial {one.number}: {values}: {reached} {one.entry.metrics[reached]:.4f}{again}", err=json)
    except (KeyboardInterrupt, UserError):
        _end(sweep, data, json)
        raise
    _end(sweep, data, json)


def _end(sweep: Sweep, data: Path, json: bool) -> None:
    """Keep the best trial in the catalog, and tell of all; of nothing, where none has ended."""
    import orjson
    from rich.console import Console

    from tools.catalog import sealed
    from tools.catalog.changes import keep

    ended = sweep.ended()
    if not ended:
        return
    best = ended[0]
    if not best.entry.here():
        raise UserError(f"trial {best.number} was the best, but its weights are gone from {best.entry.path()}")
    entry = sealed(best.entry.model_copy(update={"name": sweep.folder.name}))
    keep(entry)
    plot, importance = sweep.draw(), sweep.importance()
    if json:
        rows = [{"trial": one.number, "values": one.values, "metrics": one.entry.metrics} for one in ended]
        told = {"candidate": entry.name, "path": str(entry.path()), "plot": str(plot), "importance": importance}
        typer.echo(orjson.dumps(told | {"trials": rows}))
        return
    Console().print(_table(ended))
    if importance:
        shares = ", ".join(f"{name} {share:.2f}" for name, share in importance.items())
        typer.echo(f"what decided: {shares}")
    typer.echo(f"candidate {entry.name}: trial {best.number}; all are drawn in {plot}")
    typer.echo(f"its weights are in {entry.path()}; next: {next_step(entry, data)}")


def _table(trials: list[Trial]) -> Table:
    from rich.table import Table

    metrics = [name for name in trials[0].entry.metrics if name.startswith("val_")]
    table = Table("trial", *trials[0].values, *metrics)
    for one in trials:
        reached = (f"{one.entry.metrics[name]:.4f}" for name in metrics)
        table.add_row(str(one.number), *map(_short, one.values.values()), *reached)
    return table


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
