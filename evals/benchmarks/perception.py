"""How fast the tools see many images, against bare ultralytics, in one run: `python -m evals.benchmarks.perception`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import orjson
import typer
from numpy.typing import NDArray

from agent.seen import see
from evals.diorama.world import make_diorama
from graphs.geometry import iou
from tools import exported
from tools.catalog import ModelEntry, active, verified
from tools.detector import DEFAULT_IMAGE_SIZE, load_yolo
from tools.models import Models
from tools.seen import Seen
from tools.sighting import Sight, sight
from tools.workspace import Workspace

SEED = 3_000_000
ROUNDS = 3
SAME_IOU = 0.98


def figures(images: int, looked: int) -> Iterator[tuple[str, float, float | None]]:
    """Name, value and the least that it may be, one after the other.

    Args:
        images: How many the detector sees.
        looked: How many `look` sees, with all its tools.
    """
    with tempfile.TemporaryDirectory(prefix="scenograph-bench-") as folder:
        paths = [Path(folder) / f"{number}.png" for number in range(images)]
        for number, path in enumerate(paths):
            make_diorama(SEED + number).image.save(path, compress_level=1)
        yield from _detections(paths)
        yield from _looks(paths[:looked], Path(folder) / "seen.sqlite")


def _detections(paths: Sequence[Path]) -> Iterator[tuple[str, float, float | None]]:
    """The images a second of the deployed detector over those of ultralytics, one image after the other."""
    entry = active("detect")
    models = Models(seen=None)
    workspace = Workspace.open(paths, models)
    ids = [image.id for image in workspace.images]
    torch_one = _bare(entry, load_yolo(verified(entry), entry.task))
    openvino_one = _bare(entry, _openvino(entry, paths[0].parent))
    runs: dict[str, Callable[[], Any]] = {
        "torch": lambda: [torch_one(path) for path in paths],
        "openvino": lambda: [openvino_one(path) for path in paths],
        # Pixels are read anew in each round, as ultralytics does.
        "ours": lambda: sight(Workspace.open(paths, models), "detect", ids, None, outlines=False),
    }
    results = {name: run() for name, run in runs.items()}  # loads and exports
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    rate = {name: len(paths) / median(took) for name, took in seconds.items()}
    for name, value in rate.items():
        yield f"images a second, {name}", value, None
    yield "ours over torch", rate["ours"] / rate["torch"], 2.2
    yield "ours over OpenVINO", rate["ours"] / rate["openvino"], 0.95
    yield f"boxes that torch sees too (IoU {SAME_IOU})", _same(results["ours"], results["torch"]), 0.99


def _bare(entry: ModelEntry, yolo: Any) -> Callable[[Path], Any]:
    size = entry.image_size or DEFAULT_IMAGE_SIZE
    options = {"imgsz": size, "conf": entry.confidence, "device": "cpu", "verbose": False, "save": False}
    return lambda path: yolo.predict(path, **options)[0]


def _openvino(entry: ModelEntry, folder: Path) -> Any:
    from ultralytics import YOLO

    named = folder / "detector_openvino_model"  # by this ending ultralytics knows what it is
    named.symlink_to(exported.export(entry))
    return YOLO(named, task=entry.task)


def _same(ours: Sequence[Sight], theirs: Sequence[Any]) -> float:
    """The share of our boxes that ultralytics gives too."""
    found = [
        _has(result.boxes.xyxy.numpy(), [*thing["box"].values()])
        for one, result in zip(ours, theirs, strict=True)
        for thing in one.things
    ]
    return float(np.mean(found))


def _has(boxes: NDArray[np.float64], box: Sequence[float]) -> bool:
    return len(boxes) > 0 and float(iou(np.array([box]), boxes).max()) >= SAME_IOU


def _looks(paths: Sequence[Path], kept: Path) -> Iterator[tuple[str, float, float | None]]:
    """The seconds of `look` the first time, over those of the second."""
    models = Models(seen=Seen(kept))
    see(paths[:1], Models(seen=None))  # imports
    outputs, seconds = [], []
    for _ in range(2):
        began = time.perf_counter()
        outputs.append(orjson.dumps(see(paths, models).to_json()))
        seconds.append(time.perf_counter() - began)
    yield f"look at {len(paths)} images, s", seconds[0], None
    yield "the same again, s", seconds[1], None
    yield "first over second", seconds[0] / seconds[1], 50
    yield "identical output", float(outputs[0] == outputs[1]), 1


def main(
    images: Annotated[int, typer.Option(min=1, help="How many images the detector sees.")] = 64,
    looked: Annotated[int, typer.Option(min=1, help="How many of them look sees, with all tools.")] = 64,
) -> None:
    """Print each figure with its bound; exit with 1 if one is missed."""
    missed = False
    for name, value, bound in figures(images, looked):
        missed |= bound is not None and value < bound
        typer.echo(f"{name:45} {value:10.3f}" + ("" if bound is None else f"   at least {bound:g}"))
    raise typer.Exit(int(missed))


if __name__ == "__main__":
    typer.run(main)
