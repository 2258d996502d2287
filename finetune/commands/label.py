"""The verb `label`: makes labelled data of what tools saw, with a page for a person's review. See `finetune.labels`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tools.errors import UserError


def command(
    runs: Annotated[list[Path], typer.Argument(help="Folders that ask, look or report wrote; folders of such too.")],
    out: Annotated[Path, typer.Option(help="Folder for the data set and the page.")],
    review: Annotated[Path | None, typer.Option(help="The review.json that the page saved.")] = None,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Take labels that nobody reviewed from this score on; 1 takes none.")
    ] = 0.8,
) -> None:
    """Turn scene graphs into a labelled data set for `scenograph train detect`.

    Writes OUT/annotations.json (COCO) with copies of the images, and OUT/review.html: open it, accept, put right or
    reject each label, save review.json, and run the same command again with --review. What the models doubted most
    comes first, so that a few minutes of review go where they help.
    """
    from finetune import labels

    found = labels.gather(runs)
    decisions = labels.read_review(review) if review else {}
    chosen = labels.decided(found, decisions, min_score)
    if not found:
        raise UserError("nothing was seen in these runs: there is nothing to label")
    try:
        classes = labels.write_coco(chosen, [one.image for one in found], out)
        names = sorted({one.entity.label for one in found} | set(classes))
        (out / "review.html").write_text(labels.review_page(found, names), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write to {out} ({error.strerror}): choose another --out") from error
    reviewed = sum(one.key in decisions for one in found)
    typer.echo(f"{len(chosen)} of {len(found)} labels kept, {reviewed} reviewed, {len(classes)} classes")
    typer.echo(f"the data set is {out}/annotations.json; review it at {out}/review.html")
    typer.echo(f"train with: scenograph train detect --data {out} --out FOLDER")
