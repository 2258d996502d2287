from __future__ import annotations

import numpy as np
import pytest

from evals.metrics.map50 import Matches, Pair, Thing, map50, mean_precision
from graphs.types import Box
from tools import masks


def thing(
    label: str, x: int, y: int, size: int = 10, score: float = 1.0, *, mask: tuple[int, int] | None = None
) -> Thing:
    """A square thing in an image of 100 x 80, with its box as mask unless that stands elsewhere."""
    pixels = np.zeros((80, 100), dtype=np.bool_)
    mx, my = mask or (x, y)
    pixels[my : my + size, mx : mx + size] = True
    return Thing(label, Box(x1=x, y1=y, x2=x + size, y2=y + size), masks.encode(pixels), score)


def pair(true: list[Thing], found: list[Thing]) -> Pair:
    return Pair(100, 80, true, found)


TRUE = [thing("dog", 0, 0), thing("cat", 40, 40)]


def test_what_is_found_exactly_scores_one() -> None:
    for kind in ("bbox", "segm"):
        metric = map50([pair(TRUE, TRUE), pair(TRUE[:1], TRUE[:1])], kind)
        assert metric.model_dump() == {"value": 1, "low": 1, "high": 1, "n": 2}


def test_nothing_found_scores_zero_and_nothing_there_scores_nothing() -> None:
    assert map50([pair(TRUE, [])], "bbox").value == 0
    assert map50([pair([], TRUE)], "bbox").value is None
    assert map50([], "segm").value is None


@pytest.mark.parametrize(
    "found",
    [
        [TRUE[0]],  # dropped
        [TRUE[0], thing("owl", 40, 40)],  # wrong class
        [TRUE[0], thing("cat", 47, 40)],  # IoU 0.18
        [TRUE[0], thing("cat", 0, 60, score=1.0), thing("cat", 40, 40, score=0.5)],  # a surer one that is not there
    ],
)
def test_mutants_score_below_one(found: list[Thing]) -> None:
    value = map50([pair(TRUE, found)], "bbox").value
    assert value is not None
    assert 0 < value < 1


def test_half_an_overlap_is_enough() -> None:
    assert map50([pair(TRUE[:1], [thing("dog", 3, 0)])], "bbox").value == 1  # IoU 7/13
    assert map50([pair(TRUE[:1], [thing("dog", 4, 0)])], "bbox").value == 0  # IoU 6/14


def test_masks_are_apart_from_boxes() -> None:
    found = [thing("dog", 0, 0, mask=(50, 0)), TRUE[1]]
    assert map50([pair(TRUE, found)], "bbox").value == 1
    assert map50([pair(TRUE, found)], "segm").value == 0.5


def test_a_curve_worked_out_by_hand() -> None:
    # Of three dogs the surest finding is one, the next is none, the third is one: precision 1 up to a recall of 1/3
    # (34 of 101 points), then 2/3 up to 2/3 (33 points), then 0.
    pairs = [
        pair([thing("dog", 0, 0)], [thing("dog", 0, 0, score=0.9)]),
        pair(
            [thing("dog", 0, 0), thing("dog", 40, 0)], [thing("dog", 0, 60, score=0.8), thing("dog", 40, 0, score=0.7)]
        ),
    ]
    metric = map50(pairs, "bbox")
    assert metric.value == pytest.approx((34 + 33 * 2 / 3) / 101)
    assert metric.low is not None
    assert metric.low < (34 + 33 * 2 / 3) / 101 < 1
    assert metric.high == 1


def test_resamples_use_the_same_formula() -> None:
    matches = Matches(np.array([0, 1, 1]), np.array([True, False, True]), np.array([1, 2]))
    assert mean_precision([matches], np.array([1, 1])) == pytest.approx((34 + 33 * 2 / 3) / 101)
    assert mean_precision([matches], np.array([2, 0])) == 1
    # Only the second image: half precision up to half the recall.
    assert mean_precision([matches], np.array([0, 2])) == pytest.approx(51 * 0.5 / 101)
