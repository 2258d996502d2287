"""Models on the CPU by way of OpenVINO: exported once into the user's cache, and run from as many threads as call."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.catalog import ModelEntry, cache_path, verified
from tools.errors import UserError

Loaded = TypeVar("Loaded")

IOU = 0.7
"""Boxes of one class that share more are one thing, for models without an end-to-end head; ultralytics' own default."""

STRIDE = 32
"""Of all YOLOs: the sides of their inputs are multiples of it."""

END_TO_END_WIDTH = 6
"""Of a detection by an end-to-end head: box, score and class."""

TOLERANCE = 1e-2
"""How far scores and mask prototypes may be from torch's, at most; exports that are right stay below a tenth of it."""


def path(entry: ModelEntry) -> Path:
    """Where the export of an entry's weights lies, or would lie."""
    return cache_path() / "openvino" / f"{entry.name}-{entry.sha256[:12]}-{version('openvino')}"


def ready(entry: ModelEntry) -> bool:
    """Whether there is an export."""
    return path(entry).exists()


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
    if ready(entry):
        return path(entry)
    from tools.detector import DEFAULT_IMAGE_SIZE, load_yolo

    weights = verified(entry)
    with _draft(entry) as draft:
        # It is written beside the weights, and theirs may be a folder that is not the user's to write to.
        yolo = load_yolo(Path(shutil.copy(weights, draft / "model.pt")), entry.task)
        size = entry.image_size or DEFAULT_IMAGE_SIZE
        try:
            made = Path(yolo.export(format="openvino", imgsz=size, dynamic=True, verbose=False))
        except Exception as error:  # ultralytics, torch and OpenVINO raise many types
            raise UserError(f"{entry.name} cannot be exported for OpenVINO ({error}); torch is used") from error
        _check(yolo, made, size)
        return _placed(made, entry)


def convert(entry: ModelEntry, look: Callable[[Any], Any], size: int) -> Path:
    """Convert what an entry's model does, unless that was done; takes some seconds.

    Args:
        entry: Of a model.
        look: Gives features of shape (N, F) for a tensor of pixels of shape (N, 3, size, size), -1 to 1.
        size: Pixels of a side.

    Returns:
        The folder with the converted model.

    Raises:
        UserError: If what came of it does not see what torch sees.
    """
    if ready(entry):
        return path(entry)
    import openvino
    import torch

    noise = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (2, 3, size, size)).astype(np.float32))
    with _draft(entry) as draft, torch.inference_mode():
        traced = torch.jit.trace(look, noise, check_trace=False)
        model = openvino.convert_model(traced, example_input=noise, input=[-1, 3, size, size])
        made = draft / "model"
        openvino.save_model(model, made / "model.xml", compress_to_fp16=False)
        [ours], theirs = Compiled(made, exact=True)(noise.numpy()), look(noise).numpy()
        if _differ(ours, theirs):
            raise UserError("it does not see what torch sees")
        return _placed(made, entry)


def opened(entry: ModelEntry, load: Callable[[], Loaded]) -> Loaded | None:
    """What is loaded, or none where that cannot be had, with a warning: torch sees the same, more slowly."""
    try:
        return load()
    except Exception as error:  # OpenVINO raises what it likes on a machine or a file that it does not like.
        reason = " ".join(str(error).split())[:200]
        logging.getLogger(__name__).warning("%s goes on without OpenVINO: %s", entry.name, reason)
        return None


@contextmanager
def _draft(entry: ModelEntry) -> Iterator[Path]:
    """A folder to make an export in; it goes, with what is left in it."""
    path(entry).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=path(entry).parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _placed(made: Path, entry: ModelEntry) -> Path:
    """An export where it belongs, whole at once; one that somebody else made meanwhile stays."""
    if not ready(entry):
        try:
            made.rename(path(entry))
        except OSError:  # made meanwhile, and a folder that holds something is not replaced
            if not ready(entry):
                raise
    return path(entry)


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
    for ours, theirs in zip(Compiled(made, exact=True)(pixels), expected, strict=False):
        # The order of boxes that are equally unsure is free; that of their scores is not.
        ours, theirs = (part[..., 4] if part.shape[-1] == expected[0].shape[-1] else part for part in (ours, theirs))
        if _differ(ours, theirs):
            raise UserError(f"the export of {yolo.ckpt_path} for OpenVINO does not see what torch sees; torch is used")


