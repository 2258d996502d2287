"""Masks as COCO run lengths and back. What a mask is, `graphs.types` says; who draws them are the models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graphs.types import Mask


def encode(mask: NDArray[np.bool_], size: tuple[int, int] | None = None) -> Mask:
    """Write a mask as COCO's compressed run lengths.

    Args:
        mask: Shape (h, w).
        size: Height and width of the image, when the mask covers it on a grid of its own.
    """
    from faster_coco_eval.core import mask as coco

    if size is not None and size != mask.shape:
        stretched = Image.fromarray(mask.astype(np.uint8)).resize((size[1], size[0]), Image.Resampling.NEAREST)
        mask = np.asarray(stretched, dtype=np.bool_)
    runs = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return Mask(size=(mask.shape[0], mask.shape[1]), counts=runs["counts"].decode("ascii"))


def decode(mask: Mask) -> NDArray[np.bool_]:
    """The mask as an array of shape (H, W) of its image."""
    from faster_coco_eval.core import mask as coco

    pixels = coco.decode({"size": list(mask.size), "counts": mask.counts.encode("ascii")})
    return np.asarray(pixels, dtype=np.bool_)


def extent(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and the columns between which a mask lies; none, if it is empty."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0), slice(0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
