"""Reading a picture that somebody gave us, or saying in one line why not. Keeping it is the workspace's concern."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from tools.errors import UserError

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
MAX_BYTES = 64 * 2**20
# A decoded RGB picture of this size takes 150 MB; today's telephones take up to 50 megapixels.
MAX_PIXELS = 50_000_000


def read(path: Path) -> bytes:
    """The bytes of a picture file.

    Raises:
        UserError: If there is no such file, or it is empty, unreadable or larger than `MAX_BYTES`.
    """
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


def decode(data: bytes, name: str) -> Image.Image:
    """Decode a picture, turned upright as its EXIF orientation says, on white where it is transparent.

    Args:
        data: The bytes of a file in one of `FORMATS`; of an animation the first frame is taken.
        name: What to call it in an error.

    Returns:
        An RGB image of at most `MAX_PIXELS` pixels.

    Raises:
        UserError: If it is no such picture, is too large, or is damaged.
    """
    with warnings.catch_warnings():
        # Pillow warns of oddities in metadata, which do not matter here, and of bombs, which do.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = _opened(data, name)
        width, height = image.size
        if width < 1 or height < 1:
            raise UserError(f"{name} has no pixels ({width} x {height}); use another image")
        if width * height > MAX_PIXELS:
            raise UserError(
                f"{name} has {width} x {height} pixels; shrink it to {MAX_PIXELS // 1_000_000} megapixels or less"
            )
        try:
            return _rgb(ImageOps.exif_transpose(image))
        except Exception as error:  # On malformed files Pillow raises at least seven unrelated types of exception.
            raise UserError(f"{name} is damaged or cut short; get a whole copy of the image") from error


def _opened(data: bytes, name: str) -> Image.Image:
    """The image with its header read, its pixels not yet."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError(
            f"{name} has far too many pixels; shrink it to {MAX_PIXELS // 1_000_000} megapixels or less"
        ) from error
    except Exception as error:  # See above: as many types as there are ways to be malformed.
        raise UserError(f"{name} is not an image; use {', '.join(FORMATS[:-1])} or {FORMATS[-1]}") from error


def _rgb(image: Image.Image) -> Image.Image:
    image.load()
    if image.mode.startswith("I;16"):
        # Pillow's own conversion clips 16-bit greys at 255, which turns most of the picture white.
        image = image.point(lambda value: value / 257, "L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")
