"""The images of a run, by id, and the models that look at them. References travel in messages; bytes stay here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from graphs.types import ImageRef
from tools.errors import ToolError
from tools.intake import decode, read
from tools.models import SHARED, Models


class Workspace:
    """The images of one run and the models of this process; what LangGraph hands to tools as their context."""

    def __init__(self, models: Models = SHARED) -> None:
        """Start without images."""
        self._models = models
        self._refs: list[ImageRef] = []
        self._pixels: dict[str, Image.Image] = {}

    @classmethod
    def open(cls, paths: Iterable[str | Path], models: Models = SHARED) -> Workspace:
        """Take in image files; they get the ids `img-1`, `img-2`… in this order.

        Raises:
            UserError: If one of them is missing, unreadable, too large, damaged or no image.
        """
        workspace = cls(models)
        for number, path in enumerate(map(Path, paths), start=1):
            data = read(path)
            image = decode(data, str(path))
            digest = hashlib.sha256(data).hexdigest()
            ref = ImageRef(id=f"img-{number}", sha256=digest, width=image.width, height=image.height, path=str(path))
            workspace._refs.append(ref)
            workspace._pixels[ref.id] = image
        return workspace

    @property
    def images(self) -> list[ImageRef]:
        """References to the images, in order."""
        return list(self._refs)

    def image(self, image_id: str) -> Image.Image:
        """The pixels of an image: RGB, upright; shared, so copy before drawing on it.

        Raises:
            ToolError: If there is no such image.
        """
        try:
            return self._pixels[image_id]
        except KeyError:
            raise ToolError(f"no image {image_id!r}; there is: {', '.join(self._pixels) or 'none'}") from None

    def model(self, task: str) -> Any:
        """The active model for a task, loaded once for the process.

        Raises:
            UserError: If the catalog has none, or its weights are missing or not those of the catalog.
        """
        return self._models.get(task)
