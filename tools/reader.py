"""The rapidocr backend: lines of text in an image, with their boxes. Its models come inside the package."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from tools.catalog import ModelEntry, verified


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
        """
        with self._lock:
            # It takes arrays as OpenCV does: blue first.
            found = self._read(np.ascontiguousarray(np.asarray(image.convert("RGB"))[..., ::-1]))
        if found.boxes is None or found.txts is None or found.scores is None:
            return []
        lines = []
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            # Four corners: lines may be slanted.
            low = np.clip(np.min(corners, axis=0), 0, [image.width, image.height])
            high = np.clip(np.max(corners, axis=0), 0, [image.width, image.height])
            if text.strip() and (high > low).all():
                box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
                lines.append(Line(text.strip(), float(np.clip(score, 0, 1)), box))
        return lines
