"""Reading a picture that somebody gave us, or saying in one line why not. Keeping it is the workspace's concern."""

from __future__ import annotations

import glob
import io
import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageOps, features

from tools.errors import UserError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".webp",
    ".bmp",
    ".gif",
    ".tif",
    ".tiff",
    ".heic",
    ".heif",
    ".avif",
)
"""What files in a folder are called that are taken for pictures; a file that is named itself may be called anything."""

MAX_BYTES = 64 * 2**20
# A decoded RGB picture of this size takes 150 MB; today's telephones take up to 50 megapixels.
MAX_PIXELS = 50_000_000
MAX_SECONDS = 30.0
MAX_FILES = 10_000

Result = TypeVar("Result")

# Pillow logs what is wrong with a file before it raises; where nobody listens, Python would print it.
logging.getLogger("PIL").addHandler(logging.NullHandler())
# Likewise it warns of oddities in metadata, which do not matter here. Once for the process: pictures are decoded in
# several threads, which would undo each other's filters.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # `MAX_PIXELS` is stricter


def gather(names: Iterable[str]) -> list[Path]:
    """The files that names stand for: files as they are, the pictures in folders, and what patterns match; each once.

    Args:
        names: Paths of files or folders, or patterns such as `shots/**/*.png`.

    Raises:
        UserError: If a folder holds no picture, a pattern matches nothing, or there are more than `MAX_FILES`.
    """
    found: list[Path] = []
    for name in names:
        try:
            found += _named(name)
        except (OSError, RuntimeError, ValueError) as error:  # too long a name, no such home, no such pattern
            reason = getattr(error, "strerror", None) or error
            raise UserError(f"cannot read {name[:80]}: {reason}; check the path") from error
        if len(found) > MAX_FILES:
            raise UserError(f"{name} brings the pictures to more than {MAX_FILES}; give fewer at a time")
    return list(dict.fromkeys(found))


def _named(name: str) -> list[Path]:
    if not name.strip():
        raise UserError("the name of an image is empty; check what should stand in its place")
    path = Path(name).expanduser()
    if path.is_dir():
        here = images_in(path)
        if not here:
            raise UserError(f"no pictures in {name}; name another folder, or the files themselves")
        return here
    if not path.exists() and glob.has_magic(name):
        root = Path(path.anchor)
        here = sorted(one for one in root.glob(str(path.relative_to(root))) if one.is_file())
        if not here:
            raise UserError(f"nothing matches {name}; check the pattern")
        return here
    return [path]


