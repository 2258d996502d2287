"""Checks labelled images before time is spent on training: what is wrong with them, in words. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

if TYPE_CHECKING:
    from supervision import DetectionDataset

NEAR_COPY_BITS = 4
"""Perceptual hashes of 64 bits that differ in at most this many are of the same picture."""

FEW = 10
"""Fewer examples of a class than this teach a detector little."""


class Problem(NamedTuple):
    """Something wrong with the data.

    Attributes:
        where: An image or a class.
        what: What is wrong.
        fatal: Whether training cannot go on with it.
    """

    where: str
    what: str
    fatal: bool = False


def check_boxes(train: DetectionDataset, val: DetectionDataset) -> list[Problem]:
    """Look for what spoils training: broken images, boxes outside, empty classes, copies across the split."""
    problems = [problem for part in (train, val) for problem in _images(part)]
    problems += _classes(train, "training") + _classes(val, "validation") + _bare((train, val))
    return problems + copies(train.image_paths, val.image_paths)


def _images(data: DetectionDataset) -> Iterator[Problem]:
    for path in data.image_paths:
        name, found = Path(path).name, data.annotations[path]
        size = _size(Path(path))
        if size is None:
            yield Problem(name, "cannot be read as an image", fatal=True)
            continue
        if not len(found):
            yield Problem(name, "has no labels: it is taken as an image of nothing")
        x1, y1, x2, y2 = found.xyxy.T if len(found) else np.zeros((4, 0))
        if outside := int(((x1 < -1) | (y1 < -1) | (x2 > size[0] + 1) | (y2 > size[1] + 1)).sum()):
            yield Problem(name, f"{outside} of {len(found)} boxes reach outside its {size[0]} x {size[1]} pixels")
        if flat := int(((x2 - x1 < 1) | (y2 - y1 < 1)).sum()):
            yield Problem(name, f"{flat} of {len(found)} boxes have no area")


def _bare(parts: Sequence[DetectionDataset]) -> list[Problem]:
    """What there is to say of things without outlines, which segmenters learn."""
    found = [one for part in parts for one in part.annotations.values()]
    bare = sum(len(one) if one.mask is None else int((~np.asarray(one.mask).any((1, 2))).sum()) for one in found)
    told = f"{bare} of {sum(map(len, found))} have no outline: their boxes are learnt as outlines"
    return [Problem("things", told)] if bare else []


def _size(path: Path) -> tuple[int, int] | None:
    try:
        with Image.open(path) as image:
            image.verify()
            return image.size
    except Exception:  # Pillow raises many types on malformed files, and one more once ultralytics is imported.
        return None


def _classes(data: DetectionDataset, part: str) -> list[Problem]:
    counts = Counter(int(index) for found in data.annotations.values() for index in _ids(found.class_id))
    if not counts:
        return [Problem(part, "holds no labels at all", fatal=True)]
    none = [Problem(name, f"has no example for {part}") for i, name in enumerate(data.classes) if not counts[i]]
    few = [
        Problem(name, f"has only {counts[i]} examples for {part}")
        for i, name in enumerate(data.classes)
        if part == "training" and 0 < counts[i] < FEW
    ]
    return none + few


def _ids(class_id: npt.NDArray[np.integer[Any]] | None) -> npt.NDArray[np.integer[Any]]:
    return np.zeros(0, dtype=int) if class_id is None else class_id


def copies(train: Sequence[str], val: Sequence[str]) -> list[Problem]:
    """Images of the validation part that are, to the eye, also in the training part: they make its figures too good."""
    left, right = _hashes(train), _hashes(val)
    if not left:
        return []
    names, hashes = list(left), np.stack(list(left.values()))
    found = []
    for path, one in right.items():
        differing = (hashes != one).sum(axis=1)
        if differing.min() <= NEAR_COPY_BITS:
            same = names[int(differing.argmin())]
            found.append(Problem(Path(path).name, f"looks the same as {Path(same).name}, which is trained on"))
    return found


def _hashes(paths: Sequence[str]) -> dict[str, npt.NDArray[np.bool_]]:
    """Perceptual hash of each image that can be read, (64,)."""
    from imagehash import phash

    hashes = {}
    for path in paths:
        try:
            with Image.open(path) as image:
                hashes[path] = np.asarray(phash(image).hash, dtype=np.bool_).reshape(-1)
        except Exception:  # As above; what cannot be read is named by `_images`.
            continue
    return hashes
