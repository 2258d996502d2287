"""Stands where a detector is loaded, and sees what is true of dioramas: perception without fault."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from PIL import Image

from evals.diorama.world import Diorama
from tools import masks
from tools.detector import Detection


class Seer:
    """Tells the things of the dioramas that it knows, by their pixels."""

    name = "truth"

    def __init__(self, dioramas: Iterable[Diorama] = (), score: float = 1.0) -> None:
        """Know some dioramas.

        Args:
            dioramas: More can be made known later.
            score: Of all that it tells, 0 to 1.
        """
        self._score = score
        self._found: dict[bytes, list[Detection]] = {}
        for one in dioramas:
            self.know(one)

    def know(self, diorama: Diorama) -> None:
        """Know one more diorama."""
        self._found[diorama.image.tobytes()] = [
            Detection(thing.category, self._score, thing.box.xyxy, masks.decode(thing.mask))
            for thing in diorama.truth.objects
        ]

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        """As the real detector: all things of these labels in this image."""
        return [seen for seen in self._found[image.tobytes()] if labels is None or seen.label in labels]
