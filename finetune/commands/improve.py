"""The verb `improve`: labels from runs, training and the gate in one go. Each step is a verb of its own too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from finetune.labels import Label

FEWEST = 20
"""Images below which a validation part says nothing."""


def command(
    runs: Annotated[list[Path], typer.Argument(help="Folders that ask, look or report wrote; folders of such too.")],
    out: Annotated[Path, typer.Option(help="Folder for labels, checkpoints and weights; its name is the model's.")],
    review: Annotated[Path | None, typer.Option(help="The review.json of `scenograph label`.")] = None,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Take labels that nobody reviewed from this score on; 1 takes none.")
    ] = 0.8,
    option: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="An option of the recipe `detect`.")
    ] = None,
    dioramas: Annotated[int, typer.Option(min=0, help="Dioramas on which it must not get worse.")] = 50,
) -> None:
    """Train the detector in use further on what people reviewed, and use the result only if it passes the gate.

    Goes on where it broke off when it is given the same folder. A fifth of the images is kept from training and from
    the choice of the best epoch, and decides in the gate, together with dioramas.
    """
    from finetune import labels
    from finetune.begun import going_on
    from finetune.command import made
    from finetune.commands import gate
    from finetune.recipes import detect
    from tools.catalog import active, sealed
    from tools.catalog.changes import keep

    found = labels.gather(runs)
    chosen = labels.decided(found, labels.read_review(review) if review else {}, min_score)
    images = list(dict.fromkeys(one.image for one in found))
    if len(images) < FEWEST:
        raise UserError(
            f"these runs are about {len(images)} images: at least {FEWEST} are needed to train and to judge"
        )
    out = made(out)
    base, parts = active("segment"), out / "labels"
    decisions = [[one.key, one.entity.label] for one in chosen]
    with going_on(out, {"review or runs": decisions, "base": base.name, "options": sorted(option or ())}):
        if not parts.exists():
            _write_parts(chosen, images, parts)
        entry = sealed(detect.train(parts / "learnt", out, base, option or ()))
    keep(entry)
    gate.command(entry.name, data=parts / "judged", dioramas=dioramas)


def _write_parts(chosen: Sequence[Label], images: Sequence[Path], folder: Path) -> None:
    """Write the labels as two sets with the same classes, whole at once: to train and choose on, and to judge by."""
    import shutil

    from finetune import labels
    from finetune.data.split import stratified

    held = {str(path): [one.entity.label for one in chosen if one.image == path] for path in images}
    classes = sorted({one.entity.label for one in chosen})
    draft = folder.with_name(f".{folder.name}")
    shutil.rmtree(draft, ignore_errors=True)  # of a run that was broken off
    for name, paths in zip(("learnt", "judged"), stratified(held, 0.2, seed=0), strict=True):
        part = {Path(path) for path in paths}
        here = [one for one in chosen if one.image in part]
        labels.write_coco(here, [path for path in images if path in part], draft / name, classes)
    draft.rename(folder)
