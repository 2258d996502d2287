"""The ultralytics backend: things in images with box, score and mask. What to look for is up to the tools."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools import exported, memory
from tools.catalog import ModelEntry, find, verified
from tools.errors import UserError
from tools.exported import STRIDE
from tools.memory import with_room
from tools.recogniser import HeadRecogniser, Recogniser, square

CONFIDENCE = 0.35
# Two detections whose masks share this much are one thing: true visible parts of two things hardly overlap at all. The
# end-to-end head of YOLO26 has no suppression of its own, and may name one thing twice with different classes.
SAME_MASK_IOU = 0.6
# Of two detections with one name, the less sure is a part of the other if so much of the smaller lies in the larger.
PART_SHARE = 0.7
# Nothing is seen finer than the network's input; masks of a 50-megapixel photograph would take gigabytes.
LONGEST_SIDE = 640
DEFAULT_IMAGE_SIZE = 640
MOST_ENLARGED = 3
"""How far a small picture is blown up for the network: further, it looks like nothing that any was trained on."""
NAMED = (0.05, 0.8)
"""Scores between which a thing is given to the namer: above, a detector hardly errs; below, there can be hundreds."""
GPU_BATCH = 16


@dataclass(frozen=True)
class Detection:
    """One thing, as a model saw it.

    Attributes:
        label: Class name.
        score: 0 to 1.
        box: `xyxy` in pixels of the image given, within it.
        mask: A grid that covers the image, of its size or smaller; none where the model makes no masks.
    """

    label: str
    score: float
    box: tuple[float, float, float, float]
    mask: NDArray[np.bool_] | None


class Detector:
    """A YOLO of the catalog, safe to call from several threads.

    Attributes:
        name: Of its entry.
        batch: How many images at a time it is best given: more than one on a GPU only.
    """

    def __init__(self, entry: ModelEntry, confidence: float | None = None) -> None:
        """Load the weights, without running any code that they may carry; their export, where there is one.

        Args:
            entry: Of a YOLO that detects or segments: a checkpoint, an ONNX file, or a folder for OpenVINO.
            confidence: Leave out detections that are less sure, 0 to 1; by default as the entry says. Curves of
                precision want nearly all of them.

        Raises:
            UserError: If they are missing, not those of the catalog, or not weights of a YOLO.
        """
        path = verified(entry)
        _ultralytics()
        # Slow to import: here it counts as loading, which may go on beside other work, and not as the first look.
        import torch
        from supervision import Detections
        from supervision.detection.compact_mask import CompactMask
        from supervision.detection.utils.iou_and_nms import OverlapMetric

        from tools.models import load

        self.name = entry.name
        self._entry = entry
        self.batch = GPU_BATCH if torch.cuda.is_available() else 1
        self._confidence = confidence or entry.confidence or CONFIDENCE
        self._convert = Detections.from_ultralytics
        self._compact = CompactMask.from_dense
        self._contained = OverlapMetric.IOS  # of the smaller's area, the share in both
        self._namer: Recogniser | None = load(find(entry.namer)) if entry.namer else None
        self._fixed = path.suffix == ".onnx"  # whose input may be of one size only
        self._lock = threading.Lock()
        self._hastens = True
        if path.is_dir():
            self._exported: exported.Exported | None = exported.Exported(path)
        else:
            self._exported = self._opened() if exported.usable(entry) else None
        if self._exported is None:
            self._model = load_yolo(path, entry.task)
            self._options = {"conf": self._confidence, "retina_masks": True, "device": _device()}

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        """Find things in an image.

        Args:
            image: RGB, of any size.
            labels: Only these classes; none for all.

        Returns:
            Detections, the surest first.
        """
        [found] = self.many([image])
        return [seen for seen in found if labels is None or seen.label in labels]

    def many(self, images: Sequence[Image.Image]) -> list[list[Detection]]:
        """Find all things in each image, in the order of the images; on a GPU all at once.

        Args:
            images: RGB, of any sizes; best `batch` of them.

        Returns:
            For each image its detections, the surest first.
        """
        small = [_reduced(image) for image in images]
        found = self._predict(small)
        return [self._detections(*each) for each in zip(found, images, small, strict=True)]

    def hasten(self) -> None:
        """Make ready for many images: on a CPU by an export, once for these weights, which takes some ten seconds."""
        if self._exported is None and self._hastens and exported.possible(self._entry):
            self._exported = self._opened()
        if isinstance(self._namer, HeadRecogniser):
            self._namer.hasten()

    def _opened(self) -> exported.Exported | None:
        """The export, made if there is none yet; none, once and for all, where it cannot be had."""
        found = exported.opened(self._entry, lambda: exported.Exported(exported.export(self._entry)))
        self._hastens = found is not None
        return found

    def _predict(self, images: Sequence[Image.Image]) -> list[Any]:
        """Supervision's detections of each image, before suppression."""
        if self._exported is not None:
            return [self._exported(np.asarray(image), self._size([image]), self._confidence) for image in images]
        # ultralytics keeps the results of the last call in its predictor.
        with self._lock:
            results = with_room(self._results, images, self._to_cpu)
        return [self._convert(result) for result in results]

    def _results(self, images: Sequence[Image.Image]) -> list[Any]:
        batch = len(images)
        size = self._size(images)
        return list(
            self._model.predict(list(images), imgsz=size, batch=batch, verbose=False, save=False, **self._options)
        )

    def _size(self, images: Sequence[Image.Image]) -> int:
        """Pixels of the longer side at which to look at images that are looked at together."""
        size = self._entry.image_size or DEFAULT_IMAGE_SIZE
        longest = max(max(image.size) for image in images)
        return size if self._fixed else min(size, -(-MOST_ENLARGED * longest // STRIDE) * STRIDE)

    def _to_cpu(self) -> None:
        self._options["device"] = "cpu"
        self.batch = 1

    def _detections(self, found: Any, image: Image.Image, small: Image.Image) -> list[Detection]:
        if found.mask is not None:
            # Masks are compared on their crops: whole ones would be by one large matrix product, which takes seconds
            # where other processes hold the cores, as a model server does.
            found.mask = self._compact(found.mask, found.xyxy, found.mask.shape[1:])
        # Supervision takes the class-agnostic suppression over masks, where there are any.
        kept = found.with_nms(SAME_MASK_IOU, class_agnostic=True)
        scale = np.array([image.width / small.width, image.height / small.height] * 2)
        kept.xyxy = kept.xyxy * scale
        if self._namer is not None:
            _name(kept, self._namer, image)
        if kept.mask is not None:  # boxes within each other may well be of two things
            kept = kept.with_nms(PART_SHARE, overlap_metric=self._contained)
        return sorted(_detections(kept), key=lambda seen: seen.score, reverse=True)


def _reduced(image: Image.Image) -> Image.Image:
    """The image, or a copy of it that is no longer than `LONGEST_SIDE`."""
    if max(image.size) <= LONGEST_SIDE:
        return image
    small = image.copy()
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return small


def _name(found: Any, namer: Recogniser, image: Image.Image) -> None:
    """Give what a detector is not sure of the names that a recogniser gives; boxes and scores stay."""
    least, most = NAMED
    unsure = np.flatnonzero((found.confidence >= least) & (found.confidence < most))
    if len(unsure):
        likeliest = namer([square(image, found.xyxy[one]) for one in unsure]).argmax(axis=1)
        names = found.data["class_name"].astype(object)
        names[unsure] = [namer.classes[one] for one in likeliest]
        found.data["class_name"], found.class_id = names, np.unique(names, return_inverse=True)[1]


def _detections(found: Any) -> list[Detection]:
    return [
        Detection(
            label=str(found.data["class_name"][i]),
            score=float(found.confidence[i]),
            box=(float(x1), float(y1), float(x2), float(y2)),
            mask=None if found.mask is None else np.asarray(found.mask[i], dtype=np.bool_),
        )
        for i, (x1, y1, x2, y2) in enumerate(found.xyxy)
    ]


def _device() -> str:
    """Where torch runs: the first GPU, of whose memory no more is taken than the tools' share, or the CPU."""
    import torch

    if not torch.cuda.is_available():
        return "cpu"
    torch.cuda.set_per_process_memory_fraction(memory.settings().tools_gpu)
    return "cuda:0"


def load_yolo(path: Path, task: str | None) -> Any:
    """A YOLO from its weights, without running any code that they may carry.

    Args:
        path: A `.pt`, or an exported model.
        task: Of ultralytics; none to read it from a `.pt`.

    Raises:
        UserError: If it is not what ultralytics can load.
    """
    yolo = _ultralytics()
    try:
        return yolo(str(path), task=task)
    except Exception as error:  # ultralytics and torch raise many types on files that are no checkpoints of theirs.
        raise UserError(f"{path} cannot be loaded as a YOLO; restore the file") from error


def _ultralytics() -> Any:
    """The YOLO class of ultralytics, told to stay off the network and quiet, and to load no pickled code.

    It reads these variables as it is imported, so they are set here and nowhere sooner.
    """
    for name, value in {
        "ULTRALYTICS_SAFE_LOAD": "1",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_OFFLINE": "true",
        "YOLO_VERBOSE": "false",
    }.items():
        os.environ[name] = value
    import ultralytics
    from ultralytics.nn import tasks
    from ultralytics.utils import LOGGER

    if not (tasks.SAFE_LOAD and tasks._SafeLoad.SUPPORTED):
        raise RuntimeError("ultralytics was imported without ULTRALYTICS_SAFE_LOAD: it would run code in weights")
    LOGGER.setLevel(logging.ERROR)
    return ultralytics.YOLO
