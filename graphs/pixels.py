"""Masks as sorted runs of pixels, so that areas, overlaps and hulls need no bitmap. Drawing masks is not done here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from graphs.types import Mask

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Runs:
    """The pixels of a mask, numbered down the columns of its image, first column first.

    Attributes:
        starts: First pixel of each run, rising.
        stops: One past its last pixel.
        height: Of the image; pixel p lies in column `p // height`.
    """

    starts: Whole
    stops: Whole
    height: int

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int((self.stops - self.starts).sum())

    def before(self, places: Whole) -> Whole:
        """How many of its pixels lie before each of the given places, shape as given."""
        if not len(self.starts):
            return np.zeros_like(places)
        edges = np.stack([self.starts, self.stops], axis=1).ravel()
        sizes = np.stack([np.zeros_like(self.starts), self.stops - self.starts], axis=1).ravel()
        return np.asarray(np.interp(places, edges, np.cumsum(sizes)), dtype=np.int64)

    def shared(self, other: Runs) -> int:
        """Number of pixels that both have."""
        return int((other.before(self.stops) - other.before(self.starts)).sum())

    def split(self) -> tuple[Whole, Whole, Whole]:
        """The runs cut where columns end: column, first row, and one past the last row of each piece."""
        first, last = self.starts // self.height, (self.stops - 1) // self.height
        times = last - first + 1
        column = np.repeat(first, times) + np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        low = np.maximum(np.repeat(self.starts, times) - column * self.height, 0)
        high = np.minimum(np.repeat(self.stops, times) - column * self.height, self.height)
        return column, low, high

    def grown(self, pixels: int) -> Runs:
        """The mask grown up and down by some pixels, within its columns."""
        if not len(self.starts):
            return self
        column, low, high = self.split()
        starts = column * self.height + np.maximum(low - pixels, 0)
        stops = column * self.height + np.minimum(high + pixels, self.height)
        kept = np.append(True, starts[1:] > np.maximum.accumulate(stops)[:-1])
        return Runs(starts[kept], np.maximum.reduceat(stops, np.flatnonzero(kept)), self.height)

    def moved(self, columns: int) -> Runs:
        """The mask moved right by some columns; what leaves the image simply meets nothing there."""
        return Runs(self.starts + columns * self.height, self.stops + columns * self.height, self.height)


@lru_cache(maxsize=4096)
def runs_of(mask: Mask) -> Runs:
    """Read COCO's compressed run lengths.

    Each number takes one or more characters of five bits, the lowest first, with a sign; from the fourth on it is the
    difference to the number two before it (pycocotools, `rleFrString`).
    """
    codes = np.frombuffer(mask.counts.encode("ascii"), dtype=np.uint8).astype(np.int64) - 48
    last = (codes & 0x20) == 0
    firsts = np.append(0, np.flatnonzero(last)[:-1] + 1) if len(codes) else np.zeros(0, dtype=np.int64)
    place = np.arange(len(codes)) - np.repeat(firsts, np.diff(np.append(firsts, len(codes))))
    numbers = np.add.reduceat((codes & 0x1F) << (5 * place), firsts) if len(codes) else firsts
    negative = (codes[last] & 0x10) != 0
    numbers = numbers - np.where(negative, 1 << (5 * (place[last] + 1)), 0)
    numbers[1::2], numbers[2::2] = np.cumsum(numbers[1::2]), np.cumsum(numbers[2::2])
    edges = np.cumsum(numbers)
    starts, stops = edges[0::2][: len(edges) // 2], edges[1::2]
    kept = stops > starts
    return Runs(starts[kept], stops[kept], mask.size[0])


def mask_iou(mask: Mask, other: Mask) -> float:
    """Intersection over union of two masks, 0 to 1; 0 where they are of images of different size."""
    if mask.size != other.size:
        return 0.0
    one, two = runs_of(mask), runs_of(other)
    shared = one.shared(two)
    return shared / max(one.area + two.area - shared, 1)


def in_hull(inner: Runs, outer: Runs) -> int:
    """How many pixels of the first mask lie in the convex hull of the second."""
    if not len(outer.starts):
        return 0
    column, low, high = inner.split()
    lowest, highest, edge = _outline(outer)
    top = np.interp(column, edge, lowest, left=np.inf, right=np.inf)
    bottom = np.interp(column, edge, highest, left=-np.inf, right=-np.inf)
    return int(np.maximum(np.minimum(high, bottom) - np.maximum(low, top), 0).sum())


def _outline(runs: Runs) -> tuple[NDArray[np.float64], NDArray[np.float64], Whole]:
    """Upper and lower rim of the convex hull at each column that the mask reaches, and these columns."""
    column, low, high = runs.split()
    edge, first = np.unique(column, return_index=True)
    rims = np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)
    hull = [_chain(edge, rim * sign) for rim, sign in zip(rims, (1, -1), strict=True)]
    return np.interp(edge, *hull[0]), -np.interp(edge, *hull[1]), edge


def _chain(x: Whole, y: Whole) -> tuple[list[int], list[int]]:
    """The corners of the lower convex hull of points with rising x (Andrew's monotone chain)."""
    points: list[tuple[int, int]] = []
    for one in zip(x.tolist(), y.tolist(), strict=True):
        while len(points) > 1 and _turns_down(points[-2], points[-1], one):
            points.pop()
        points.append(one)
    return [point[0] for point in points], [point[1] for point in points]


def _turns_down(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0
