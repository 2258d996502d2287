"""Writes labels as ultralytics reads them: a line is a thing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tools.errors import UserError

if TYPE_CHECKING:
    from supervision import DetectionDataset


def write_yolo(data: DetectionDataset, images: Path, labels: Path) -> None:
    """Write a data set in YOLO's format, with outlines; of things that were given none, their boxes'.

    Args:
        data: Boxes, or boxes and masks.
        images: Folder for the images.
        labels: Folder for a text file an image.

    Raises:
        UserError: If two images have the same name.
    """
    try:
        data.as_yolo(str(images), str(labels))
    except ValueError as error:  # of folders in folders, or of two suffixes
        raise UserError(f"two images would get the same file ({error}): give each a name of its own") from error
    for path, found in data.annotations.items():
        written = labels / f"{Path(path).stem}.txt"
        if found.mask is not None and found.class_id is not None:
            # supervision writes a line for each polygon, as if a thing that is hidden in part were several.
            things = zip(found.class_id, found.mask, found.xyxy, strict=True)
            lines = [line(int(one), _shown(np.asarray(mask), box)) for one, mask, box in things]
        elif len(found):
            lines = [_cornered(one) for one in written.read_text(encoding="utf-8").splitlines()]
        else:
            continue
        written.write_text("\n".join(lines), encoding="utf-8")


def _cornered(boxed: str) -> str:
    """A line of a class and a box's centre, width and height as one with the box's corners for an outline."""
    category, *box = boxed.split()
    x, y, w, h = map(float, box)
    corners = ((x - w / 2, y - h / 2), (x + w / 2, y - h / 2), (x + w / 2, y + h / 2), (x - w / 2, y + h / 2))
    return " ".join([category, *(f"{min(max(value, 0), 1):.5f}" for corner in corners for value in corner)])


def _shown(mask: npt.NDArray[np.bool_], box: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """The mask; of a thing that was given none, as things with and without may be mixed, its box."""
    if mask.any():
        return mask
    x1, y1, x2, y2 = box.round().astype(int).tolist()
    shown = np.zeros_like(mask)
    shown[max(y1, 0) : max(y2, y1 + 1), max(x1, 0) : max(x2, x1 + 1)] = True
    return shown


def line(category: int, mask: npt.NDArray[np.bool_]) -> str:
    """A thing as a line: its class, then its outline.

    Args:
        category: Index of its class.
        mask: Not empty, shape (height, width).
    """
    return f"{category} " + " ".join(f"{value:.5f}" for value in outline(mask).reshape(-1))


def outline(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The outer contours of a mask as one polygon, joined by thin lines where there are several.

    Returns:
        Points relative to the image, 0 to 1, (points, 2); of a mask too small for a polygon the corners of its box.
    """
    import cv2

    os.environ["ULTRALYTICS_SAFE_LOAD"] = "1"  # read as it is imported, by whoever comes first
    from ultralytics.data.converter import merge_multi_segment

    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    segments: list[Any] = [contour.reshape(-1, 2) for contour in contours if len(contour) >= 4]
    if len(segments) > 1:
        points = np.concatenate(merge_multi_segment(segments))
    elif segments:
        points = segments[0]
    else:
        points = _corners(mask)
    return np.asarray(points / np.array(mask.shape[::-1]), dtype=np.float64)


def _corners(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    rows, columns = np.nonzero(mask)
    (x1, x2), (y1, y2) = (columns.min(), columns.max() + 1), (rows.min(), rows.max() + 1)
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])
