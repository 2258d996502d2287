"""The images of a run, by id, and the models that look at them. References travel in messages; bytes stay here."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from graphs.types import ImageRef, Made, Origin
from tools import provenance
from tools.catalog import ModelEntry
from tools.errors import ToolError, UserError
from tools.intake import decode, read
from tools.models import SHARED, Models

if TYPE_CHECKING:
    from tools.sight import Seer


class Workspace:
    """The images of one run and the models of this process; what LangGraph hands to tools as their context.

    Attributes:
        seer: The multimodal model that describes pictures, where one that is good at it serves the run.
    """

    seer: Seer | None = None

    def __init__(self, models: Models = SHARED, folder: Path | None = None) -> None:
        """Start without images.

        Args:
            models: What tools look with.
            folder: Where images that tools make are written; by default one that goes with the workspace.
        """
        self._models = models
        self._folder = folder
        self._refs: list[ImageRef] = []
        self._pixels: dict[str, Image.Image] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, paths: Iterable[str | Path], models: Models = SHARED, folder: Path | None = None) -> Workspace:
        """Take in image files; they get the ids `img-1`, `img-2`… in this order.

        Raises:
            UserError: If one of them is missing, unreadable, too large, damaged or no image.
        """
        workspace = cls(models, folder)
        for path in paths:
            workspace.take(path)
        return workspace

    def take(self, path: str | Path) -> ImageRef:
        """Take in one more image file; it gets the next id. One that says that a tool made it counts as made.

        Raises:
            UserError: If it is missing, unreadable, too large, damaged or no image.
        """
        data = read(Path(path))
        image = decode(data, str(path))
        made = provenance.read(data)
        with self._lock:
            origin = provenance.origin(made)
            return self._keep(image, hashlib.sha256(data).hexdigest(), str(path), origin, None, made)

    def add(
        self,
        image: Image.Image,
        origin: Origin,
        parent: str | None = None,
        made: Made | None = None,
    ) -> ImageRef:
        """Take in an image that a tool made, and write it as a PNG; it gets the next id.

        Args:
            image: RGB.
            origin: How it came to be.
            parent: Id of the image that it was made from.
            made: What its file is to say of how it was made.

        Raises:
            UserError: If it cannot be written.
        """
        buffer = io.BytesIO()
        image.save(buffer, "PNG", pnginfo=provenance.stamp(made) if made else None)
        data = buffer.getvalue()
        with self._lock:
            path = self._made() / f"img-{len(self._refs) + 1}.png"
            try:
                path.write_bytes(data)
            except OSError as error:
                raise UserError(f"cannot write {path} ({error.strerror}): free some space") from error
            return self._keep(image, hashlib.sha256(data).hexdigest(), str(path), origin, parent, made)

    def _keep(
        self, image: Image.Image, sha256: str, path: str, origin: Origin, parent: str | None, made: Made | None
    ) -> ImageRef:
        ref = ImageRef(
            id=f"img-{len(self._refs) + 1}",
            sha256=sha256,
            width=image.width,
            height=image.height,
            origin=origin,
            parent=parent,
            path=path,
            made=made,
        )
        self._refs.append(ref)
        self._pixels[ref.id] = image
        return ref

    def _made(self) -> Path:
        """The folder for images that tools make."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="scenograph-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def restore(self, refs: Iterable[ImageRef]) -> None:
        """Take in again what tools made in an earlier part of a run that goes on; those known already stay.

        Raises:
            UserError: If a file is gone or damaged.
        """
        for ref in refs:
            if ref.id not in self._pixels:
                self._pixels[ref.id] = decode(read(Path(ref.path)), ref.path)
                self._refs.append(ref)

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

    def entry(self, task: str) -> ModelEntry:
        """What the catalog says of the active model for a task, loaded or not.

        Raises:
            UserError: If the catalog has none.
        """
        return self._models.entry(task)

    def model(self, task: str) -> Any:
        """The active model for a task, loaded once for the process.

        Raises:
            UserError: If the catalog has none, or its weights are missing or not those of the catalog.
        """
        return self._models.get(task)
