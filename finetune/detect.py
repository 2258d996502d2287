"""Trains the detector and segmenter (`yolo26n-seg`) on dioramas, from nothing or from earlier weights."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from evals.diorama.render import Painted, paint
from evals.diorama.scene import Scene, sample_scene
from finetune.data.write import line
from graphs.taxonomy import CATEGORIES

TRAIN_SEED = 10_000_000
"""Training scenes count up from here; evals and tests stay below."""


class DetectConfig(BaseModel):
    """The recipe. Sizes are in pixels; a scene is one training image.

    Scenes are square, so that no pixel of a batch is padding: at 320 px a 4:3 picture then shows objects at the
    scale that 256 px squares trained.
    """

    first_seed: int = TRAIN_SEED
    scenes: int = 8_000
    val_scenes: int = 200
    scene_px: int = 448
    epochs: int = 3
    imgsz: int = 256
    batch: int = 16
    lr: float = 0.001
    crops: int = 7_700
    crop_px: int = 96
    crop_epochs: int = 4
    crop_lr: float = 0.002
    seed: int = 0
    workers: int = 2


FURTHER = DetectConfig(first_seed=TRAIN_SEED + 8_000, scenes=7_000, epochs=1, lr=0.0008)
"""For training earlier weights further: on scenes that they have not seen."""


def _label_lines(scene: Scene, painted: Painted) -> Iterable[str]:
    for thing, mask in zip(scene.objects, painted.masks, strict=True):
        if mask.any():
            yield line(CATEGORIES.index(thing.category), mask)


def _write_scene(folder: Path, split: str, seed: int, px: int, out_px: int) -> None:
    from PIL import Image

    scene = sample_scene(seed, (px, px))
    painted = paint(scene)
    image = painted.image.resize((out_px, out_px), Image.Resampling.BILINEAR, reducing_gap=2)
    image.save(folder / "images" / split / f"{seed}.jpg", quality=93)
    (folder / "labels" / split / f"{seed}.txt").write_text("\n".join(_label_lines(scene, painted)))


def _write_crops(folder: Path, split: str, seed: int, px: int, out_px: int) -> None:
    scene = sample_scene(seed, (px, px))
    image = paint(scene).image
    rng = np.random.default_rng([seed, 0xC20])
    for index, thing in enumerate(scene.objects):
        x, y, w, h = thing.box
        half = max(w, h) * rng.uniform(0.5, 0.62)
        cx, cy = x + w / 2 + rng.normal(0, w * 0.04), y + h / 2 + rng.normal(0, h * 0.04)
        crop = image.crop((round(cx - half), round(cy - half), round(cx + half), round(cy + half)))
        crop.resize((out_px, out_px)).save(folder / split / thing.category / f"{seed}-{index}.jpg", quality=93)


def _detection_data(folder: Path, config: DetectConfig) -> Path:
    """Write the scenes in ultralytics' layout, unless they are there; returns the data file."""
    import yaml

    data = folder / "data.yaml"
    if data.exists():
        return data
    jobs = [("train", config.first_seed + i) for i in range(config.scenes)]
    jobs += [("val", TRAIN_SEED - 1 - i) for i in range(config.val_scenes)]
    for split in ("train", "val"):
        (folder / "images" / split).mkdir(parents=True, exist_ok=True)
        (folder / "labels" / split).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(config.workers) as pool:
        splits, seeds = zip(*jobs, strict=True)
        count = len(jobs)
        args: list[Any] = [[folder] * count, splits, seeds, [config.scene_px] * count, [config.imgsz] * count]
        for done, _ in enumerate(pool.map(_write_scene, *args, chunksize=64), 1):
            if done % 1000 == 0:
                print(f"scenes {done}/{count}", flush=True)
    names = dict(enumerate(CATEGORIES))
    data.write_text(yaml.safe_dump({"path": str(folder), "train": "images/train", "val": "images/val", "names": names}))
    return data


