"""Pictures of every kind that may come, sound and broken."""

import io
import os
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from evals.benchmarks.intake import damaged
from tools import intake
from tools.errors import UserError

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("form", [*intake.FORMATS, "AVIF"])
def test_formats(form: str) -> None:
    if form == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    made = intake.decode(encoded(NOISE, form), "a")
    assert (made.mode, made.size) == ("RGB", (64, 48))


@pytest.mark.parametrize(
    ("image", "form", "expected"),
    [
        (Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "JPEG", (254, 0, 0)),
        (Image.new("P", (4, 4), 1), "PNG", None),
        (Image.fromarray(np.array([[0, 2**20], [0, 2**20]], dtype=np.int32)), "TIFF", (255, 255, 255)),
        (Image.fromarray(np.array([[0.0, 1.5], [-1.5, 1.5]], dtype=np.float32)), "TIFF", (255, 255, 255)),
        (Image.fromarray(np.full((2, 2), 7.0, dtype=np.float32)), "TIFF", (128, 128, 128)),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 127)), "PNG", (255, 128, 128)),
    ],
    ids=["cmyk", "palette", "32 bit", "float", "flat float", "half transparent"],
)
def test_modes(image: Image.Image, form: str, expected: tuple[int, int, int] | None) -> None:
    if image.mode == "P":
        image.putpalette([0, 0, 0, 12, 34, 56])
        expected = (12, 34, 56)
    pixel = intake.decode(encoded(image, form), "a").getpixel((1, 1))
    assert pixel == pytest.approx(expected, abs=2)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert intake.decode(data, "a").getpixel((4, 4)) == (255, 0, 0)


def test_damaged_metadata_leave_a_picture_as_it_is() -> None:
    data = encoded(NOISE, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff nonsense")
    assert intake.decode(data, "a").size == (64, 48)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_damaged_pictures_are_read_or_refused_in_one_line(form: str) -> None:
    outcomes = []
    for data in damaged(form, range(50)):
        try:
            outcomes.append(intake.decode(data, "a").mode)
        except UserError as error:
            outcomes.append(str(error))
    refused = [one for one in outcomes if one != "RGB"]
    assert len(refused) > 5
    assert not any("\n" in one for one in refused)


def test_what_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(data: bytes, name: str) -> Image.Image:
        time.sleep(0.5)
        return NOISE

    monkeypatch.setattr(intake, "_decoded", slow)
    monkeypatch.setattr(intake, "MAX_SECONDS", 0.05)
    with pytest.raises(UserError, match="takes longer than 0 s"):
        intake.decode(b"", "a")


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[..., list[str]]:
    """A folder with pictures, another in it, and a file that is none; gives the names that some arguments stand for."""
    for name in ("b.png", "a.JPG", "notes.txt", "in/c.webp"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")

    def gathered(*names: str) -> list[str]:
        found = intake.gather(str(tmp_path / name) for name in names)
        return [path.relative_to(tmp_path).as_posix() for path in found]

    return gathered


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["b.png"], ["b.png"]),
        (["."], ["a.JPG", "b.png"]),
        (["in", "b.png", "."], ["in/c.webp", "b.png", "a.JPG"]),
        (["*.png"], ["b.png"]),
        (["**/*.webp"], ["in/c.webp"]),
        (["missing.png"], ["missing.png"]),
        (["notes.txt"], ["notes.txt"]),
    ],
)
def test_files_folders_and_patterns(shelf: Callable[..., list[str]], names: list[str], found: list[str]) -> None:
    assert shelf(*names) == found


def test_folders_and_patterns_with_nothing_in_them(shelf: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no pictures in .*empty"):
        shelf("empty")
    with pytest.raises(UserError, match="nothing matches .*gif"):
        shelf("*.gif")


@pytest.mark.parametrize("name", ["x" * 300, "~nobody-of-this-name/x.png", "shots/a**.png"])
def test_names_that_are_none_are_one_line(name: str) -> None:
    with pytest.raises(UserError, match="cannot read .*; check the path"):
        intake.gather([name])


def test_a_name_that_no_text_can_hold_is_refused(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    Image.new("RGB", (9, 9)).save(path)
    with pytest.raises(UserError, match="is not in UTF-8; rename the file"):
        intake.read(path)


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_greys_of_16_bits_are_read_in_either_order_of_bytes(order: str, tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 12).reshape(3, 4).astype(order)
    Image.frombytes("I;16B" if order == ">u2" else "I;16", (4, 3), values.tobytes()).save(tmp_path / "a.tif")
    grey = np.asarray(intake.picture(tmp_path / "a.tif"))[..., 0]
    assert np.abs(grey.astype(int) - values.astype(int) // 257).max() <= 1


def test_decoding_in_threads_leaves_the_warnings_of_others_alone(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    data, before = (tmp_path / "a.png").read_bytes(), list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: intake.decode(data, "a.png"), range(100)))
    assert warnings.filters == before


def test_what_was_not_measured_leaves_the_scale_of_a_depth_map_alone() -> None:
    depths = np.array([[0.0, 5.0, 10.0], [np.inf, -np.inf, np.nan]], dtype=np.float32)
    made = intake.decode(encoded(Image.fromarray(depths), "TIFF"), "a")
    assert np.asarray(made)[..., 0].tolist() == [[0, 127, 255], [255, 0, 0]]
    nothing = Image.fromarray(np.full((2, 2), np.inf, dtype=np.float32))
    assert intake.decode(encoded(nothing, "TIFF"), "a").getpixel((0, 0)) == (128, 128, 128)
