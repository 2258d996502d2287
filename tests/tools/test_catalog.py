import hashlib
import threading
import time
from pathlib import Path

import pytest

from graphs.taxonomy import CATEGORIES
from tools.catalog import ModelEntry, Source, active, checksum, entries, record, verified
from tools.errors import UserError
from tools.models import Models, load


def entry(**changes: object) -> ModelEntry:
    fields = {
        "name": "m",
        "task": "segment",
        "backend": "ultralytics",
        "sources": [{"kind": "repo", "location": "weights/m.pt"}],
        "licence": "MIT",
        "status": "active",
    }
    return ModelEntry.model_validate(fields | changes)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog with one model, recorded."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/m.pt").write_bytes(b"weights")
    path = tmp_path / "entries.json"
    record(entry(), {"map": 0.5}, path)
    return path


def test_the_catalog_of_the_project() -> None:
    assert active("segment").name == "diorama-yolo26n-seg"
    assert active("segment").classes == CATEGORIES
    assert active("plan").name == "diorama-planner"
    names = [known.name for known in entries()]
    assert len(set(names)) == len(names)
    tasks = [known.task for known in entries() if known.status == "active"]
    assert len(set(tasks)) == len(tasks)
    with pytest.raises(UserError, match="no active model for task 'fly'.*plan, read, recognise, segment"):
        active("fly")


def test_recording_measures_the_weights(catalog: Path) -> None:
    written = active("segment", catalog)
    assert (written.size, written.sha256) == (7, hashlib.sha256(b"weights").hexdigest())
    assert written.metrics == {"map": 0.5}
    record(entry(name="n", status="candidate"), path=catalog)
    (catalog.parent / "weights/m.pt").write_bytes(b"better weights")
    record(written, path=catalog)
    assert [(known.name, known.size) for known in entries(catalog)] == [("m", 14), ("n", 7)]
    assert active("segment", catalog).metrics == {"map": 0.5}


def test_weights_that_differ_are_refused(catalog: Path) -> None:
    known = active("segment", catalog)
    assert verified(known, catalog.parent).read_bytes() == b"weights"
    (catalog.parent / "weights/m.pt").write_bytes(b"weightz")
    with pytest.raises(UserError, match="sha256 differs"):
        verified(known, catalog.parent)
    with pytest.raises(UserError, match="sha256 differs"):
        verified(entry(), catalog.parent)
    (catalog.parent / "weights/m.pt").unlink()
    with pytest.raises(UserError, match="weights missing"):
        verified(known, catalog.parent)


def test_the_loader_checks_before_it_loads(tmp_path: Path) -> None:
    weights = tmp_path / "m.pt"
    weights.write_bytes(b"not even a checkpoint")
    source = Source(kind="file", location=str(weights))
    with pytest.raises(UserError, match="sha256 differs"):
        load(entry(sources=[source], sha256="0" * 64))
    with pytest.raises(UserError, match="backend 'abacus'"):
        load(entry(backend="abacus"))
    with pytest.raises(UserError, match="models pull m"):
        load(entry(sources=[Source(kind="hub", location="a/b")]))


def test_checksum_of_a_folder_sees_names_and_contents(tmp_path: Path) -> None:
    def folder(name: str, **files: str) -> str:
        for file, text in files.items():
            path = tmp_path / name / file.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return checksum(tmp_path / name)

    first = folder("a", x="1", sub__y="2")
    assert folder("b", sub__y="2", x="1") == first
    assert folder("c", x="1", sub__z="2") != first
    assert folder("d", x="1", sub__y="3") != first


def test_threads_that_come_together_load_once() -> None:
    loaded: list[str] = []

    def slow(known: ModelEntry) -> object:
        time.sleep(0.05)
        loaded.append(known.name)
        return object()

    models = Models(slow)
    got: list[object] = []
    threads = [threading.Thread(target=lambda: got.append(models.get("segment"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loaded) == 1
    assert len(got) == 4
    assert len(set(map(id, got))) == 1
