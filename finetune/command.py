"""The verb `train`: makes the embedded weights anew. The recipes, and what they print, live beside this file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tools.errors import UserError


class Model(StrEnum):
    """What can be trained."""

    DETECT = "detect"
    PLAN = "plan"
    GENERATE = "generate"


def command(
    model: Annotated[
        Model, typer.Argument(metavar="MODEL", help="detect: the detector; plan: the planner; generate: the generator.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for data, checkpoints and the weights.")],
    base: Annotated[
        Path | None,
        typer.Option(help="Folder of earlier planner weights to train further.", exists=True, file_okay=False),
    ] = None,
) -> None:
    """Train the embedded weights anew, on dioramas that are made as they are needed.

    A run that was broken off goes on when it is given the same folder. Both recipes are meant for two CPU cores and
    take hours there; sizes, rates and seeds stand at the top of finetune/detect.py and finetune/plan.py.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {out} ({error.strerror}): choose another --out") from error
    weights = _train(model, out, base)
    typer.echo(f"the weights are in {weights}")


def _train(model: Model, out: Path, base: Path | None) -> Path:
    match model:
        case Model.DETECT:
            if base is not None:
                raise UserError("--base is for plan only: detect goes on from the checkpoint in --out")
            from finetune import detect

            return detect.train(out)
        case Model.PLAN:
            from finetune import plan

            return plan.train(out, base=base)
        case Model.GENERATE:
            if base is not None:
                raise UserError("--base is for plan only: generate goes on from the checkpoint in --out")
            from finetune import generate

            return generate.train(out)
