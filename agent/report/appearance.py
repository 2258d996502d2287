"""How things look, so that one can be found again in another image: tiny pictures, compared in colour."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graphs.scene import SceneEntity
from graphs.types import Entity
from tools import masks

SIDE = 16
"""Pixels of the tiny picture on each side: enough to tell two kinds of one thing apart, and blind to sharpness."""

ALIKE = 0.93
"""One less the mean difference of colours from which on two things of one category look the same, 0 to 1."""

Looks = Mapping[str, str]
"""Tiny pictures by entity id, as text."""


def look_of(image: Image.Image, entity: Entity) -> str:
    """The tiny picture of an entity; what its mask leaves out is grey."""
    x1, y1, x2, y2 = entity.box.xyxy
    corners = (round(x1), round(y1), max(round(x2), round(x1) + 1), max(round(y2), round(y1) + 1))
    crop = image.crop(corners)
    if entity.mask is not None:
        inside = Image.fromarray(masks.decode(entity.mask)).crop(corners)
        crop = Image.composite(crop, Image.new("RGB", crop.size, (128, 128, 128)), inside)
    return base64.b64encode(crop.resize((SIDE, SIDE), Image.Resampling.BOX).tobytes()).decode()


def alike(things: Sequence[SceneEntity], looks: Looks) -> Iterator[tuple[str, str, float]]:
    """Pairs of things of one category in different images that look the same, as they stand or mirrored.

    Yields:
        The ids, the earlier first, and how alike they look, 0 to 1.
    """
    by_label: dict[str, list[SceneEntity]] = {}
    for thing in things:
        if thing.id in looks:
            by_label.setdefault(thing.label, []).append(thing)
    for peers in by_label.values():
        pixels = [_pixels(looks[peer.id]) for peer in peers]
        for first, second in combinations(range(len(peers)), 2):
            if peers[first].image_id != peers[second].image_id:
                score = _similarity(pixels[first], pixels[second])
                if score >= ALIKE:
                    yield peers[first].id, peers[second].id, score


def _pixels(look: str) -> NDArray[np.float64]:
    pixels = np.frombuffer(base64.b64decode(look), dtype=np.uint8)
    return pixels.reshape(SIDE, SIDE, 3).astype(np.float64) / 255


def _similarity(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return round(1 - min(float(np.abs(a - b).mean()), float(np.abs(a - b[:, ::-1]).mean())), 4)
