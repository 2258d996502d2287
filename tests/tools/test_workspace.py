import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools import intake
from tools import workspace as workspace_module
from tools.catalog import ModelEntry
from tools.errors import ToolError, UserError
from tools.models import Models
from tools.terms import Cancelled, cancellable
from tools.workspace import Workspace


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 10)) + chunk(b"IEND", b"")


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
JPEG = encoded(NOISE, "JPEG")

BAD = {
    "empty": (b"", "is empty"),
    "text": (b"hello, I am a picture\n", "is not an image; use PNG, JPEG"),
    "truncated jpeg": (JPEG[: len(JPEG) // 2], "damaged or cut short"),
    "truncated png": (encoded(NOISE, "PNG")[:500], "damaged or cut short"),
    "header only": (JPEG[:10], "is not an image"),
    "no pixels": (png_header(0, 0), "no pixels|not an image"),
    "30000 x 30000": (png_header(30_000, 30_000), "too many pixels; shrink it to 50 megapixels"),
    "warned of by pillow": (png_header(12_000, 10_000), "pixels; shrink it to 50 megapixels"),
    "just too large": (png_header(8_000, 7_000), "8000 x 7000 pixels; shrink it to 50 megapixels"),
    "a format that is not allowed": (encoded(NOISE, "PPM"), "is not an image"),
    "noise": (bytes(range(256)) * 9, "is not an image"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_get_one_line(tmp_path: Path, name: str) -> None:
    data, reason = BAD[name]
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(UserError, match=reason) as caught:
        Workspace.open([path])
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert ";" in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such image: .*a.png; check the path"):
        Workspace.open([tmp_path / "a.png"])
    with pytest.raises(UserError, match="not a file"):
        Workspace.open([tmp_path])
    with pytest.raises(UserError, match="cannot read"):
        Workspace.open([tmp_path / ("x" * 300)])


def test_large_files_are_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate(intake.MAX_BYTES + 1)
    with pytest.raises(UserError, match="64 MB; shrink it to 64 MB"):
        Workspace.open([path])


@pytest.mark.parametrize("form", intake.FORMATS)
def test_every_format_is_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "picture"
    path.write_bytes(encoded(Image.new("RGB", (20, 10), "red"), form))
    workspace = Workspace.open([path])
    [ref] = workspace.images
    assert (ref.id, ref.width, ref.height, ref.path) == ("img-1", 20, 10, str(path))
    assert ref.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert workspace.image("img-1").mode == "RGB"


def test_exif_orientation_turns_the_image_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (20, 10), "white")
    image.paste("red", (0, 0, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.png"
    path.write_bytes(encoded(image, "PNG", exif=exif))
    workspace = Workspace.open([path])
    assert (workspace.images[0].width, workspace.images[0].height) == (10, 20)
    assert workspace.image("img-1").getpixel((5, 2)) == (255, 0, 0)
    assert workspace.image("img-1").getpixel((5, 17)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGBA", (4, 4), (0, 0, 0, 0)), (255, 255, 255)),
        (Image.new("LA", (4, 4), (10, 255)), (10, 10, 10)),
        (Image.fromarray(np.full((4, 4), 128 * 257, dtype=np.uint16)), (128, 128, 128)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
    ],
    ids=["transparent", "grey with alpha", "16 bit", "bilevel"],
)
def test_modes_become_rgb(image: Image.Image, expected: tuple[int, int, int]) -> None:
    assert intake.decode(encoded(image, "PNG"), "a").getpixel((1, 1)) == expected


def test_ids_follow_the_order_and_unknown_ones_name_the_known(tmp_path: Path) -> None:
    for name in ("b.png", "a.png"):
        (tmp_path / name).write_bytes(encoded(NOISE, "PNG"))
    workspace = Workspace.open([tmp_path / "b.png", str(tmp_path / "a.png")])
    assert [(ref.id, Path(ref.path).name) for ref in workspace.images] == [("img-1", "b.png"), ("img-2", "a.png")]
    with pytest.raises(ToolError, match="no image 'img-3'; there is: img-1, img-2"):
        workspace.image("img-3")


def test_models_are_the_active_ones_and_shared_by_workspaces() -> None:
    loaded: list[str] = []

    def load(entry: ModelEntry) -> str:
        loaded.append(entry.name)
        return entry.name

    models = Models(load)
    assert Workspace(models).model("segment") == Workspace(models).model("segment") == loaded[0]
    assert len(loaded) == 1


def test_pixels_go_when_they_are_too_many_and_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_module, "HELD", 2 * 64 * 64 * 3)
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(encoded(NOISE.rotate(90 * number), "PNG"))
    workspace = Workspace.open([tmp_path / f"{number}.png" for number in range(4)])
    first = workspace.image("img-1")
    assert workspace.image("img-1") is first
    for name in ("img-2", "img-3"):
        workspace.image(name)
    assert workspace.image("img-1") is not first
    assert workspace.image("img-1") == first


def test_what_a_tool_makes_takes_no_files_place(tmp_path: Path) -> None:
    mine = tmp_path / "img-1.png"
    Image.new("RGB", (8, 8), "red").save(mine)
    kept = mine.read_bytes()
    for _ in range(2):  # a run that goes on makes the same again
        workspace = Workspace(Models(), tmp_path)
        assert workspace.add(Image.new("RGB", (8, 8), "blue"), "generated").path == str(tmp_path / "img-1-2.png")
    assert mine.read_bytes() == kept


def test_ids_are_new_where_those_that_are_known_have_gaps(tmp_path: Path) -> None:
    made = Workspace(Models(), tmp_path)
    refs = [made.add(Image.new("RGB", (8 + n, 8)), "crop") for n in range(3)]
    again = Workspace(Models(), tmp_path)
    again.restore([refs[0], refs[2]])
    assert again.add(Image.new("RGB", (20, 8)), "crop").id == "img-4"
    assert again.image("img-3").size == (10, 8)


def test_a_made_picture_that_was_changed_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    ref = Workspace(Models(), tmp_path).add(Image.new("RGB", (8, 8), "red"), "edited")
    Image.new("RGB", (9, 9), "blue").save(ref.path)
    with pytest.raises(UserError, match="was changed"):
        Workspace(Models(), tmp_path).restore([ref])


def test_what_could_not_be_read_again_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace_module, "MAX_BYTES", 2**10)
    with pytest.raises(UserError, match="64 x 64 pixels has 0 MB"):
        Workspace(Models(), tmp_path).add(NOISE, "edited")
    assert not any(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write .*file"):
        Workspace(Models(), tmp_path / "file" / "made").add(NOISE, "edited")


def test_a_tool_for_which_nobody_waits_adds_nothing(tmp_path: Path) -> None:
    workspace = Workspace(Models(), tmp_path)
    with cancellable() as event:
        event.set()
        with pytest.raises(Cancelled):
            workspace.add(NOISE, "edited")
    assert workspace.images == []
