"""A YOLO on the CPU by way of OpenVINO: exported once into the user's cache, and run from as many threads as call."""

from __future__ import annotations

import shutil
import tempfile
import threading
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.catalog import ModelEntry, cache_path, verified
from tools.errors import UserError

IOU = 0.7
"""Boxes of one class that share more are one thing, for models without an end-to-end head; ultralytics' own default."""

STRIDE = 32
"""Of all YOLOs: the sides of their inputs are multiples of it."""

TOLERANCE = 1e-2
"""How far scores and mask prototypes may be from torch's, at most; exports that are right stay below a tenth of it."""


def path(entry: ModelEntry) -> Path:
    """Where the export of an entry's weights lies, or would lie."""
    return cache_path() / "openvino" / f"{entry.name}-{entry.sha256[:12]}-{version('openvino')}"


def ready(entry: ModelEntry) -> bool:
    """Whether there is an export."""
    return (path(entry) / "metadata.yaml").exists()


def possible(entry: ModelEntry) -> bool:
    """Whether the model can be exported, and it would be of use: a checkpoint of ultralytics, and no GPU to run it."""
    if entry.backend != "ultralytics" or entry.path().suffix != ".pt":
        return False
    import torch

    return not torch.cuda.is_available()


def usable(entry: ModelEntry) -> bool:
    """Whether there is an export and it is of use."""
    return ready(entry) and possible(entry)


def export(entry: ModelEntry) -> Path:
    """Export an entry's weights, unless that was done; takes some ten seconds.

    Returns:
        The folder with the exported model.

    Raises:
        UserError: If the weights are missing or damaged, or cannot be exported so that it sees what torch sees.
    """
    folder = path(entry)
    if ready(entry):
        return folder
    from tools.detector import DEFAULT_IMAGE_SIZE, load_yolo

    weights = verified(entry)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        # It is written beside the weights, and theirs may be a folder that is not the user's to write to.
        yolo = load_yolo(Path(shutil.copy(weights, draft / "model.pt")), entry.task)
        size = entry.image_size or DEFAULT_IMAGE_SIZE
        try:
            made = Path(yolo.export(format="openvino", imgsz=size, dynamic=True, verbose=False))
        except Exception as error:  # ultralytics, torch and OpenVINO raise many types
            raise UserError(f"{entry.name} cannot be exported for OpenVINO ({error}); torch is used") from error
        _check(yolo, made, size)
        if not folder.exists():
            made.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _check(yolo: Any, made: Path, size: int) -> None:
    """Compare scores and mask prototypes on a picture of coloured squares, which is no square itself.

    Raises:
        UserError: If they differ.
    """
    import torch

    cells = size // STRIDE
    noise = np.random.default_rng(0).random((1, 3, max(cells - 2, 1), cells), dtype=np.float32)
    pixels = np.kron(noise, np.ones((1, 1, STRIDE, STRIDE), dtype=np.float32))
    with torch.inference_mode():
        found = yolo.model.eval()(torch.from_numpy(pixels))
    found = found[0] if isinstance(found[0], tuple) else found
    expected = [part.numpy() for part in found[: 2 if yolo.task == "segment" else 1]]
    for ours, theirs in zip(Exported(made).raw(pixels), expected, strict=False):
        # The order of boxes that are equally unsure is free; that of their scores is not.
        ours, theirs = (part[..., 4] if part.shape[-1] == expected[0].shape[-1] else part for part in (ours, theirs))
        if ours.shape != theirs.shape or float(np.abs(ours - theirs).max()) > TOLERANCE * max(1, np.abs(theirs).max()):
            raise UserError(f"the export of {yolo.ckpt_path} for OpenVINO does not see what torch sees; torch is used")


class Exported:
    """An exported YOLO, safe to call from several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Compile the model for this machine's CPU."""
        import openvino
        import yaml
        from ultralytics.data.augment import LetterBox

        metadata = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))
        self.names: dict[int, str] = metadata["names"]
        self._end2end = bool(metadata.get("end2end", False))
        self._masks = metadata["task"] == "segment"
        # As ultralytics lays out a picture for torch, so that both see the same pixels.
        self._letterbox = partial(LetterBox, auto=True, stride=metadata["stride"])
        # Pictures come from several threads: as many streams, of a core each, see more of them than one of all cores.
        self._compiled = openvino.Core().compile_model(
            next(folder.glob("*.xml")), "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"}
        )
        self._own = threading.local()

    def raw(self, pixels: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The outputs for pixels of shape (1, 3, H, W), RGB, 0 to 1; they hold until the thread's next call."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        found = self._own.request.infer([pixels], share_inputs=True, share_outputs=True)
        return [found[output] for output in self._compiled.outputs]

    def __call__(self, image: NDArray[np.uint8], size: int, confidence: float) -> Any:
        """Find things.

        Args:
            image: RGB, (H, W, 3).
            size: Pixels of the longer side at which to look, a multiple of `STRIDE`.
            confidence: Leave out what is less sure, 0 to 1.

        Returns:
            supervision's `Detections`, as of ultralytics' own results.
        """
        import torch
        from supervision import Detections
        from ultralytics.utils import nms
        from ultralytics.utils import ops as untyped

        ops: Any = untyped
        laid: Any = self._letterbox((size, size))(image=image)
        pixels: NDArray[np.float32] = laid.transpose(2, 0, 1)[None].astype(np.float32, order="C")
        pixels /= 255
        outputs = [torch.from_numpy(output) for output in self.raw(pixels)]
        classes = len(self.names) if self._masks else 0
        found = nms.non_max_suppression(outputs[0], confidence, IOU, nc=classes, end2end=self._end2end)[0]
        boxes: Any = ops.scale_boxes(pixels.shape[2:], found[:, :4], image.shape)
        masks = None
        if self._masks and len(found):
            masks = ops.process_mask_native(outputs[1][0], found[:, 6:], boxes, image.shape[:2])
            kept = masks.amax((-2, -1)) > 0
            found, boxes, masks = found[kept], boxes[kept], masks[kept].numpy().astype(np.bool_)
        numbers = found[:, 5].numpy().astype(np.int64)
        return Detections(
            xyxy=boxes.numpy(),
            mask=masks,
            confidence=found[:, 4].numpy(),
            class_id=numbers,
            data={"class_name": np.array([self.names[int(number)] for number in numbers], dtype=str)},
        )