def _differ(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> bool:
    """Whether outputs are farther from torch's than `TOLERANCE`, relative to the largest of these above 1."""
    return ours.shape != theirs.shape or bool(np.abs(ours - theirs).max() > TOLERANCE * max(1, np.abs(theirs).max()))


def _masks(
    prototypes: NDArray[np.float32],
    shares: NDArray[np.float32],
    boxes: NDArray[np.float32],
    shape: Sequence[int],
    laid: Sequence[int],
) -> NDArray[np.bool_]:
    """The masks of things, each within its box; as of ultralytics' `process_mask_native`, in a third of its time.

    That one enlarges each mask to the whole image; here each is enlarged within its box only.

    Args:
        prototypes: (C, h, w), over the image as it was laid out for the network.
        shares: Of each thing in the prototypes, (N, C).
        boxes: `xyxy` in pixels of the image, (N, 4).
        shape: Of the image, (H, W).
        laid: Of the image as it was laid out, with bars at its sides.

    Returns:
        Of shape (N, H, W).
    """
    gain = min(side / pixels for side, pixels in zip(laid, shape, strict=False))
    cell = laid[0] / prototypes.shape[1]
    over, beside = ((side - gain * pixels) / 2 for side, pixels in zip(laid, shape, strict=False))
    masks = np.zeros((len(boxes), *shape[:2]), dtype=np.bool_)
    corners = np.ceil(boxes).astype(int).clip(0)
    small = np.einsum("nc,chw->nhw", shares, prototypes)  # no BLAS: its threads and OpenVINO's get in each other's way
    for mask, logits, (x1, y1, x2, y2) in zip(masks, small, corners.tolist(), strict=True):
        if x1 < x2 and y1 < y2:
            # Pillow refuses boxes that reach beyond the picture, be it by a rounding.
            left, right = (min((gain * x + beside) / cell, logits.shape[1]) for x in (x1, x2))
            top, bottom = (min((gain * y + over) / cell, logits.shape[0]) for y in (y1, y2))
            box = (left, top, right, bottom)
            large = Image.fromarray(logits).resize((x2 - x1, y2 - y1), Image.Resampling.BILINEAR, box)
            mask[y1:y2, x1:x2] = np.asarray(large) > 0
    return masks


_FIRST = threading.Lock()


class Compiled:
    """A model of OpenVINO, safe to call from several threads at once."""

    def __init__(self, folder: Path, *, exact: bool = False) -> None:
        """Compile it for this machine's CPU.

        Args:
            folder: With the model.
            exact: Calculate in 32 bits also where the CPU is faster in 16, which is close enough to see by.
        """
        import openvino

        with _FIRST:
            # Its binding fills a table of types at the first use and lets go of the GIL meanwhile: of two threads that
            # come to it at once, as two first looks would, each waits for the other for good (2026.4).
            openvino.Type.f32.to_dtype()
        # Pictures come from several threads: as many streams, of a core each, see more of them than one of all cores.
        hints = {"PERFORMANCE_HINT": "THROUGHPUT", "EXECUTION_MODE_HINT": "ACCURACY" if exact else "PERFORMANCE"}
        self._compiled = openvino.Core().compile_model(next(folder.glob("*.xml")), "CPU", hints)
        self._own = threading.local()

    def __call__(self, pixels: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The outputs for pixels of shape (N, 3, H, W), RGB; they hold until the thread's next call."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        found = self._own.request.infer([pixels], share_inputs=True, share_outputs=True)
        return [found[output] for output in self._compiled.outputs]


class Exported:
    """An exported YOLO, safe to call from several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Compile the model for this machine's CPU."""
        import yaml
        from ultralytics.data.augment import LetterBox

        metadata = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))
        self.names: dict[int, str] = metadata["names"]
        self._end2end = bool(metadata.get("end2end", False))
        self._masks = metadata["task"] == "segment"
        # As ultralytics lays out a picture for torch, so that both see the same pixels.
        self._letterbox = partial(LetterBox, auto=True, stride=metadata["stride"])
        self.raw = Compiled(folder)

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
        likely, *rest = self.raw(pixels)
        classes = len(self.names)
        sure = likely[0, 4 : 4 + classes].max(0) > confidence
        # What is too unsure goes before torch sees it: for all places at once it would wake its threads. But what is
        # six wide ultralytics takes for the output of an end-to-end head.
        if not self._end2end and np.count_nonzero(sure) != END_TO_END_WIDTH:
            likely = likely[..., sure]
        found = nms.non_max_suppression(
            torch.from_numpy(likely), confidence, IOU, nc=classes if self._masks else 0, end2end=self._end2end
        )[0]
        boxes: Any = ops.scale_boxes(pixels.shape[2:], found[:, :4], image.shape)
        masks = None
        if self._masks and len(found):
            masks = _masks(rest[0][0], found[:, 6:].numpy(), boxes.numpy(), image.shape, pixels.shape[2:])
            kept = masks.any((1, 2))
            found, boxes, masks = found[kept], boxes[kept], masks[kept]
        numbers = found[:, 5].numpy().astype(np.int64)
        return Detections(
            xyxy=boxes.numpy(),
            mask=masks,
            confidence=found[:, 4].numpy(),
            class_id=numbers,
            data={"class_name": np.array([self.names[int(number)] for number in numbers], dtype=str)},
        )
