"""Trains a detector or segmenter on labelled images, from a model of the catalog or from nothing. Top to bottom."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from rich.console import Console

from finetune.data.check import check_boxes
from finetune.data.read import given_splits, read_boxes
from finetune.data.show import show
from finetune.data.split import stratified
from finetune.data.write import write_yolo
from finetune.detect import publish, use_all_cores
from finetune.recipes.options import options
from tools.catalog import ModelEntry, Source, verified
from tools.errors import UserError

if TYPE_CHECKING:
    from supervision import DetectionDataset

DEFAULTS: dict[str, Any] = {
    "epochs": 40, "patience": 15, "imgsz": 320, "batch": 16, "optimizer": "AdamW", "lr0": 0.001, "lrf": 0.02,
    "cos_lr": True, "warmup_epochs": 1.0, "weight_decay": 0.0005, "mosaic": 0.5, "close_mosaic": 10, "scale": 0.4,
    "freeze": None, "mixup": 0.0, "cutmix": 0.0, "dropout": 0.0, "seed": 0, "workers": 2, "save_period": -1,
    "device": None, "amp": True,
}  # fmt: skip
"""Over ultralytics' own; any other of its training options can be set too, several GPUs by `device=[0,1]`."""

FIXED = {"task", "mode", "model", "data", "project", "name", "exist_ok", "resume", "plots", "val", "save"}
"""Options that are not the person's to set: the recipe decides where things lie."""

NOTHING = "yolo26n-seg.yaml"


def train(
    data: Path, out: Path, base: ModelEntry | None, given: Sequence[str] = (), *, share: float = 0.2
) -> ModelEntry:
    """Train; goes on where an earlier run in the same folder broke off.

    Args:
        data: A data set in COCO, YOLO, Pascal VOC or LabelMe format, or one with `train` and `val` of these.
        out: Folder for checkpoints and the weights.
        base: The model to start from; none for random weights of `yolo26n-seg`.
        given: `name=value`, over `DEFAULTS`.
        share: Of the images that validate, where the data is not split already.

    Returns:
        A candidate: the best weights by validation, half precision, without optimiser state.

    Raises:
        UserError: If the data cannot be trained on.
    """
    yolo = _ultralytics()
    from ultralytics.utils import DEFAULT_CFG_DICT
    from ultralytics.utils.plotting import plot_results

    chosen = options(DEFAULTS, set(DEFAULT_CFG_DICT) - FIXED, given)
    out = out.resolve()
    last = out / "train" / "weights" / "last.pt"
    if last.exists() and not _done(last):
        model = yolo(last)
        model.add_callback("on_train_start", use_all_cores)
        model.train(resume=True)
    elif not last.exists():
        classes, described = prepare(data, out / "data", share, int(chosen["seed"]))
        model = yolo(str(verified(base)) if base else NOTHING, task="segment")
        model.add_callback("on_train_start", use_all_cores)
        Console(stderr=True).print(f"training on {len(classes)} classes: {', '.join(classes)}", markup=False)
        model.train(data=str(described), project=str(out), name="train", exist_ok=True, plots=False, **chosen)
    plot_results(file=out / "train" / "results.csv")  # beside it, as results.png
    return _candidate(out, base)


def prepare(data: Path, folder: Path, share: float, seed: int) -> tuple[list[str], Path]:
    """Check the data and write it as ultralytics reads it.

    Args:
        data: The person's folder; nothing in it is changed.
        folder: Where to write to.
        share: Of the images that validate, where they are not split already.
        seed: Of that split.

    Returns:
        The classes, and the data file.

    Raises:
        UserError: If training cannot go on with what was found.
    """
    train_set, val_set = _parts(data, share, seed)
    show(check_boxes(train_set, val_set), Console(stderr=True))
    for name, part in (("train", train_set), ("val", val_set)):
        write_yolo(part, folder / "images" / name, folder / "labels" / name)
    described = folder / "data.yaml"
    names = dict(enumerate(train_set.classes))
    described.write_text(
        yaml.safe_dump({"path": str(folder), "train": "images/train", "val": "images/val", "names": names}),
        encoding="utf-8",
    )
    return list(train_set.classes), described


def _parts(data: Path, share: float, seed: int) -> tuple[DetectionDataset, DetectionDataset]:
    from supervision import DetectionDataset

    if splits := given_splits(data):
        train_set, val_set = (read_boxes(part) for part in splits)
        if strange := [name for name in val_set.classes if name not in train_set.classes]:
            raise UserError(f"{splits[1]} has the class {strange[0]}, which {splits[0]} has not")
        return train_set, _renumbered(val_set, train_set.classes)
    whole = read_boxes(data)
    labels = {
        path: [] if whole.annotations[path].class_id is None else np.asarray(whole.annotations[path].class_id).tolist()
        for path in whole.image_paths
    }
    train_set, val_set = (
        DetectionDataset(whole.classes, paths, {path: whole.annotations[path] for path in paths})
        for paths in stratified(labels, share, seed)
    )
    return train_set, val_set


def _renumbered(data: DetectionDataset, classes: list[str]) -> DetectionDataset:
    """The same with other numbers for its classes: Pascal VOC and LabelMe number them as they come up."""
    from supervision import DetectionDataset

    numbers = np.array([classes.index(name) for name in data.classes], dtype=np.int64)
    for found in data.annotations.values():
        if found.class_id is not None and len(found):
            found.class_id = numbers[np.asarray(found.class_id, dtype=np.int64)]
    return DetectionDataset(classes, data.image_paths, data.annotations)


def _done(last: Path) -> bool:
    """Whether training has ended: ultralytics then takes the optimiser's state out of the checkpoint."""
    import torch

    return bool(torch.load(last, weights_only=False)["epoch"] == -1)  # our own file, of this run


def _candidate(out: Path, base: ModelEntry | None) -> ModelEntry:
    weights = out / f"{out.name}.pt"
    written = publish(out / "train" / "weights" / "best.pt", weights)
    names = written["model"].names
    scores = _curve(out / "train" / "results.csv")
    return ModelEntry(
        name=out.name,
        task="segment",
        backend="ultralytics",
        sources=(Source(kind="file", location=str(weights)),),
        classes=tuple(names[index] for index in sorted(names)),
        image_size=int(written["train_args"]["imgsz"]),
        licence="AGPL-3.0-or-later",
        base=base.name if base else NOTHING,
        metrics=scores,
    )


def _curve(results: Path) -> dict[str, float]:
    """What validation reached in the best epoch."""
    import csv

    with results.open(newline="") as file:
        rows = [{key.strip(): float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    best = max(rows, key=lambda row: row["metrics/mAP50-95(B)"] + row["metrics/mAP50-95(M)"])
    return {"val_box_map50": best["metrics/mAP50(B)"], "val_mask_map50": best["metrics/mAP50(M)"]}


def _ultralytics() -> Any:
    """The YOLO class of ultralytics, told to stay off the network."""
    for name, value in {"ULTRALYTICS_SAFE_LOAD": "1", "YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}.items():
        os.environ[name] = value
    from ultralytics import YOLO

    return YOLO
