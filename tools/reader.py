"""The rapidocr backend: lines of text in an image, with their boxes. Its models come inside the package."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.catalog import ModelEntry, verified
from tools.errors import ToolError

STRIP = 20
"""How many times as long as wide a picture may be to be read as a whole: rapidocr shrinks it to 2,000 pixels, blows
the shorter side up again, and fails where nothing is left of that."""

MOST_PIECES = 16
"""Of a strip: each takes as long as a picture."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Line:
    """One line of text.

    Attributes:
        text: As read.
        score: 0 to 1.
        box: `xyxy` around it, in pixels of the image given, within it.
    """

    text: str
    score: float
    box: tuple[float, float, float, float]


class Reader:
    """Finds and reads text, safe to call from several threads."""

    def __init__(self, entry: ModelEntry) -> None:
        """Load the models.

        Raises:
            UserError: If the package is not installed, or is not that of the catalog.
        """
        verified(entry)
        from rapidocr import RapidOCR

        self.name = entry.name
        self._read: Any = RapidOCR(params={"Global.log_level": "critical"})
        # Its pipeline keeps settings of the call on itself.
        self._lock = threading.Lock()

    def __call__(self, image: Image.Image) -> list[Line]:
        """Read an image.

        Args:
            image: RGB, of any size.

        Returns:
            Lines from top to bottom, as a person would read them.

        Raises:
            ToolError: If it is a strip that is far too long.
        """
        return [line for piece in _pieces(image) for line in self._lines(image, piece)]

    def _lines(self, image: Image.Image, piece: Box) -> list[Line]:
        pixels = np.asarray(image.crop(piece).convert("RGB"))
        corner, limit = piece[:2], piece[2:]
        with self._lock:
            # It takes arrays as OpenCV does: blue first.
            found = self._read(np.ascontiguousarray(pixels[..., ::-1]))
        if found.boxes is None or found.txts is None or found.scores is None:
            return []
        lines = []
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            # Four corners: lines may be slanted.
            low = np.clip(np.min(corners, axis=0) + corner, corner, limit)
            high = np.clip(np.max(corners, axis=0) + corner, corner, limit)
            if text.strip() and (high > low).all():
                box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
                lines.append(Line(text.strip(), float(np.clip(score, 0, 1)), box))
        return lines


def _pieces(image: Image.Image) -> list[Box]:
    """The image as a whole, or the parts of a strip, cut where least is to be seen: between words or lines.

    Raises:
        ToolError: If it is longer than `MOST_PIECES`.
    """
    long, short = max(image.size), min(image.size)
    step = STRIP * short
    if long <= step:
        return [(0, 0, *image.size)]
    if long > MOST_PIECES * step:
        raise ToolError(
            f"a strip of {image.width} x {image.height} pixels is too long to read; "
            f"give a box of at most {MOST_PIECES * step} of its {long} pixels"
        )
    wide = image.width > image.height
    # Words stand apart by a quarter of their height, letters by less; lines may stand apart by a pixel.
    seen = _unevenness(image, across=wide, gap=short // 4 if wide else 1)
    cuts = [0]
    while long - cuts[-1] > step:
        end = cuts[-1] + step
        cuts.append(end - step // 4 + int(seen[end - step // 4 : end].argmin()))
    pairs = zip(cuts, [*cuts[1:], long], strict=True)
    return [(a, 0, b, short) if wide else (0, a, short, b) for a, b in pairs]


def _unevenness(image: Image.Image, *, across: bool, gap: int) -> NDArray[np.float32]:
    """How much is to be seen in each column, or row, of an image and `gap` pixels around it."""
    spread = np.asarray(image.convert("L"), dtype=np.float32).std(axis=0 if across else 1)
    return np.convolve(spread, np.ones(max(gap, 1), dtype=np.float32), "same")