def _crop_data(folder: Path, config: DetectConfig) -> Path:
    """Write crops of single objects, one folder a class, unless they are there."""
    if (folder / "done").exists():
        return folder
    for split in ("train", "val"):
        for category in CATEGORIES:
            (folder / split / category).mkdir(parents=True, exist_ok=True)
    per_scene = 5.3
    seeds = [TRAIN_SEED * 2 + i for i in range(round(config.crops / per_scene))]
    splits = ["val" if i % 20 == 0 else "train" for i in range(len(seeds))]
    count = len(seeds)
    with ProcessPoolExecutor(config.workers) as pool:
        args: list[Any] = [[folder] * count, splits, seeds, [config.scene_px] * count, [config.crop_px] * count]
        list(pool.map(_write_crops, *args, chunksize=32))
    (folder / "done").touch()
    return folder


def publish(trained: Path, weights: Path) -> dict[str, Any]:
    """Write the weights as the catalog keeps them: without the paths and the repository of the machine that trained.

    Returns:
        What was written: `model`, and of `train_args` those that tell how to look with it.
    """
    import torch

    checkpoint = torch.load(trained, weights_only=False)  # our own file, of a moment ago
    kept = {name: value for name, value in checkpoint["train_args"].items() if name in ("task", "imgsz", "single_cls")}
    checkpoint["model"].args = kept
    checkpoint["model"].pt_path = weights.name
    written = {"model": checkpoint["model"], "train_args": kept, "version": checkpoint["version"]}
    torch.save(written, weights)
    return written


def use_all_cores(_: object) -> None:
    """Undo that ultralytics leaves one core to others, which on two cores is half of the machine."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)


def train(out: Path, config: DetectConfig | None = None, base: Path | None = None) -> Path:
    """Train a segmenter; goes on where an earlier run in the same folder broke off.

    Args:
        out: Folder for data, checkpoints and the result.
        config: The recipe. How the weights in the catalog were made, where it differs, stands on their card.
        base: Earlier weights to start from; else a backbone that is first trained to tell crops of objects apart.

    Returns:
        The weights, half precision, without optimiser state.
    """
    os.environ["ULTRALYTICS_SAFE_LOAD"] = "1"
    from ultralytics import YOLO

    config = config or DetectConfig()
    out = out.resolve()
    shared: dict[str, Any] = {"project": str(out), "exist_ok": True, "device": "cpu", "amp": False, "plots": False}
    shared |= {"seed": config.seed, "workers": config.workers, "optimizer": "AdamW", "cos_lr": True, "lrf": 0.02}
    last = out / "detector" / "weights" / "last.pt"
    resumed = last.exists()
    # Taken up whole: `load` would leave out the layer that tells classes apart, of which the file has 80.
    detector = YOLO(last if resumed else base or "yolo26n-seg.yaml")
    detector.add_callback("on_train_start", use_all_cores)
    if resumed:
        detector.train(resume=True)
    else:
        if base is None:
            detector.load(str(_backbone(out, config, shared)))
        _fit(detector, out, config, shared)
    weights = out / "diorama-yolo26n-seg.pt"
    publish(last, weights)
    return weights


def _backbone(out: Path, config: DetectConfig, shared: dict[str, Any]) -> Path:
    """A classifier of objects, whose first layers a detector starts from; trained unless it is there."""
    from ultralytics import YOLO

    folder = out / "backbone"
    if not (folder / "done").exists():
        crops = _crop_data(out / "crops", config)
        classifier = YOLO("yolo26n-cls.yaml")
        classifier.add_callback("on_train_start", use_all_cores)
        classifier.train(
            data=str(crops), name="backbone", imgsz=config.crop_px, epochs=config.crop_epochs, batch=64,
            lr0=config.crop_lr, warmup_epochs=0.3, scale=0.7, erasing=0.2, auto_augment=None, hsv_h=0.0, **shared,
        )  # fmt: skip
        (folder / "done").touch()
    return folder / "weights" / "last.pt"


def _fit(detector: Any, out: Path, config: DetectConfig, shared: dict[str, Any]) -> None:
    detector.train(
        data=str(_detection_data(out / "scenes", config)), name="detector", imgsz=config.imgsz, epochs=config.epochs,
        batch=config.batch, lr0=config.lr, warmup_epochs=0.1, mosaic=0.0, scale=0.35, translate=0.05, hsv_h=0.0,
        hsv_s=0.2, hsv_v=0.2, erasing=0.0, overlap_mask=False, save_period=1, val=False, **shared,
    )  # fmt: skip
