"""A YOLO exported to OpenVINO, against torch. Untrained weights suffice: both must see the same nonsense."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tools import exported
from tools.catalog import ModelEntry, Source, active, checksum
from tools.detector import Detector
from tools.errors import UserError
from tools.memory import with_room

torch = pytest.importorskip("torch")

PARK = Path(__file__).parents[2] / "examples" / "park.png"

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # ultralytics' export still uses it
@pytest.mark.skipif(torch.cuda.is_available(), reason="with a GPU nothing is exported")
def test_the_export_sees_what_torch_sees() -> None:
    entry = active("segment")
    find = Detector(entry, confidence=0.01)
    image = Image.open(PARK).convert("RGB")
    images = [image, image.crop((0, 0, 300, 400)), image.rotate(90, expand=True)]
    by_torch = [find(one) for one in images]
    find.hasten()
    assert exported.usable(entry)
    again = Detector(entry, confidence=0.01)
    for detector in (find, again):
        for before, after in zip(by_torch, [detector(one) for one in images], strict=True):
            sure = [one for one in before if one.score > 0.05]
            assert sure
            for one, other in zip(sure, after, strict=False):
                assert (one.label, other.label) == (one.label, one.label)
                assert np.abs(np.subtract(one.box, other.box)).max() < 0.5
                assert abs(one.score - other.score) < 0.02  # where CPUs calculate in 16 bits; in 32: 0.0001
                assert one.mask is not None
                assert other.mask is not None
                assert (one.mask != other.mask).mean() < 0.001


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.skipif(torch.cuda.is_available(), reason="with a GPU nothing is exported")
def test_any_number_of_places_may_be_sure() -> None:
    entry = active("segment")
    seen = exported.Exported(exported.export(entry))
    image = np.asarray(Image.open(PARK).convert("RGB"))
    scores: list[float] = []
    raw = seen.raw

    def told(pixels: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        outputs = raw(pixels)
        scores[:] = np.sort(outputs[0][0, 4 : 4 + len(seen.names)].max(0))[::-1].tolist()
        return outputs

    seen.raw = told  # type: ignore[assignment]
    assert len(seen(image, 416, 0.9)) > 0
    for sure in range(1, 10):
        found = seen(image, 416, (scores[sure - 1] + scores[sure]) / 2)
        assert 1 <= len(found) <= sure
        assert found.mask.any((1, 2)).all()


def test_what_is_no_checkpoint_is_not_exported(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(b"weights")
    source = Source(kind="file", location=str(path))
    entry = ModelEntry(name="a", task="segment", backend="ultralytics", sources=(source,), licence="MIT")
    assert not exported.possible(entry)
    (tmp_path / "b.pt").write_bytes(b"weights")
    damaged = entry.model_copy(
        update={
            "sources": (Source(kind="file", location=str(tmp_path / "b.pt")),),
            "sha256": checksum(tmp_path / "b.pt"),
        }
    )
    if exported.possible(damaged):
        with pytest.raises(UserError, match="cannot be loaded as a YOLO"):
            exported.export(damaged)
        assert list(exported.path(damaged).parent.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="with a GPU nothing is exported")
def test_where_the_export_cannot_be_used_torch_goes_on() -> None:
    entry = active("segment")
    exported.path(entry).mkdir(parents=True)
    (exported.path(entry) / "metadata.yaml").write_text("names: {0: dog")
    find = Detector(entry)
    find.hasten()
    assert "dog" in [one.label for one in find(Image.open(PARK).convert("RGB"))]


class Gpu:
    """Stands in for a model on a GPU that has memory for so many images at once, and for a CPU that has for all."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.on_cpu = False
        self.asked: list[int] = []

    def run(self, items: Sequence[int]) -> list[int]:
        self.asked.append(len(items))
        if len(items) > self.room:
            raise torch.OutOfMemoryError
        return [item * 2 for item in items]

    def to_cpu(self) -> None:
        self.room = 1000
        self.on_cpu = True


@pytest.mark.parametrize(("room", "asked"), [(16, [8]), (4, [8, 4, 4]), (2, [8, 4, 8]), (0, [8, 4, 8])])
def test_short_memory_means_a_smaller_batch_once_and_then_the_cpu(room: int, asked: list[int]) -> None:
    gpu = Gpu(room)
    items = list(range(8))
    assert with_room(gpu.run, items, gpu.to_cpu) == [item * 2 for item in items]
    assert gpu.asked == asked
    assert gpu.on_cpu == (room < 4)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_first_looks_at_once_do_not_wait_for_each_other(tmp_path: Path) -> None:
    import openvino

    model = openvino.convert_model(torch.nn.ReLU(), example_input=torch.zeros(1, 3, 8, 8), input=[-1, 3, 8, 8])
    openvino.save_model(model, tmp_path / "model.xml")
    script = f"""
import sys, threading
from pathlib import Path
import numpy as np
from tools.exported import Compiled

compiled, ready = Compiled(Path({str(tmp_path)!r})), threading.Barrier(4)
sys.setswitchinterval(1e-6)

def look():
    ready.wait()
    compiled(np.zeros((1, 3, 8, 8), dtype=np.float32))

threads = [threading.Thread(target=look) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)  # a process, where none has looked yet


def test_of_two_that_finish_at_once_the_first_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = active("segment")
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.xml").write_text(name)
    exported.path(entry).parent.mkdir(parents=True)
    looked = iter([False, False, True])  # both look before either is done
    monkeypatch.setattr(exported, "ready", lambda entry: next(looked))
    placed = [exported._placed(tmp_path / name, entry) for name in ("first", "second")]
    assert [(path / "model.xml").read_text() for path in placed] == ["first", "first"]


def test_an_export_that_cannot_be_placed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    with pytest.raises(FileNotFoundError):
        exported._placed(tmp_path / "made", active("segment"))
