"""The verb `gate`: measures a candidate beside the model in use, and promotes it only if it is better."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table

    from evals.metrics.interval import Metric
    from finetune.gate import Verdict


def command(
    candidate: Annotated[str, typer.Argument(help="Name of a model in the catalog.")],
    data: Annotated[
        Path | None, typer.Option(help="Labelled images that it was not trained on; of a set in parts, `val` is used.")
    ] = None,
    dioramas: Annotated[
        int, typer.Option(min=0, help="Also compare on so many dioramas; 0 if it need not know the embedded world.")
    ] = 0,
    against: Annotated[str | None, typer.Option(metavar="MODEL", help="Instead of the model in use.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Decide, and change nothing.")] = False,
) -> None:
    """Use a candidate from now on if it is better than the model in use, and worse nowhere.

    Both look at the same images through the path that the tools use, with the same thresholds; a difference counts
    when its 95% interval, by the paired bootstrap over images, leaves out zero. Exit code 1 if the candidate is
    refused. `scenograph models use` undoes a promotion.
    """
    import orjson
    from rich.console import Console
    from rich.progress import Progress

    from finetune import gate
    from tools.catalog import active, find
    from tools.catalog.changes import choose

    if data is None and not dioramas:
        raise UserError("nothing to measure on: give --data FOLDER, --dioramas COUNT or both")
    after = find(candidate)
    if after.task not in ("segment", "detect"):
        raise UserError(f"the gate compares detectors; `scenograph models use {candidate}` puts this one to use")
    before = find(against) if against else active(after.task)
    if before.name == after.name:
        raise UserError(f"{candidate} is the model in use: name another, or one to compare with by --against")
    sets = [gate.labelled(data)] if data else []
    sets += [gate.dioramas(GATE_SEED, dioramas)] if dioramas else []
    verdicts: list[Verdict] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("looking", total=2 * sum(len(one.images) for one in sets))
        for one in sets:
            verdicts += gate.measure(before, after, one, lambda: progress.advance(bar))
    refused = gate.reasons(after, verdicts)
    if not refused and not dry:
        choose(after.name)
    if json:
        told = {"before": before.name, "after": after.name, "promoted": not refused and not dry, "refused": refused}
        typer.echo(orjson.dumps(told | {"measures": [one.facts() for one in verdicts]}))
    else:
        console = Console()
        console.print(_table(before.name, after.name, verdicts))
        for reason in refused:
            console.print(f"refused: {reason}", style="red", highlight=False, markup=False)
        if not refused:
            console.print(f"{after.name} is {'better' if dry else f'now the model for {after.task}'}", markup=False)
    if refused:
        raise typer.Exit(1)


GATE_SEED = 900_000
"""First of the dioramas that gates compare on: no suite's default and no training's."""


def _table(before: str, after: str, verdicts: list[Verdict]) -> Table:
    from rich.table import Table

    table = Table("measure", before, after, "gain", "95% interval", "n")
    for one in verdicts:
        interval = f"{one.gain.low:+.3f} to {one.gain.high:+.3f}" if one.gain.low is not None else ""
        cells = (_figure(one.before), _figure(one.after), f"{one.gain.value or 0:+.3f}", interval, str(one.gain.n))
        table.add_row(one.name, *cells, style="green" if one.better else "red" if one.worse else None)
    return table


def _figure(metric: Metric) -> str:
    return "" if metric.value is None else f"{metric.value:.3f}"
