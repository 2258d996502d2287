"""What stands where in a diorama: a scene sampled from a seed. Pixels are made in `render`, the truth in `truth`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evals.diorama.sprites import SPRITES, TINT, TINTS, Sprite, render_sprite

SIZES: tuple[tuple[int, int], ...] = ((480, 360), (512, 384), (640, 480))
"""Image sizes in pixels, width and height."""

MAX_OBJECTS = 12

MIN_VISIBLE = 0.55
"""An object must keep at least this share of its box free of those painted after it."""

SIGN_WORDS: tuple[str, ...] = (
    "OPEN", "EXIT", "STOP", "MARKET", "HOTEL", "TAXI", "BAKERY", "PARK", "SCHOOL", "CAFE", "ZOO", "BEACH", "GARDEN",
    "STATION", "MUSEUM", "SALE", "WELCOME", "PRIVATE", "FARM", "HARBOUR",
)  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """One object of a scene: which picture, and where. The box is `x, y, width, height` in whole pixels."""

    category: str
    code: str
    tint: str | None
    colour: str | None
    box: tuple[int, int, int, int]
    flip: bool


@dataclass(frozen=True)
class Sign:
    """A sign board with one word on it. The box is `x, y, width, height` in whole pixels."""

    word: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Scene:
    """A scene before it is painted; objects are in painting order, the first farthest back."""

    seed: int
    width: int
    height: int
    objects: tuple[Placed, ...]
    signs: tuple[Sign, ...]


def _covered(box: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    """Share of `box` that `other` hides."""
    width = min(box[0] + box[2], other[0] + other[2]) - max(box[0], other[0])
    height = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
    return max(width, 0) * max(height, 0) / (box[2] * box[3])


def _fits(box: tuple[int, int, int, int], placed: list[Placed], signs: tuple[Sign, ...]) -> bool:
    """Whether the box, painted last, leaves all others easy enough to see and every sign whole."""
    clear = all(_covered(other.box, box) <= 1 - MIN_VISIBLE for other in placed)
    crowded = sum(_covered(box, other.box) for other in placed) >= 0.6
    return clear and not crowded and not any(_covered(sign.box, box) for sign in signs)


def _place(
    category: str,
    pictures: tuple[Sprite, ...],
    size: tuple[int, int],
    placed: list[Placed],
    signs: tuple[Sign, ...],
    rng: np.random.Generator,
) -> Placed | None:
    width, height = size
    sprite = pictures[rng.integers(len(pictures))]
    tint = str(rng.choice(list(TINTS))) if sprite.colour == TINT else None
    picture = render_sprite(sprite.code, tint)
    for _ in range(12):
        long_side = height * float(np.exp(rng.uniform(np.log(0.13), np.log(0.42))))
        scale = long_side / max(picture.size)
        w, h = max(round(picture.width * scale), 4), max(round(picture.height * scale), 4)
        x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        if _fits((x, y, w, h), placed, signs):
            colour = tint if sprite.colour == TINT else sprite.colour
            return Placed(category, sprite.code, tint, colour, (x, y, w, h), bool(rng.integers(2)))
    return None


def _place_signs(size: tuple[int, int], rng: np.random.Generator) -> tuple[Sign, ...]:
    if rng.random() > 0.3:
        return ()
    width, height = size
    word = str(rng.choice(SIGN_WORDS))
    h = int(height * rng.uniform(0.07, 0.11))
    w = int(h * (0.75 * len(word) + 0.9))
    return (Sign(word, (int(rng.integers(0, width - w)), int(rng.integers(0, height - h)), w, h)),)


def sample_scene(
    seed: int, size: tuple[int, int] | None = None, sprites: Mapping[str, tuple[Sprite, ...]] = SPRITES
) -> Scene:
    """Sample a scene; the same seed gives the same scene.

    Args:
        seed: Any non-negative integer.
        size: Width and height in pixels; by default one of `SIZES`.
        sprites: The pictures that stand for each category.

    Returns:
        A scene of up to `MAX_OBJECTS` objects: two to five categories, each with one to four objects.
    """
    rng = np.random.default_rng([seed, 0xD10])
    default = SIZES[rng.integers(len(SIZES))]
    size = size or default
    signs = _place_signs(size, rng)
    categories = tuple(sprites)
    kinds = rng.choice(len(categories), size=int(rng.integers(2, 6)), replace=False)
    shares = [0.45, 0.25, 0.18, 0.12]
    wanted = [categories[kind] for kind in kinds for _ in range(int(rng.choice([1, 2, 3, 4], p=shares)))]
    rng.shuffle(wanted)
    placed: list[Placed] = []
    for category in wanted[:MAX_OBJECTS]:
        thing = _place(category, sprites[category], size, placed, signs, rng)
        if thing is not None:
            placed.append(thing)
    return Scene(seed, *size, tuple(placed), signs)
