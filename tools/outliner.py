"""Outlines of whatever is at a place, whether or not it has a name: GrabCut, which needs no weights, and SAM 2.1."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graphs.types import Box
from tools.catalog import ModelEntry, verified
from tools.errors import ToolError, UserError

UNSURE = 0.5
"""Score of an outline by GrabCut, which gives none: neither for nor against."""

LONGEST_SIDE = 320
ITERATIONS = 4
SEED_RADIUS = 0.02
REACH = 0.25


class Outline(NamedTuple):
    """Where a thing is.

    Attributes:
        mask: Of the image, or of a smaller copy of it, (H, W).
        score: How sure the model is, 0 to 1.
    """

    mask: NDArray[np.bool_]
    score: float


class Outliner(Protocol):
    """Cuts out a thing."""

    name: str

    def __call__(self, image: Image.Image, box: Box | None, point: tuple[int, int] | None) -> Outline:
        """Outline the thing within a box, or at a point; one of the two is given.

        Raises:
            ToolError: There is too little to go by.
        """


class Sam2Outliner:
    """SAM 2.1 (Ravi et al. 2024), from a folder as transformers writes it."""

    def __init__(self, entry: ModelEntry) -> None:
        """Load the folder, safetensors only.

        Raises:
            UserError: If it is missing, not that of the catalog, or cannot be loaded.
        """
        import torch
        from transformers import Sam2Model, Sam2Processor

        path = verified(entry)
        self.name = entry.name
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            model: Any = Sam2Model.from_pretrained(path, local_files_only=True, use_safetensors=True)
            self._processor: Any = Sam2Processor.from_pretrained(path, local_files_only=True)
        except (OSError, ValueError) as error:
            raise UserError(f"model {entry.name}: {path} cannot be loaded as SAM 2; get it anew") from error
        self._model = model.to(self._device).eval()

    def __call__(self, image: Image.Image, box: Box | None, point: tuple[int, int] | None) -> Outline:
        """See `Outliner`: of several outlines that fit a point, the one that the model is surest of."""
        import torch

        asked: dict[str, Any] = {"input_points": [[[list(point or ())]]], "input_labels": [[[1]]]}
        if box is not None:
            asked = {"input_boxes": [[list(box.xyxy)]]}
        inputs = self._processor(images=image.convert("RGB"), return_tensors="pt", **asked).to(self._device)
        with torch.inference_mode():
            found = self._model(**inputs, multimask_output=box is None)
        masks = self._processor.post_process_masks(found.pred_masks.cpu(), inputs["original_sizes"].cpu())[0][0]
        scores = found.iou_scores[0, 0].clamp(0, 1)
        best = int(scores.argmax())
        return Outline(masks[best].numpy().astype(np.bool_), float(scores[best]))


class GrabCut:
    """Rother, Kolmogorov and Blake 2004: it cuts out what differs in colour from its surroundings."""

    def __init__(self, entry: ModelEntry) -> None:
        """Take the name; there are no weights."""
        self.name = entry.name

    def __call__(self, image: Image.Image, box: Box | None, point: tuple[int, int] | None) -> Outline:
        """See `Outliner`."""
        scale = min(LONGEST_SIDE / max(image.size), 1.0)
        size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
        start = _in_box(size, box, scale) if box is not None else _around(size, point or (0, 0), scale)
        return Outline(_grabcut(np.asarray(image.convert("RGB").resize(size)), start), UNSURE)


def _in_box(size: tuple[int, int], box: Box, scale: float) -> NDArray[np.uint8]:
    """GrabCut's start for a box: outside of it is background for sure."""
    import cv2

    start = np.full((size[1], size[0]), cv2.GC_BGD, dtype=np.uint8)
    x1, y1, x2, y2 = (round(value * scale) for value in box.xyxy)
    start[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)] = cv2.GC_PR_FGD
    return start


def _around(size: tuple[int, int], point: tuple[int, int], scale: float) -> NDArray[np.uint8]:
    """GrabCut's start for a point: a small disc is foreground for sure, a wider one perhaps."""
    import cv2

    start = np.full((size[1], size[0]), cv2.GC_PR_BGD, dtype=np.uint8)
    centre, longest = (round(point[0] * scale), round(point[1] * scale)), max(size)
    cv2.circle(start, centre, max(round(REACH * longest / 2), 2), cv2.GC_PR_FGD, -1)
    cv2.circle(start, centre, max(round(SEED_RADIUS * longest), 1), cv2.GC_FGD, -1)
    return start


def _grabcut(pixels: NDArray[np.uint8], start: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The connected part of the foreground that holds most of what was sure at the start, or else likely."""
    import cv2

    sure = start == cv2.GC_FGD
    behind, front = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    try:
        made, _, _ = cv2.grabCut(
            np.ascontiguousarray(pixels[..., ::-1]), start.copy(), (0, 0, 1, 1), behind, front, ITERATIONS,
            cv2.GC_INIT_WITH_MASK,
        )  # fmt: skip
    except cv2.error as error:  # where one side of the start holds too few pixels
        raise ToolError("too little is there to tell it from its surroundings: give another box or point") from error
    foreground = np.isin(made, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    count, parts = cv2.connectedComponents(foreground)
    if count < 2:
        return np.zeros(foreground.shape, dtype=np.bool_)
    votes = np.bincount(parts[sure if sure.any() else start == cv2.GC_PR_FGD], minlength=count)
    votes[0] = 0
    return np.asarray(parts == int(votes.argmax()), dtype=np.bool_)
