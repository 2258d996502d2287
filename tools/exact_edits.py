"""Edits that need no model: crop, blur, recolour, mark, enlarge, another background, a hole filled from around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tools.colour import OUTLINE, Colour

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

BLUR_SHARE = 0.12
"""Blur radius as a share of the longer side of the region: nothing in it can be told afterwards."""

HUES: dict[Colour, tuple[float, float, float]] = {
    "red": (0.0, 0.8, 0.9),
    "orange": (0.08, 0.85, 0.95),
    "yellow": (0.145, 0.85, 0.98),
    "green": (0.31, 0.7, 0.65),
    "blue": (0.6, 0.75, 0.85),
    "purple": (0.76, 0.55, 0.7),
    "pink": (0.93, 0.4, 0.97),
    "brown": (0.07, 0.6, 0.5),
    "white": (0.0, 0.0, 1.0),
    "grey": (0.0, 0.0, 0.6),
    "black": (0.0, 0.0, 0.12),
}
"""Hue, saturation and greatest value, 0 to 1, that a recoloured thing takes."""


def crop(image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """The part of an image within a box, whole pixels."""
    return image.crop(box)


def blur(image: Image.Image, mask: Mask) -> Image.Image:
    """Blur what a mask, (H, W), covers, past telling what it was."""
    rows, columns = np.nonzero(mask)
    extent = max(np.ptp(rows), np.ptp(columns)) if len(rows) else 0
    soft = image.filter(ImageFilter.GaussianBlur(max(BLUR_SHARE * float(extent), 2.0)))
    return within(image, soft, mask)


def recolour(image: Image.Image, mask: Mask, colour: Colour) -> Image.Image:
    """Give what a mask covers another colour; its shading and its dark outlines stay."""
    hsv = np.asarray(image.convert("HSV"), dtype=np.float32) / 255
    painted = mask & (np.asarray(image).max(axis=2) > OUTLINE)
    if painted.any():
        hue, saturation, value = HUES[colour]
        brightest = max(float(np.quantile(hsv[..., 2][painted], 0.9)), 1e-3)
        hsv[..., 0][painted] = hue
        hsv[..., 1][painted] = saturation
        hsv[..., 2][painted] = np.clip(value * hsv[..., 2][painted] / brightest, 0, 1)
    changed = Image.fromarray((hsv * 255).round().astype(np.uint8), mode="HSV").convert("RGB")
    return within(image, changed, painted)


def mark(image: Image.Image, boxes: Sequence[tuple[tuple[float, float, float, float], str]]) -> Image.Image:
    """Draw boxes with their names."""
    marked = image.copy()
    draw = ImageDraw.Draw(marked)
    width = max(2, round(max(image.size) / 250))
    font = ImageFont.load_default(max(10, max(image.size) / 40))
    for (x1, y1, x2, y2), name in boxes:
        draw.rectangle((x1, y1, x2, y2), outline="#D6006C", width=width)
        left, top, right, bottom = draw.textbbox((x1, y1), name, font=font)
        lift = min(bottom - top + 4, y1)
        draw.rectangle((left, top - lift, right + 4, bottom - lift + 2), fill="#D6006C")
        draw.text((x1 + 2, y1 - lift), name, font=font, fill="white")
    return marked


def enlarge(image: Image.Image, factor: float) -> Image.Image:
    """A larger copy, by Lanczos' filter: no detail is made up."""
    size = (round(image.width * factor), round(image.height * factor))
    return image.resize(size, Image.Resampling.LANCZOS)


def backdrop(image: Image.Image, things: Mask, behind: Image.Image) -> Image.Image:
    """Things cut out by a mask before another background of the same size."""
    return within(behind, image, things)


def patched(image: Image.Image, mask: Mask) -> Image.Image:
    """Fill what a mask covers from around it (Telea 2004, as OpenCV has it), with the grain that it has there."""
    import cv2

    pixels = np.asarray(image)
    filled = cv2.inpaint(pixels, mask.astype(np.uint8), inpaintRadius=5, flags=cv2.INPAINT_TELEA)
    soft = cv2.GaussianBlur(filled, (0, 0), 3)
    ring = grown(mask, 12) & ~grown(mask, 3)
    if ring.any():
        rough = pixels.astype(np.float32) - cv2.GaussianBlur(pixels, (0, 0), 2)
        grain = min(float(np.median(np.abs(rough[ring]))) * 1.48, 6.0)
        noise = np.random.default_rng(0).normal(0, grain, mask.shape)[..., None]
        soft = np.clip(soft + noise, 0, 255)
    return within(image, Image.fromarray(soft.astype(np.uint8)), mask)


def within(image: Image.Image, changed: Image.Image, mask: Mask) -> Image.Image:
    """An image with the pixels of another one where a mask covers them, and its own everywhere else."""
    return Image.fromarray(np.where(mask[..., None], np.asarray(changed), np.asarray(image)))


def grown(mask: Mask, pixels: int) -> Mask:
    """A mask with so many pixels added all around."""
    import cv2

    side = 2 * pixels + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel), dtype=np.bool_)


def difference(before: Image.Image, after: Image.Image, mask: Mask) -> float:
    """Mean absolute difference of two images of one size outside a mask, 0 to 255; 0 if nothing is outside."""
    outside = np.abs(np.asarray(before, dtype=np.float32) - np.asarray(after, dtype=np.float32))[~mask]
    return float(outside.mean()) if outside.size else 0.0
