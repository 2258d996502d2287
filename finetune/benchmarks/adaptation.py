"""How well the shipped detector adapts: twelve new categories in another style from 200 labelled images.

`python -m finetune.benchmarks.adaptation --out FOLDER` trains twice, from the shipped weights and from random ones,
with the same recipe, and prints the mAP50 of both and of the shipped ones on unseen scenes, through the detector that
the tools use.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from evals.diorama.pixel_art import SPRITES, make_pixel_art
from evals.metrics.map50 import Pair
from evals.suites.detector import CONFIDENCE, look_at, metrics
from finetune.labels import polygons
from finetune.recipes import detect
from tools.catalog import ModelEntry, active, sealed
from tools.detector import Detector

TRAIN_SEED = 60_000_000
TEST_SEED = 2_000_000


def write_data(folder: Path, count: int) -> Path:
    """Write labelled scenes of the second world as a COCO data set, unless they are there."""
    if (folder / "annotations.json").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    names = list(SPRITES)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number in range(count):
        image, truth = make_pixel_art(TRAIN_SEED + number)
        image.save(folder / truth.image)
        images.append({"id": number, "file_name": truth.image, "width": image.width, "height": image.height})
        for thing in truth.objects:
            x1, y1, x2, y2 = thing.box.xyxy
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": number, "category_id": names.index(thing.category) + 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1], "area": thing.area, "iscrowd": 0,
                    "segmentation": polygons(thing.mask),
                }
            )  # fmt: skip
    categories = [{"id": number, "name": name, "supercategory": ""} for number, name in enumerate(names, 1)]
    written = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(written), encoding="utf-8")
    return folder


def measure(entry: ModelEntry, count: int) -> dict[str, float]:
    """Box and mask mAP50 on unseen scenes of the second world, through the deployed detector."""
    pairs: list[Pair] = []
    detector = Detector(entry, CONFIDENCE)
    look_at(detector, (make_pixel_art(TEST_SEED + number) for number in range(count)), pairs.append)
    return {name: round(metric.value or 0.0, 3) for name, metric in metrics(pairs).items()}


def main(
    out: Annotated[Path, typer.Option(help="Folder for data and runs; what is there is used again.")],
    images: Annotated[int, typer.Option(help="Labelled images to train on.")] = 200,
    test: Annotated[int, typer.Option(help="Unseen scenes to measure on.")] = 100,
    epochs: Annotated[int, typer.Option(help="Of both trainings.")] = 60,
) -> None:
    """Adapt the shipped detector to new categories, and compare with training from nothing."""
    data = write_data(out / f"scenes-{images}", images)
    shipped = active("segment")
    _tell("shipped", 0, shipped, test)
    for name, base in (("adapted", shipped), ("from-nothing", None)):
        entry = detect.train(data, out / name, base, [f"epochs={epochs}", "patience=0"])
        _tell(name, epochs, sealed(entry), test)


def _tell(name: str, epochs: int, entry: ModelEntry, test: int) -> None:
    print(json.dumps({"weights": name, "epochs": epochs, **measure(entry, test)}), flush=True)


if __name__ == "__main__":
    typer.run(main)
