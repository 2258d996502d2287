"""Mean average precision of boxes or masks at an IoU of 0.5, by faster-coco-eval. Suites run the detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evals.metrics.interval import SEED, Metric, around
from graphs.types import Box, Mask

RESAMPLES = 200
MAX_DETECTIONS = 100
"""Of each image and category, the surest count: COCO's own limit."""

_RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class Thing:
    """A true object, or one that was detected with some score; masks and boxes are in pixels of the image."""

    label: str
    box: Box
    mask: Mask
    score: float = 1.0


@dataclass(frozen=True)
class Pair:
    """What is in one image, and what was found in it."""

    width: int
    height: int
    true: Sequence[Thing]
    found: Sequence[Thing]


def map50(pairs: Sequence[Pair], kind: Literal["bbox", "segm"], *, seed: int = SEED) -> Metric:
    """COCO's average precision at IoU 0.5, over the categories that occur, with an interval over images.

    AP = mean over recalls r in 0, 0.01 … 1 of the highest precision at a recall of at least r (Lin et al., arXiv
    1405.0312; the 101 points as in pycocotools). The interval is the percentile bootstrap over images, with the matches
    of the whole: which detection matches what is settled within an image and does not change.

    Args:
        pairs: One an image.
        kind: Compare boxes or masks.
        seed: Of the draws.
    """
    if not any(pair.true for pair in pairs):
        return Metric(value=None, low=None, high=None, n=0)
    evaluated = _evaluate(pairs, kind)
    value = _value(evaluated)
    matches = _matches(evaluated)
    rng = np.random.default_rng(seed)
    draws = [np.bincount(rng.integers(len(pairs), size=len(pairs)), minlength=len(pairs)) for _ in range(RESAMPLES)]
    return around(value, [mean_precision(matches, draw) for draw in draws], n=len(pairs))


def map50_value(pairs: Sequence[Pair], kind: Literal["bbox", "segm"]) -> float:
    """The value of `map50` alone, 0 to 1, for pairs in which something is true."""
    return _value(_evaluate(pairs, kind))


def map50_gain(
    before: Sequence[Pair], after: Sequence[Pair], kind: Literal["bbox", "segm"], *, seed: int = SEED
) -> Metric:
    """How much higher `map50` is after a change, with the interval of the paired bootstrap over images.

    Args:
        before: One an image.
        after: Of the same images, in the same order.
        kind: Compare boxes or masks.
        seed: Of the draws, which both share.
    """
    if not any(pair.true for pair in before):
        return Metric(value=None, low=None, high=None, n=0)
    old, new = (_matches(_evaluate(pairs, kind)) for pairs in (before, after))
    count = len(before)
    rng = np.random.default_rng(seed)
    draws = [np.bincount(rng.integers(count, size=count), minlength=count) for _ in range(RESAMPLES)]
    once = np.ones(count, dtype=np.int64)
    value = mean_precision(new, once) - mean_precision(old, once)
    return around(value, [mean_precision(new, draw) - mean_precision(old, draw) for draw in draws], n=count)


def _value(evaluated: Any) -> float:
    precision = evaluated.eval["precision"][0, :, :, 0, -1]
    return float(precision[precision > -1].mean())


def _annotations(pairs: Sequence[Pair], labels: Sequence[str], found: bool) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = []
    for image_id, pair in enumerate(pairs):
        for thing in pair.found if found else pair.true:
            box = thing.box
            written.append(
                {
                    "id": len(written) + 1,
                    "image_id": image_id,
                    "category_id": labels.index(thing.label),
                    "bbox": [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1],
                    "segmentation": {"size": list(thing.mask.size), "counts": thing.mask.counts},
                    "area": box.area,
                    "iscrowd": 0,
                    "score": thing.score,
                }
            )
    return written


def _evaluate(pairs: Sequence[Pair], kind: str) -> Any:
    from faster_coco_eval import COCO, COCOeval_faster

    labels = sorted({thing.label for pair in pairs for thing in (*pair.true, *pair.found)})
    truth = COCO(
        {
            "images": [{"id": number, "width": one.width, "height": one.height} for number, one in enumerate(pairs)],
            "categories": [{"id": number, "name": name} for number, name in enumerate(labels)],
            "annotations": _annotations(pairs, labels, found=False),
        }
    )
    evaluated = COCOeval_faster(
        truth, truth.loadRes(_annotations(pairs, labels, found=True)), kind, rle_iou_max_workers=1
    )
    evaluated.params.iouThrs = np.array([0.5])
    evaluated.params.maxDets = [MAX_DETECTIONS]
    evaluated.params.areaRng, evaluated.params.areaRngLbl = [[0, 1e10]], ["all"]
    evaluated.evaluate()
    evaluated.accumulate()
    return evaluated


@dataclass(frozen=True)
class Matches:
    """What one category's detections hit, the surest first.

    Attributes:
        images: Index of the image of each detection.
        hits: Whether it matches an object.
        objects: How many objects each image holds, (images,).
    """

    images: NDArray[np.int64]
    hits: NDArray[np.bool_]
    objects: NDArray[np.int64]


def _matches(evaluated: Any) -> list[Matches]:
    """The matches of each category that occurs."""
    hits = {int(name.split("_")[0]) for name in evaluated.eval["matched"]}
    count = len(evaluated.cocoGt.imgs)
    categories: list[Matches] = []
    for category in sorted({one["category_id"] for one in evaluated.cocoGt.anns.values()}):
        true = [one["image_id"] for one in evaluated.cocoGt.anns.values() if one["category_id"] == category]
        found = [one for one in evaluated.cocoDt.anns.values() if one["category_id"] == category]
        found.sort(key=lambda one: -one["score"])
        categories.append(
            Matches(
                images=np.array([one["image_id"] for one in found], dtype=np.int64),
                hits=np.array([one["id"] in hits for one in found], dtype=np.bool_),
                objects=np.bincount(true, minlength=count).astype(np.int64),
            )
        )
    return categories


def mean_precision(categories: Sequence[Matches], draw: NDArray[np.int64]) -> float:
    """The mean of the categories' average precision, with image i taken `draw[i]` times."""
    found = [_average_precision(one, draw) for one in categories if (one.objects * draw).sum()]
    return float(np.mean(found)) if found else 0.0


def _average_precision(category: Matches, draw: NDArray[np.int64]) -> float:
    weights = draw[category.images]
    true = np.cumsum(weights * category.hits)
    seen = np.cumsum(weights)
    if not len(seen) or not true[-1]:
        return 0.0
    precision = np.maximum.accumulate((true / np.maximum(seen, 1))[::-1])[::-1]
    places = np.searchsorted(true / (category.objects * draw).sum(), _RECALLS, side="left")
    return float(np.append(precision, 0.0)[places].mean())
