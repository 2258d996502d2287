"""The verb `export`: a detector for OpenVINO or ONNX Runtime, with what that costs. See `finetune.export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from finetune.export import Format


def command(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="Name of a detector in the catalog.")],
    kind: Annotated[Format, typer.Option("--format", help="What to export to.")],
    data: Annotated[
        Path,
        typer.Option(help="Labelled images to measure on; of a set in parts, `val`, and int8 learns from `train`."),
    ],
    int8: Annotated[
        bool, typer.Option("--int8", help="Whole numbers of 8 bits: smaller, and faster on most CPUs.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder to write into; by default the cache of models.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Export a detector, and say what it loses and gains.

    Both look at the same images through the path that the tools use, with the same thresholds. The export becomes a
    candidate in your catalog, with these figures; `scenograph models use` puts it to use.
    """
    import orjson
    from rich.console import Console
    from rich.table import Table

    from agent.commands.models import amount
    from agent.commands.progress import waiting
    from finetune import gate
    from finetune.export import export, speed
    from tools.catalog import find
    from tools.catalog.changes import keep

    before = find(name)
    scenes = gate.labelled(data)
    with waiting(f"exporting {name}"):
        after = export(before, kind, data if int8 else None, out)
    with waiting(f"measuring on {len(scenes.images)} images"):
        verdicts = gate.measure(before, after, scenes)
        rates = [round(speed(entry, scenes.images), 1) for entry in (before, after)]
    reached = {one.name.replace(f"{gate.DATA} ", ""): round(one.after.value or 0, 4) for one in verdicts}
    after = after.model_copy(update={"metrics": reached})
    keep(after)
    if json:
        told = {"before": before.name, "after": after.name, "path": str(after.path())}
        figures = {"bytes": [before.size, after.size], "images_per_second": rates}
        typer.echo(orjson.dumps(told | {"measures": [one.facts() for one in verdicts]} | figures))
        return
    table = Table("", "before", "after", "difference")
    for one in verdicts:
        gain = f"{one.gain.value or 0:+.4f} ({one.gain.low or 0:+.4f} to {one.gain.high or 0:+.4f})"
        table.add_row(one.name, f"{one.before.value or 0:.4f}", f"{one.after.value or 0:.4f}", gain)
    table.add_row("size", amount(before.size), amount(after.size), f"x {after.size / before.size:.2f}")
    table.add_row("images a second", f"{rates[0]}", f"{rates[1]}", f"x {rates[1] / rates[0]:.2f}")
    Console().print(table)
    typer.echo(f"{after.name}: at {after.path()}; `scenograph models use {after.name}` puts it to use")
