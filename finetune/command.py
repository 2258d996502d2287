"""The verb `train`: on a person's data, or the embedded weights anew. The recipes, and what they print, live beside."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from finetune.begun import going_on, size_of
from tools.catalog import ModelEntry, active, find, sealed
from tools.catalog.changes import keep
from tools.errors import UserError

Share = Annotated[
    float, typer.Option(min=0.05, max=0.5, help="Of the data, to validate on, if it has no parts train and val.")
]


class Recipe(StrEnum):
    """What can be trained."""

    DETECT = "detect"
    CLASSIFY = "classify"
    DESCRIBE = "describe"
    PLAN = "plan"
    GENERATE = "generate"
    RECOGNISE = "recognise"


def command(
    recipe: Annotated[
        Recipe,
        typer.Argument(
            metavar="RECIPE",
            help="detect: boxes and outlines; classify: one class an image; describe: answers about images, captions; "
            "plan: the planner; generate: images, with --data a LoRA; recognise: the embedded recogniser.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and the weights; its name is the model's.")],
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled data; without it, the embedded weights are trained anew on dioramas."),
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Name in the catalog of the model to start from.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An option of the recipe, as often as wanted."),
    ] = None,
    share: Share = 0.2,
) -> None:
    """Train a model, on your own labelled data or anew on dioramas.

    With --data the result is a candidate in your catalog: `scenograph gate` decides whether tools use a detector, and
    `scenograph models use` puts any to use. Data sets in COCO, YOLO, Pascal VOC and LabelMe format, folders of classes,
    and questions with answers, captions and transcripts as JSONL are read as they are. A run that was broken off, by
    Ctrl-C too, goes on when it is given the same folder.
    """
    out = made(out)
    given = option or []
    if data is None:
        if given:
            raise UserError("--set goes with --data: the recipes of the embedded weights stand in finetune/")
        typer.echo(f"the weights are in {_anew(recipe, out, base)}")
        return
    asked = {"recipe": recipe, "data": str(data.resolve()), "base": base, "options": sorted(given), "share": share}
    with going_on(out, asked | {"size": size_of(data, out)}):
        entry = on_data(recipe, data, out, base, given, share)
    keep(sealed(entry))
    scores = ", ".join(f"{name} {value:.3f}" for name, value in entry.metrics.items())
    typer.echo(f"candidate {entry.name}: {scores}")
    typer.echo(f"its weights are in {out}; next: {next_step(entry, data)}")


def made(out: Path) -> Path:
    """Make the folder of --out, and give its full path: its name is the model's, also where it is `.`.

    Raises:
        UserError: If it cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {out} ({error.strerror}): choose another --out") from error
    return out.resolve()


def next_step(entry: ModelEntry, data: Path) -> str:
    """What to do with a candidate."""
    from finetune.data.read import given_splits

    if entry.task != "segment":
        return f"scenograph models use {entry.name}"
    if given_splits(data):
        return f"scenograph gate {entry.name} --data {data}"
    return f"scenograph gate {entry.name} --data FOLDER, of labelled images that it was not trained on"


def on_data(recipe: Recipe, data: Path, out: Path, base: str | None, given: list[str], share: float) -> ModelEntry:
    """Train on a person's data; the result is not in the catalog yet.

    Raises:
        UserError: If this recipe takes no data, or cannot use what it was given.
    """
    match recipe:
        case Recipe.DETECT:
            from finetune.recipes import detect

            return detect.train(data, out, find(base) if base else None, given, share=share)
        case Recipe.CLASSIFY:
            from finetune.recipes import classify

            if base is not None:
                raise UserError("classify starts from ImageNet's EfficientNet-Lite0: leave out --base")
            return classify.train(data, out, given, share=share)
        case Recipe.DESCRIBE:
            from finetune.recipes import describe

            return describe.train(data, out, find(base) if base else None, given, share=share)
        case Recipe.PLAN:
            from finetune.recipes import plan

            return plan.train(data, out, find(base) if base else None, given, share=share)
        case Recipe.GENERATE:
            from finetune.recipes import generate

            return generate.train(data, out, find(base) if base else active("generate"), given, share=share)
    raise UserError(f"{recipe} takes no --data: it trains the embedded weights anew")


def _anew(recipe: Recipe, out: Path, base: str | None) -> Path:
    start = find(base).path() if base else None
    match recipe:
        case Recipe.DETECT:
            from finetune import detect

            return detect.train(out, detect.FURTHER if start else None, start)
        case Recipe.PLAN:
            from finetune import plan

            return plan.train(out, base=start)
        case Recipe.GENERATE if start is None:
            from finetune import generate

            return generate.train(out)
        case Recipe.RECOGNISE if start is None:
            from finetune import recognise

            return recognise.train(out)
        case Recipe.GENERATE | Recipe.RECOGNISE:
            raise UserError(f"--base is not for {recipe}: it goes on from what is in --out")
    raise UserError(f"{recipe} needs --data")
