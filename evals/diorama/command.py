"""The verb `diorama`: writes scenes, truths and questions to a folder. What they hold is decided in `world`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tools.errors import UserError

CASES = "cases.jsonl"
_OWN = re.compile(r"cases\.jsonl|scene-\d+\.(png|truth\.json)")


def command(
    out: Annotated[Path, typer.Option(help="Folder to write to; what an earlier run wrote there is replaced.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the first scene; the others count up from it.")] = 7,
    count: Annotated[int, typer.Option(min=1, help="How many scenes.")] = 20,
    per_scene: Annotated[int, typer.Option(min=0, help="The most questions about each scene.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="Print what was written as one line of JSON.")] = False,
) -> None:
    """Write scenes with their full truth, and questions with their answers; the same seed gives the same bytes.

    Each scene is a PNG with a .truth.json; cases.jsonl holds the questions. A question about two images brings a second
    scene with it. evals/diorama/README.md tells what the fields mean.
    """
    _clear(out)
    _write(out, seed, count, per_scene)
    scenes = sum(1 for _ in out.glob("scene-*.png"))
    questions = len((out / CASES).read_text(encoding="utf-8").splitlines())
    if json:
        import orjson

        typer.echo(orjson.dumps({"out": str(out), "scenes": scenes, "cases": questions}))
    else:
        typer.echo(f"{scenes} scenes with their truths and {questions} questions ({CASES}) are in {out}")


def _clear(out: Path) -> None:
    """Make the folder, or remove from it what an earlier run wrote, if it holds nothing else."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        there = sorted(out.iterdir())
        if strange := [path for path in there if not _OWN.fullmatch(path.name) or path.is_dir()]:
            raise UserError(f"{out} holds files that are none of this command's{_names(strange)}: choose another --out")
        for path in there:
            path.unlink()
    except OSError as error:
        raise UserError(f"cannot write to {out} ({error.strerror}): choose another --out") from error


def _names(paths: Sequence[Path]) -> str:
    return f" ({paths[0].name}{' …' if len(paths) > 1 else ''})"


def _write(out: Path, seed: int, count: int, per_scene: int) -> None:
    from rich.console import Console
    from rich.progress import track

    from evals.diorama.world import write_world

    written = write_world(out, seed, count, per_scene)
    for _ in track(written, "scenes", total=count, console=Console(stderr=True)):
        pass
