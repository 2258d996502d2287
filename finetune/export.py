"""Exports a detector by ultralytics, in int8 too, to run without torch. What that costs `finetune.gate` measures."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from finetune.recipes import detect
from tools.catalog import ModelEntry, Source, sealed, verified
from tools.catalog.changes import pulled_path
from tools.detector import DEFAULT_IMAGE_SIZE, Detector, load_yolo
from tools.errors import UserError


class Format(StrEnum):
    """What ultralytics can export to and the tools can run."""

    ONNX = "onnx"
    OPENVINO = "openvino"


def export(entry: ModelEntry, kind: Format, data: Path | None = None, out: Path | None = None) -> ModelEntry:
    """Export a detector; the weights that it is made of stay as they are.

    Args:
        entry: A YOLO of the catalog.
        kind: The format.
        data: For int8: labelled images, of which those to train on say how large activations get.
        out: Folder to write into; by default where weights that were pulled lie, which `scenograph models rm` deletes.

    Returns:
        A candidate, without metrics.

    Raises:
        UserError: If it is no checkpoint of ultralytics, a package is missing, or the export fails.
    """
    if entry.backend != "ultralytics" or entry.path().suffix != ".pt":
        raise UserError(f"{entry.name} is no checkpoint of ultralytics: only those can be exported")
    package = "onnx" if kind is Format.ONNX else "nncf" if data else "openvino"
    if find_spec(package) is None:
        raise UserError(f"{kind}{' in int8' if data else ''} needs the package {package}: `pip install {package}`")
    name = f"{entry.name}-{kind}{'-int8' if data else ''}"
    folder = (out or pulled_path(name)).resolve()
    with tempfile.TemporaryDirectory() as draft:
        # It is written beside the weights, and theirs may be a folder that is not the person's to write to.
        yolo = load_yolo(Path(shutil.copy(verified(entry), Path(draft, f"{entry.name}.pt"))), entry.task)
        options = {"format": kind.value, "imgsz": entry.image_size or DEFAULT_IMAGE_SIZE, "dynamic": True}
        if kind is Format.ONNX:
            options["simplify"] = False  # onnxruntime does it as it loads the file, without onnxslim
        if data is not None:
            _, described = detect.prepare(data, Path(draft, "data"), 0.2, seed=0)
            options |= {"quantize": 8, "data": str(described), "split": "train"}
        try:
            made = Path(yolo.export(**options, verbose=False))
        except Exception as error:  # ultralytics, torch, OpenVINO and ONNX raise many types
            raise UserError(
                f"{entry.name} cannot be exported to {kind}: {' '.join(str(error).split())[:200]}"
            ) from error
        weights = _moved(made, folder)
    source = Source(kind="file", location=str(weights))
    changed = {"name": name, "sources": (source,), "base": entry.name, "status": "candidate", "metrics": {}}
    return sealed(entry.model_copy(update=changed))


def _moved(made: Path, folder: Path) -> Path:
    """Put the file or folder that was made where it belongs; an earlier export of its name is replaced."""
    weights = folder / made.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if weights.is_dir():
            shutil.rmtree(weights)
        shutil.move(made, weights)
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror}): choose another --out") from error
    return weights


def speed(entry: ModelEntry, images: Sequence[Image.Image]) -> float:
    """Images a second that the tools' detector sees, one after the other, once it is warm."""
    find = Detector(entry)
    find(images[0])
    began = time.perf_counter()
    for image in images:
        find(image)
    return len(images) / (time.perf_counter() - began)
