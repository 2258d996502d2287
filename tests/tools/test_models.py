"""Which model is given out, and who waits for whom while one is loaded."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.catalog import ModelEntry, Source
from tools.catalog.changes import choose, keep
from tools.models import Models, identity

pytestmark = pytest.mark.usefixtures("home")

SECONDS = 10.0
"""How long what must happen may take."""


def entry(name: str, folder: Path, **changes: object) -> ModelEntry:
    weights = folder / name
    weights.write_bytes(b"weights")
    source = Source(kind="file", location=str(weights))
    fields = {"name": name, "task": "segment", "backend": "fake", "sources": (source,), "licence": "MIT", "sha256": "1"}
    return ModelEntry.model_validate(fields | changes)


class Slow:
    """Stands in for a loader: waits, where it is told to, and keeps what it loaded."""

    def __init__(self, *slow: str) -> None:
        self.slow = slow
        self.began: list[str] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, known: ModelEntry) -> str:
        self.began.append(known.name)
        if known.name in self.slow:
            self.begun.set()
            assert self.go_on.wait(SECONDS)
        return known.name


def test_what_counts_of_an_entry_loads_it_anew_and_so_does_its_namer(tmp_path: Path) -> None:
    namer = entry("namer", tmp_path, task="recognise")
    seer = entry("seer", tmp_path, namer="namer")
    for one in (namer, seer):
        keep(one)
    choose("seer")
    models = Models(lambda _: object())
    known = [models.get("segment")]
    for changed in (
        namer.model_copy(update={"sha256": "2"}),
        seer.model_copy(update={"confidence": 0.5}),
        seer.model_copy(update={"confidence": 0.5, "image_size": 320}),
        seer.model_copy(update={"confidence": 0.5, "image_size": 320, "sha256": "2"}),
    ):
        keep(changed)
        known.append(models.get("segment"))
    assert len(set(map(id, known))) == len(known)
    keep(changed.model_copy(update={"metrics": {"map": 0.5}}))
    assert models.get("segment") is known[-1]
    assert identity(changed) != identity(changed.model_copy(update={"namer": ""}))


def test_a_loaded_model_does_not_wait_for_the_loading_of_another(tmp_path: Path) -> None:
    for name, task in (("quick", "classify"), ("slow", "embed")):
        keep(entry(name, tmp_path, task=task))
        choose(name)
    load = Slow("slow")
    models = Models(load)
    models.get("classify")
    with ThreadPoolExecutor() as pool:
        slow = [pool.submit(models.get, "embed") for _ in range(2)]
        assert load.begun.wait(SECONDS)
        try:
            assert pool.submit(models.get, "classify").result(SECONDS) == "quick"
        finally:
            load.go_on.set()
        assert [one.result(SECONDS) for one in slow] == ["slow", "slow"]
    assert load.began == ["quick", "slow"]


def test_two_that_do_not_fit_together_are_loaded_one_after_the_other(tmp_path: Path) -> None:
    for name, task, memory in (("large", "classify", 60), ("larger", "embed", 70), ("small", "read", 20)):
        keep(entry(name, tmp_path, task=task, memory=memory))
        choose(name)
    load = Slow("large")
    models = Models(load, limit=100)
    with ThreadPoolExecutor() as pool:
        large = pool.submit(models.get, "classify")
        assert load.begun.wait(SECONDS)
        larger = pool.submit(models.get, "embed")
        try:
            assert pool.submit(models.get, "read").result(SECONDS) == "small"
            assert load.began == ["large", "small"]
        finally:
            load.go_on.set()
        assert (large.result(SECONDS), larger.result(SECONDS)) == ("large", "larger")
    assert (models.get("embed"), models.get("classify")) == ("larger", "large")
    assert load.began == ["large", "small", "larger", "large"]


def test_what_could_not_be_loaded_is_tried_again_and_takes_no_room(tmp_path: Path) -> None:
    for name, task in (("first", "classify"), ("second", "embed")):
        keep(entry(name, tmp_path, task=task, memory=60))
        choose(name)
    failures = iter([OSError("gone")])

    def load(known: ModelEntry) -> str:
        for error in failures:
            raise error
        return known.name

    models = Models(load, limit=100)
    with pytest.raises(OSError, match="gone"):
        models.get("classify")
    assert models.get("embed") == "second"
    assert models.get("classify") == "first"
