import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.geometry import boxes_of, iou
from graphs.relations import GEOMETRY, PREDICATES, Predicate, relate, spatial
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


def found(boxes: list[Corners]) -> dict[tuple[int, int], set[str]]:
    """What `spatial` says of each ordered pair, in the predicates of the planner."""
    pairs: dict[tuple[int, int], set[str]] = {}
    for name, there in spatial(np.array(boxes, dtype=np.float64).reshape(-1, 4)).items():
        assert np.all((there.scores >= 0.5) & (there.scores <= 1))
        for i, j in zip(there.subjects.tolist(), there.objects.tolist(), strict=True):
            if name in PREDICATES:
                pairs.setdefault((i, j), set()).add(name)
    return pairs


@given(st.lists(corners, max_size=6))
def test_arrays_agree_with_brute_force(boxes: list[Corners]) -> None:
    expected = {(i, j): held(a, b) for i, a in enumerate(boxes) for j, b in enumerate(boxes) if i != j}
    assert found(boxes) == {pair: names for pair, names in expected.items() if names}


@given(corners, corners)
def test_sides_are_mirrored_and_exclusive(a: Corners, b: Corners) -> None:
    pairs = found([a, b])
    there, back = pairs.get((0, 1), set()), pairs.get((1, 0), set())
    sides: tuple[tuple[Predicate, Predicate], ...] = (("left_of", "right_of"), ("above", "below"))
    for one, other in sides:
        assert not {one, other} <= there
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
    there = {r.predicate for r in relations if (r.subject, r.object) == ("a", "b")}
    assert there & set(PREDICATES) == expected
    assert all(r.source == "geometry" for r in relations)


def test_things_of_different_images_are_not_related() -> None:
    assert relate([entity("a", (0, 0, 9, 9)), entity("b", (1, 1, 9, 9), "img-2")]) == []


def test_iou_of_halves() -> None:
    boxes = boxes_of([entity("a", (0, 0, 10, 10)), entity("b", (0, 0, 10, 5)), entity("c", (50, 50, 60, 60))])
    np.testing.assert_allclose(iou(boxes[:1], boxes), [[1.0, 0.5, 0.0]])


def told(*entities: Entity) -> set[str]:
    return {str(relation) for relation in relate(entities)}


@pytest.mark.parametrize(
    ("name", "a", "b", "expected"),
    [
        ("on", (10, 0, 20, 20), (0, 18, 40, 40), True),
        ("on", (10, 0, 20, 15), (0, 18, 40, 40), True),
        ("on", (10, 0, 20, 10), (0, 18, 40, 40), False),  # it floats
        ("on", (36, 0, 60, 20), (0, 18, 40, 40), False),  # most of it is not over the other
        ("on", (10, 20, 20, 30), (0, 18, 40, 40), False),  # it is before or within the other
        ("touching", (0, 0, 10, 10), (11, 0, 21, 10), True),
        ("touching", (0, 0, 10, 10), (14, 0, 24, 10), False),
        ("touching", (0, 0, 100, 100), (103, 0, 203, 100), False),
        ("touching", (0, 0, 200, 200), (204, 0, 404, 200), True),  # the same gap matters less between large things
        ("aligned", (0, 0, 10, 10), (90, 1, 100, 11), True),
        ("aligned", (0, 0, 10, 10), (1, 90, 11, 100), True),
        ("aligned", (0, 0, 10, 10), (90, 4, 100, 14), False),
        ("occludes", (0, 0, 10, 10), (5, 5, 15, 15), False),  # boxes cannot tell
    ],
)
def test_more_predicates_of_boxes(name: str, a: Corners, b: Corners, expected: bool) -> None:
    assert (f"a {name} b" in told(entity("a", a), entity("b", b))) is expected


def test_between_names_the_nearest_on_either_side() -> None:
    row = [entity(name, (x, 0, x + 10, 10)) for name, x in (("a", 0), ("b", 30), ("c", 60), ("d", 90))]
    between = {(r.subject, r.object, r.also) for r in relate(row) if r.predicate == "between"}
    assert between == {("b", "a", "c"), ("b", "c", "a"), ("c", "b", "d"), ("c", "d", "b")}
    assert not [r for r in relate([row[0], row[1], entity("e", (60, 40, 70, 50))]) if r.predicate == "between"]


def test_scores_fall_to_a_half_at_the_threshold() -> None:
    scores = [
        next(
            r.score for r in relate([entity("a", (0, 0, 10, 10)), entity("b", (x, 0, x + 10, 10))]) if r.subject == "a"
        )
        for x in (7.5, 10, 12.5, 40)
    ]
    assert scores == [0.5, 0.75, 1.0, 1.0]


def test_predicates_come_in_their_order() -> None:
    relations = relate([entity("a", (0, 0, 10, 10)), entity("b", (5, 5, 15, 15)), entity("c", (16, 5, 26, 15))])
    places = [GEOMETRY.index(relation.predicate) for relation in relations]
    assert places == sorted(places)
