"""Names for colours: which of eleven a thing mostly has. Where the thing is, its mask says."""

from __future__ import annotations

import functools
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "white", "grey", "black"]
COLOURS: tuple[Colour, ...] = get_args(Colour)

# Several shades stand for each name, for people use a name over a wide and crooked region: skin-light orange is not
# yellow, dark orange is brown. The shades are those of common pictograms and of plain paint.
_SHADES: dict[Colour, tuple[str, ...]] = {
    "red": ("ea5a47", "d22f27", "ff0000", "a01010", "c83c3c"),
    "orange": ("e27022", "ff8c00", "f4a261", "ffb060"),
    "yellow": ("fcea2b", "f1b31c", "ffff00", "fff2a0", "d8c020"),
    "green": ("b1cc33", "5c9e31", "186648", "00c000", "a0e0a0", "406020"),
    "blue": ("92d3f5", "61b2e4", "1e50a0", "0000ff", "203060", "30c0d0"),
    "purple": ("b399c8", "8967aa", "800080", "5a2d82", "a040c0"),
    "pink": ("ffa7c0", "e67a94", "ff69b4", "ffd0dc", "e040a0"),
    "brown": ("a57939", "6a462f", "8b5a2b", "b08968", "4a2c1a", "c9a27a"),
    "white": ("ffffff", "f4f4f4"),
    "grey": ("d0cfce", "9b9b9a", "808080", "5c5c5b", "b8b8b8"),
    "black": ("000000", "1a1a1a", "3f3f3f"),
}

OUTLINE = 48
"""Pixels with no channel above this are drawn lines or shadow, and say nothing about the colour of a thing."""

BLACK_SHARE = 0.6
"""Unless there is so much of them that the thing itself is black."""

_BITS = 5


def dominant(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Colour | None:
    """The colour that most pixels under a mask have, outlines aside.

    Args:
        pixels: RGB, shape (H, W, 3).
        mask: Shape (H, W).

    Returns:
        One of `COLOURS`; none if the mask is empty.
    """
    inside = pixels[mask]
    if not len(inside):
        return None
    dark = functools.reduce(np.maximum, inside.T) <= OUTLINE
    if dark.mean() >= BLACK_SHARE:
        return "black"
    red, green, blue = (inside[~dark] >> (8 - _BITS)).astype(np.intp).T
    counts = np.bincount(_nearest()[red, green, blue], minlength=len(COLOURS))
    return COLOURS[int(counts.argmax())]


@functools.cache
def _nearest() -> NDArray[np.intp]:
    """For each RGB value of `_BITS` bits a channel, the index of the name whose shade is nearest in CIELAB."""
    levels = (np.arange(2**_BITS) + 0.5) * 2 ** (8 - _BITS)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    names = [place for place, name in enumerate(COLOURS) for _ in _SHADES[name]]
    shades = np.array([list(bytes.fromhex(shade)) for name in COLOURS for shade in _SHADES[name]], dtype=np.float64)
    distance = ((_lab(grid)[..., None, :] - _lab(shades)) ** 2).sum(axis=-1)
    nearest: NDArray[np.intp] = np.array(names, dtype=np.intp)[distance.argmin(axis=-1)]
    return nearest


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB (D65) of sRGB values 0 to 255, last axis 3; the formulas of IEC 61966-2-1 and CIE 15."""
    unit = rgb / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
