"""Files that pretend to be weights and carry code: none of it may run, whichever way they come in."""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.catalog import ModelEntry, Source, checksum
from tools.catalog.adding import describe
from tools.detector import Detector
from tools.errors import UserError


def calling(module: str, name: str, argument: str) -> bytes:
    """A pickle that calls a function with a string, in the text form that any version reads."""
    return f"c{module}\n{name}\n(S{argument!r}\ntR.".encode()


def zipped(data: bytes) -> bytes:
    """A checkpoint as torch writes it, with this pickle in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


class Touch:
    """Unpickled by a loader that runs code, it makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Path]]:
        return Path.touch, (self.marker,)


def nested(marker: str) -> bytes:
    return zipped(pickle.dumps({"model": {"0.weight": [Touch(Path(marker))]}, "train_args": {}}, protocol=2))


def long_opcode(marker: str) -> bytes:
    """The function's names on the stack, as newer protocols have them."""
    text = "".join(chr(ord(letter)) for letter in f"touch {marker}").encode()
    names = b"".join(b"X" + struct.pack("<I", len(one)) + one for one in (b"os", b"system"))
    return zipped(b"\x80\x04" + names + b"\x93X" + struct.pack("<I", len(text)) + text + b"\x85R.")


CRAFTED: dict[str, Callable[[str], bytes]] = {
    "os.system": lambda marker: zipped(calling("os", "system", f"touch {marker}")),
    "posix.system": lambda marker: zipped(calling("posix", "system", f"touch {marker}")),
    "eval": lambda marker: zipped(calling("builtins", "eval", f"open('{marker}', 'w')")),
    "exec": lambda marker: zipped(calling("builtins", "exec", f"open('{marker}', 'w')")),
    "subprocess": lambda marker: zipped(calling("subprocess", "getoutput", f"touch {marker}")),
    "a module of ultralytics": lambda marker: zipped(calling("ultralytics.utils.os", "system", f"touch {marker}")),
    "a module of torch": lambda marker: zipped(calling("torch.serialization.os", "system", f"touch {marker}")),
    "the older form without a zip": lambda marker: calling("os", "system", f"touch {marker}"),
    "deep in a state dict": nested,
    "names on the stack": long_opcode,
}


@pytest.mark.parametrize("name", CRAFTED)
def test_nothing_in_crafted_weights_is_run(tmp_path: Path, name: str) -> None:
    marker = tmp_path / "ran"
    path = tmp_path / "crafted.pt"
    path.write_bytes(CRAFTED[name](str(marker)))
    source = Source(kind="file", location=str(path))
    entry = ModelEntry(
        name="crafted", task="segment", backend="ultralytics", sources=(source,), licence="MIT", sha256=checksum(path)
    )
    with pytest.raises(UserError, match="cannot be loaded") as caught:
        Detector(entry)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="cannot be loaded"):
        describe(path)
    assert not marker.exists()


@pytest.mark.parametrize("name", ["os.system", "the older form without a zip", "deep in a state dict"])
def test_the_crafted_files_do_run_where_nobody_takes_care(tmp_path: Path, name: str) -> None:
    data = CRAFTED[name](str(tmp_path / "ran"))
    if zipfile.is_zipfile(io.BytesIO(data)):
        data = zipfile.ZipFile(io.BytesIO(data)).read("archive/data.pkl")
    pickle.loads(data)
    assert (tmp_path / "ran").exists()
