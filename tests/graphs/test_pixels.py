import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from graphs.pixels import in_hull, mask_iou, runs_of
from graphs.relations import relate
from graphs.types import Box, Entity, Mask
from tools.masks import encode

Bitmap = NDArray[np.bool_]
bitmaps = arrays(np.bool_, (9, 7))


def disc(x: float, y: float, radius: float, size: tuple[int, int] = (60, 80)) -> Bitmap:
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.asarray((columns - x) ** 2 + (rows - y) ** 2 <= radius**2)


def drawn(mask: Mask) -> Bitmap:
    flat = np.zeros(mask.size[0] * mask.size[1], dtype=np.bool_)
    runs = runs_of(mask)
    for start, stop in zip(runs.starts, runs.stops, strict=True):
        flat[start:stop] = True
    return flat.reshape(mask.size[::-1]).T


@settings(deadline=None, max_examples=50)
@given(bitmaps, bitmaps)
def test_runs_agree_with_bitmaps(one: Bitmap, two: Bitmap) -> None:
    a, b = encode(one), encode(two)
    assert (drawn(a) == one).all()
    assert runs_of(a).area == one.sum()
    assert runs_of(a).shared(runs_of(b)) == (one & two).sum()
    assert mask_iou(a, b) == pytest.approx((one & two).sum() / max((one | two).sum(), 1))


@settings(deadline=None, max_examples=50)
@given(bitmaps, st.integers(1, 3))
def test_growing_stays_in_the_column(one: Bitmap, pixels: int) -> None:
    rows = range(one.shape[0])
    expected = np.array([one[max(row - pixels, 0) : row + pixels + 1].any(axis=0) for row in rows])
    grown = runs_of(encode(one)).grown(pixels)
    assert grown.area == expected.sum()
    assert grown.shared(runs_of(encode(expected))) == expected.sum()


def test_what_is_long_takes_several_characters_each() -> None:
    large = np.zeros((2000, 3000), dtype=np.bool_)
    large[100:1900, 500:2500] = True
    assert runs_of(encode(large)).area == large.sum()


def test_masks_of_images_of_different_size_share_nothing() -> None:
    assert mask_iou(encode(np.ones((4, 4), np.bool_)), encode(np.ones((4, 5), np.bool_))) == 0.0


def test_an_empty_mask_meets_nothing() -> None:
    empty, full = runs_of(encode(np.zeros((4, 4), np.bool_))), runs_of(encode(np.ones((4, 4), np.bool_)))
    assert (empty.area, full.shared(empty), empty.shared(full)) == (0, 0, 0)
    assert (in_hull(empty, full), in_hull(full, empty)) == (0, 0)


def test_the_hull_of_a_ring_holds_its_hole() -> None:
    ring, hole = disc(30, 30, 20) & ~disc(30, 30, 10), disc(30, 30, 9)
    assert in_hull(runs_of(encode(hole)), runs_of(encode(ring))) == hole.sum()
    assert in_hull(runs_of(encode(disc(70, 30, 5))), runs_of(encode(ring))) == 0


def entity(name: str, bitmap: Bitmap) -> Entity:
    rows, columns = np.nonzero(bitmap)
    box = Box(x1=columns.min(), y1=rows.min(), x2=columns.max() + 1, y2=rows.max() + 1)
    return Entity(
        id=name, label="ball", image_id="i", box=box, mask=encode(bitmap), score=0.9, model="m", call_id="c", tool="t"
    )


def test_what_bites_into_a_round_thing_stands_before_it() -> None:
    front = disc(40, 30, 12)
    back = disc(26, 30, 18) & ~front
    told = {str(one) for one in relate([entity("front", front), entity("back", back)])}
    assert {"front occludes back", "front touching back", "back touching front"} <= told
    assert "back occludes front" not in told


def test_boxes_that_meet_around_things_that_do_not_are_no_touch() -> None:
    corners = disc(0, 0, 20), disc(30, 30, 15)
    told = {str(one) for one in relate([entity("a", corners[0]), entity("b", corners[1])])}
    assert not {one for one in told if "touching" in one or "on" in one.split()}
