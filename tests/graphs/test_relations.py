import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.relations import PREDICATES, Predicate, boxes_of, iou, predicates, relate
from graphs.types import Box, Entity

Corners = tuple[float, float, float, float]


def entity(name: str, corners: Corners, image_id: str = "img-1") -> Entity:
    x1, y1, x2, y2 = corners
    box = Box(x1=x1, y1=y1, x2=x2, y2=y2)
    return Entity(id=name, label="dog", image_id=image_id, box=box, score=0.9, model="m", call_id="c", tool="detect")


def shared(a: Corners, b: Corners) -> float:
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def area(a: Corners) -> float:
    return (a[2] - a[0]) * (a[3] - a[1])


def held(a: Corners, b: Corners) -> set[str]:
    """The definitions once more, one pair at a time and in plain arithmetic."""
    width, height = min(a[2] - a[0], b[2] - b[0]), min(a[3] - a[1], b[3] - b[1])
    inside = shared(a, b) >= 0.9 * area(a) and area(a) < area(b)
    around = shared(a, b) >= 0.9 * area(b) and area(b) < area(a)
    gap = math.hypot(max(0, a[0] - b[2], b[0] - a[2]), max(0, a[1] - b[3], b[1] - a[3]))
    diagonals = math.dist(a[:2], a[2:]) + math.dist(b[:2], b[2:])
    truth = {
        "left_of": a[2] <= b[0] + 0.25 * width,
        "right_of": b[2] <= a[0] + 0.25 * width,
        "above": a[3] <= b[1] + 0.25 * height,
        "below": b[3] <= a[1] + 0.25 * height,
        "inside": inside,
        "overlaps": shared(a, b) / (area(a) + area(b) - shared(a, b)) > 0.05 and not inside and not around,
        "near": gap <= 0.5 * diagonals / 2,
    }
    return {name for name, holds in truth.items() if holds}


corners = st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 30)] * 2).map(
    lambda t: (float(t[0]), float(t[1]), float(t[0] + t[2]), float(t[1] + t[3]))
)


@given(st.lists(corners, max_size=6))
def test_matrices_agree_with_brute_force(boxes: list[Corners]) -> None:
    matrices = predicates(np.array(boxes, dtype=np.float64).reshape(-1, 4))
    assert tuple(matrices) == PREDICATES
    for i, a in enumerate(boxes):
        for j, b in enumerate(boxes):
            got = {name for name, matrix in matrices.items() if matrix[i, j]}
            assert got == (held(a, b) if i != j else set())


@given(corners, corners)
def test_sides_are_mirrored_and_exclusive(a: Corners, b: Corners) -> None:
    there, back = held(a, b), held(b, a)
    found = {name: matrix[0, 1] for name, matrix in predicates(np.array([a, b])).items()}
    sides: tuple[tuple[Predicate, Predicate], ...] = (("left_of", "right_of"), ("above", "below"))
    for one, other in sides:
        assert not (found[one] and found[other])
        assert (one in there) == (other in back)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 10, 10), (20, 0, 30, 10), {"left_of"}),
        ((0, 0, 10, 10), (16, 0, 26, 10), {"left_of", "near"}),
        ((0, 0, 10, 10), (100, 100, 110, 110), {"left_of", "above"}),
        ((0, 0, 10, 10), (100, 0, 110, 10), {"left_of"}),
        ((4, 4, 8, 8), (0, 0, 20, 20), {"inside", "near"}),
        ((0, 0, 10, 10), (5, 5, 15, 15), {"overlaps", "near"}),
        ((0, 0, 10, 10), (0, 0, 10, 10), {"overlaps", "near"}),
    ],
)
def test_typical_pairs(a: Corners, b: Corners, expected: set[str]) -> None:
    relations = relate([entity("a", a), entity("b", b)])
    assert {r.predicate for r in relations if (r.subject, r.object) == ("a", "b")} == expected
    assert all(r.source == "geometry" for r in relations)


def test_things_of_different_images_are_not_related() -> None:
    assert relate([entity("a", (0, 0, 9, 9)), entity("b", (1, 1, 9, 9), "img-2")]) == []


def test_iou_of_halves() -> None:
    boxes = boxes_of([entity("a", (0, 0, 10, 10)), entity("b", (0, 0, 10, 5)), entity("c", (50, 50, 60, 60))])
    np.testing.assert_allclose(iou(boxes[:1], boxes), [[1.0, 0.5, 0.0]])
