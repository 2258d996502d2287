"""The images of a run, by id, and the models that look at them. References travel in messages; pixels stay here."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from PIL import Image

from graphs.types import ImageRef, Made, Origin
from tools import provenance
from tools.catalog import ModelEntry
from tools.errors import ToolError, UserError
from tools.intake import MAX_BYTES, decode, read
from tools.models import SHARED, Models
from tools.seen import Seen, key
from tools.terms import check_cancelled

if TYPE_CHECKING:
    from tools.sight import Seer


_Given = tuple[Image.Image | None, tuple[int, int], str, str, Origin, str | None, Made | None]
"""Of an image: pixels, if decoded, width and height, SHA-256, path, origin, parent and how it was made."""

DECODED_AHEAD = 16

HELD = 2**29
"""Bytes of decoded pixels that a workspace holds: some fourteen photographs of twelve megapixels."""


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
        self._highest = 0  # number in an id; those that were restored may have gaps
        self._pixels: OrderedDict[str, Image.Image] = OrderedDict()
        self._lock = threading.RLock()

    @classmethod
    def open(
        cls,
        paths: Iterable[str | Path],
        models: Models = SHARED,
        folder: Path | None = None,
        left_out: list[str] | None = None,
    ) -> Workspace:
        """Take in image files; they get the ids `img-1`, `img-2`… in this order.

        Args:
            paths: Of the files.
            models: What tools look with.
            folder: Where images that tools make are written.
            left_out: Takes why files were left out; by default the first that cannot be taken in is an error.

        Raises:
            UserError: If one of them is missing, unreadable, too large, damaged or no image.
        """
        workspace = cls(models, folder)
        rest = iter(paths)

        def read_or_say(path: str | Path) -> _Given | UserError:
            try:
                return workspace._read(path)
            except UserError as error:
                return error

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            # So many at a time: pixels of more of them would take too much memory.
            while some := [*itertools.islice(rest, DECODED_AHEAD)]:
                for given in pool.map(read_or_say, some):
                    if not isinstance(given, UserError):
                        workspace._keep(*given)
                    elif left_out is None:
                        raise given
                    else:
                        left_out.append(str(given))
        return workspace

    def take(self, path: str | Path) -> ImageRef:
        """Take in one more image file; it gets the next id. One that says that a tool made it counts as made.

        Raises:
            UserError: If it is missing, unreadable, too large, damaged or no image.
            Cancelled: Nobody waits for the tool that asks.
        """
        with self._lock:
            check_cancelled()
            return self._keep(*self._read(path))

    def _read(self, path: str | Path) -> _Given:
        """What there is to know of an image file, without taking it in."""
        data = read(Path(path))
        digest = hashlib.sha256(data).hexdigest()
        image, size = None, self._size(digest)
        if size is None:
            image = decode(data, str(path))
            size = image.size
            if self.seen is not None:
                self.seen.put({_size_key(digest): orjson.dumps(size)})
        made = provenance.read(data)
        return image, size, digest, str(path), provenance.origin(made), None, made

    def _size(self, digest: str) -> tuple[int, int] | None:
        """Width and height of a picture that was decoded before, so that it need not be to be known as sound."""
        key = _size_key(digest)
        if self.seen is None or (known := self.seen.get([key]).get(key)) is None:
            return None
        width, height = orjson.loads(known)
        return width, height

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
            UserError: If it cannot be written, or would be larger than what can be read again.
            Cancelled: Nobody waits for the tool that made it.
        """
        buffer = io.BytesIO()
        image.save(buffer, "PNG", pnginfo=provenance.stamp(made) if made else None)
        data = buffer.getvalue()
        if len(data) > MAX_BYTES:
            size = f"{len(data) / 2**20:.0f} MB, and {MAX_BYTES // 2**20} MB are read"
            raise UserError(f"the picture of {image.width} x {image.height} pixels has {size}: make a smaller one")
        with self._lock:
            check_cancelled()
            try:
                path = self._free(self._next_id, data)
                path.write_bytes(data)
            except OSError as error:
                where = error.filename or self._folder
                raise UserError(f"cannot write {where} ({error.strerror}): free some space") from error
            return self._keep(image, image.size, hashlib.sha256(data).hexdigest(), str(path), origin, parent, made)

    def _free(self, stem: str, data: bytes) -> Path:
        """Where to write an image: not in the place of another file, unless that is the same."""
        names = itertools.chain([f"{stem}.png"], (f"{stem}-{number}.png" for number in itertools.count(2)))
        paths = (self._made() / name for name in names)
        return next(path for path in paths if not path.exists() or path.read_bytes() == data)

    def _keep(
        self,
        image: Image.Image | None,
        size: tuple[int, int],
        sha256: str,
        path: str,
        origin: Origin,
        parent: str | None,
        made: Made | None,
    ) -> ImageRef:
        ref = ImageRef(
            id=self._next_id,
            sha256=sha256,
            width=size[0],
            height=size[1],
            origin=origin,
            parent=parent,
            path=path,
            made=made,
        )
        self._append(ref)
        if image is not None:
            self._hold(ref.id, image)
        return ref

    @property
    def _next_id(self) -> str:
        return f"img-{self._highest + 1}"

    def _append(self, ref: ImageRef) -> None:
        self._refs.append(ref)
        self._highest = max(self._highest, int(ref.id.rpartition("-")[2]))

    def _hold(self, image_id: str, image: Image.Image) -> None:
        """Keep pixels; the least recently used go when all would exceed `HELD`, for they can be had from their files.

        The latest stay, however many they are.
        """
        with self._lock:
            self._pixels[image_id] = image
            self._pixels.move_to_end(image_id)
            while len(self._pixels) > 1 and sum(map(_bytes, self._pixels.values())) > HELD:
                self._pixels.popitem(last=False)

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
            UserError: If a file is gone, or was changed.
        """
        with self._lock:
            known = {ref.id for ref in self._refs}
            for ref in refs:
                if ref.id not in known:
                    self._append(ref)
                    self.image(ref.id)

    @property
    def images(self) -> list[ImageRef]:
        """References to the images, in order."""
        return list(self._refs)

    def ref(self, image_id: str) -> ImageRef:
        """The reference to an image.

        Raises:
            ToolError: If there is no such image.
        """
        for known in self._refs:
            if known.id == image_id:
                return known
        raise ToolError(f"no image {image_id!r}; there is: {', '.join(ref.id for ref in self._refs) or 'none'}")

    def image(self, image_id: str) -> Image.Image:
        """The pixels of an image: RGB, upright; shared, so copy before drawing on it.

        Raises:
            ToolError: If there is no such image.
            UserError: If its file is gone or was changed since it was taken in.
        """
        ref = self.ref(image_id)
        image = self._pixels.get(image_id)
        if image is None:
            data = read(Path(ref.path))
            if hashlib.sha256(data).hexdigest() != ref.sha256:
                raise UserError(f"{ref.path} was changed while it was looked at; ask again")
            image = decode(data, ref.path)
        self._hold(image_id, image)
        return image

    @property
    def seen(self) -> Seen | None:
        """What was seen before, by any run; none where models are not to be remembered."""
        return self._models.seen

    def entry(self, task: str) -> ModelEntry:
        """What the catalog says of the active model for a task, loaded or not.

        Raises:
            UserError: If the catalog has none.
        """
        return self._models.entry(task)

    def has(self, task: str) -> bool:
        """Whether the catalog has an active model for a task."""
        return self._models.has(task)

    def model(self, task: str) -> Any:
        """The active model for a task, loaded once for the process.

        Raises:
            UserError: If the catalog has none, or its weights are missing or not those of the catalog.
        """
        return self._models.get(task)


def _bytes(image: Image.Image) -> int:
    return image.width * image.height * len(image.getbands())


def _size_key(digest: str) -> str:
    return key("size", digest, _pillow())


@cache
def _pillow() -> str:
    return version("pillow")