def images_in(folder: Path) -> list[Path]:
    """The pictures in a folder, by what they are called, in the order of their names; not those of folders in it.

    Raises:
        UserError: If the folder cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror or error}; check its permissions") from error


def read(path: Path) -> bytes:
    """The bytes of a picture file.

    Raises:
        UserError: If there is no such file, it is empty, unreadable or larger than `MAX_BYTES`, or its name is no text.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:  # no graph or report could name it
        name = os.fsencode(path).decode("utf-8", "replace")
        raise UserError(f"the name of {name} is not in UTF-8; rename the file") from error
    try:
        if not path.exists():
            raise UserError(f"no such image: {path}; check the path")
        if not path.is_file():
            raise UserError(f"not a file: {path}; name an image file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UserError(f"{path} has {size / 2**20:.0f} MB; shrink it to {MAX_BYTES // 2**20} MB or less")
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}; check its permissions") from error
    if not data:
        raise UserError(f"{path} is empty; get a whole copy of the image")
    return data


def picture(path: str | Path) -> Image.Image:
    """A picture file as `read` and `decode` give it: RGB, upright, within their limits.

    Raises:
        UserError: As these do.
    """
    return decode(read(Path(path)), str(path))


def decode(data: bytes, name: str) -> Image.Image:
    """Decode a picture, turned upright as its EXIF orientation says, on white where it is transparent.

    Args:
        data: The bytes of a file in one of `FORMATS`, or in AVIF or HEIC where libraries for them are there; of an
            animation the first frame is taken.
        name: What to call it in an error.

    Returns:
        An RGB image of at most `MAX_PIXELS` pixels.

    Raises:
        UserError: If it is no such picture, is too large, is damaged, or takes longer than `MAX_SECONDS`.
    """
    made = in_time(lambda: _decoded(data, name), MAX_SECONDS)
    if made is None:
        raise UserError(f"{name} takes longer than {MAX_SECONDS:.0f} s to decode; save it anew, smaller")
    return made


def in_time(work: Callable[[], Result], seconds: float) -> Result | None:
    """What work gives or raises; none if it takes longer.

    Neither a decoder in C nor a read from the network can be stopped from without: the work goes on in a thread that is
    left behind, and holds no process back from ending.
    """
    made: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            made.append(work())
        except BaseException as error:  # handed to the caller, whatever it is
            failed.append(error)

    thread = threading.Thread(target=run, name="in-time", daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    if failed:
        raise failed[0]
    return made[0] if made else None


def _decoded(data: bytes, name: str) -> Image.Image:
    image = _opened(data, name)
    width, height = image.size
    if width < 1 or height < 1:
        raise UserError(f"{name} has no pixels ({width} x {height}); use another image")
    if width * height > MAX_PIXELS:
        raise UserError(
            f"{name} has {width} x {height} pixels; shrink it to {MAX_PIXELS // 1_000_000} megapixels or less"
        )
    try:
        return _rgb(_upright(image))
    except Exception as error:  # On malformed files Pillow raises at least seven unrelated types of exception.
        raise UserError(f"{name} is damaged or cut short; get a whole copy of the image") from error


def _opened(data: bytes, name: str) -> Image.Image:
    """The image with its header read, its pixels not yet."""
    known = formats()
    try:
        return Image.open(io.BytesIO(data), formats=known)
    except Image.DecompressionBombError as error:
        raise UserError(
            f"{name} has far too many pixels; shrink it to {MAX_PIXELS // 1_000_000} megapixels or less"
        ) from error
    except Exception as error:  # See above: as many types as there are ways to be malformed.
        raise UserError(f"{name} is not an image; use {', '.join(known[:-1])} or {known[-1]}") from error


@cache
def formats() -> tuple[str, ...]:
    """The formats that can be read here: `FORMATS`, and AVIF and HEIC where libraries for them are installed."""
    found = list(FORMATS)
    if features.check("avif"):
        found.append("AVIF")
    try:
        import pillow_heif
    except ImportError:
        return tuple(found)
    pillow_heif.register_heif_opener()
    return (*found, "HEIF")


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF orientation says; damaged metadata leaves a sound picture as it is."""
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # what the parser of EXIF raises on nonsense has no type of its own
        return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow's own conversion clips 16-bit greys at 255, which turns most of the picture white.
        image = _halved(image)
    elif image.mode in ("I", "F"):
        image = _stretched(image)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        made = Image.new("RGB", layer.size, "white")
        made.paste(layer, mask=layer.getchannel("A"))
        return made
    return image.convert("RGB")


def _halved(image: Image.Image) -> Image.Image:
    """Greys of 16 bits, in whichever order of bytes, in 8."""
    import numpy as np

    return Image.fromarray((np.asarray(image) // 257).astype(np.uint8))


def _stretched(image: Image.Image) -> Image.Image:
    """Greys of 32 bits, whole numbers or not, with their lowest as black and their highest as white.

    Depth maps say with infinity, or no number, that nothing was measured: the others' scale is not theirs to set.
    """
    import numpy as np

    values = np.asarray(image, dtype=np.float64)
    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() == finite.max():
        return Image.new("L", image.size, 128)
    low, high = float(finite.min()), float(finite.max())
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    return Image.fromarray(((values - low) / (high - low) * 255).astype(np.uint8))
