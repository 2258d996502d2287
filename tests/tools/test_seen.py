import contextlib
import sqlite3
import threading
from collections.abc import Collection
from pathlib import Path

import numpy as np
import orjson
import pytest
from PIL import Image

from tools.catalog import ModelEntry
from tools.detector import Detection
from tools.errors import ToolError, UserError
from tools.models import Models
from tools.seen import Seen, key
from tools.sighting import sight
from tools.workspace import Workspace


def test_keys_tell_all_their_parts_apart() -> None:
    assert key("a", 1) == key("a", 1)
    assert len({key("a", 1), key("a", "1"), key("a1"), key("a", 1, None), key(("a", 1))}) == 5


def test_values_come_back_in_another_process(tmp_path: Path) -> None:
    Seen(tmp_path / "seen.sqlite").put({"a": b"1", "b": b"2"})
    again = Seen(tmp_path / "seen.sqlite")
    assert again.get(["a", "c"]) == {"a": b"1"}
    again.put({"a": b"3"})
    assert again.get(["a", "b"]) == {"a": b"3", "b": b"2"}
    assert again.get([str(number) for number in range(1200)]) == {}


def test_what_was_least_recently_used_makes_room(tmp_path: Path) -> None:
    seen = Seen(tmp_path / "seen.sqlite", limit=1000)
    for name in "abca":
        seen.put({name: bytes(300)})
    seen.put({"d": bytes(300)})
    assert seen.get(list("abcd")).keys() == {"a", "c", "d"}
    seen.put({"e": bytes(5000)})
    assert seen.get(list("abcde")) == {}


def test_a_cache_that_is_off_or_broken_knows_nothing_and_raises_nothing(tmp_path: Path) -> None:
    off = Seen(tmp_path / "off.sqlite", limit=0)
    off.put({"a": b"1"})
    assert off.get(["a"]) == {}
    assert not (tmp_path / "off.sqlite").exists()
    (tmp_path / "bad.sqlite").write_bytes(b"not a database" * 100)
    bad = Seen(tmp_path / "bad.sqlite")
    assert bad.get(["a"]) == {}
    bad.put({"a": b"1"})
    assert bad.get(["a"]) == {"a": b"1"}
    (tmp_path / "file").touch()
    Seen(tmp_path / "file" / "seen.sqlite").put({"a": b"1"})


def test_a_file_that_is_damaged_behind_its_header_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    Seen(path).put({str(number): bytes(300) for number in range(1000)})
    with contextlib.closing(sqlite3.connect(path)) as another:  # which keeps the files beside it
        another.execute("pragma wal_checkpoint(truncate)")
        data = path.read_bytes()
        schema = 4096  # the first page, which says what tables there are
        path.write_bytes(data[:schema] + b"\xff" * (len(data) - schema))
        seen = Seen(path)
        assert seen.get(["1"]) == {}
        assert [*tmp_path.iterdir()] == []
        seen.put({"a": b"1"})
        assert Seen(path).get(["1", "a"]) == {"a": b"1"}


def test_the_sizes_are_summed_without_reading_the_values(tmp_path: Path) -> None:
    path = tmp_path / "seen.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as file:  # as the first files were
        file.execute("create table seen (key text primary key, value blob not null, size integer, used real)")
    Seen(path).put({"a": b"1"})
    with contextlib.closing(sqlite3.connect(path)) as file:
        [plan] = file.execute("explain query plan select coalesce(sum(size), 0) from seen").fetchall()
    assert "USING COVERING INDEX seen_size" in plan[-1]


def test_threads_share_it(tmp_path: Path) -> None:
    seen = Seen(tmp_path / "seen.sqlite")
    threads = [threading.Thread(target=seen.put, args=({str(n): b"x"},)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen.get([str(n) for n in range(8)])) == 8


class Counting:
    """Stands in for a detector: sees a red square where there is one, and counts how often it looks."""

    name = "fake-1"

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        self.looks += 1
        mask = np.asarray(image)[..., 0] > 200
        rows, columns = np.nonzero(mask)
        box = (float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
        found = [Detection("dog", 0.9, box, mask), Detection("cat", 0.5, box, None)]
        return [one for one in found if labels is None or one.label in labels]


def paint(path: Path, x: int) -> Path:
    image = Image.new("RGB", (60, 40), "green")
    image.paste("#d22f27", (x, 5, x + 10, 25))
    image.save(path)
    return path


@pytest.fixture
def detector() -> Counting:
    return Counting()


@pytest.fixture
def models(tmp_path: Path, detector: Counting) -> Models:
    def load(_: ModelEntry) -> Counting:
        return detector

    return Models(load, seen=Seen(tmp_path / "seen.sqlite"))


def test_each_picture_is_looked_at_once_and_the_order_is_kept(
    tmp_path: Path, models: Models, detector: Counting
) -> None:
    paths = [paint(tmp_path / f"{x}.png", x) for x in (30, 10, 40, 20)]
    workspace = Workspace.open(paths, models)
    ids = [image.id for image in workspace.images]
    first = sight(workspace, "segment", ids, None, True)
    assert [one.things[0]["box"]["x1"] for one in first] == [30, 10, 40, 20]
    assert detector.looks == 4
    again = sight(Workspace.open(paths, models), "segment", ids, None, True)
    assert orjson.dumps([one.things for one in again]) == orjson.dumps([one.things for one in first])
    some = sight(workspace, "segment", ids[:1], {"cat"}, True)
    assert [thing["label"] for thing in some[0].things] == ["cat"]
    assert detector.looks == 4
    paint(tmp_path / "10.png", 11)
    changed = sight(Workspace.open(paths, models), "segment", ids, None, True)
    assert changed[1].things[0]["box"]["x1"] == 11
    assert detector.looks == 5


def test_pictures_that_were_seen_need_not_be_decoded(tmp_path: Path, models: Models) -> None:
    path = paint(tmp_path / "a.png", 10)
    first = Workspace.open([path], models)
    second = Workspace.open([path], models)
    assert first.images == second.images
    assert "img-1" not in second._pixels
    assert second.image("img-1").tobytes() == first.image("img-1").tobytes()
    third = Workspace.open([path], models)
    paint(path, 20)
    with pytest.raises(UserError, match="was changed"):
        third.image("img-1")
    with pytest.raises(ToolError, match="no image 'img-2'; there is: img-1"):
        third.image("img-2")


def test_a_file_that_somebody_else_has_locked_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Locked:
        def executescript(self, _: str) -> None:
            raise sqlite3.OperationalError("database is locked")

        def close(self) -> None:
            pass

    path = tmp_path / "seen.sqlite"
    Seen(path, 1000).put({"a": b"1"})
    with monkeypatch.context() as busy:
        busy.setattr(sqlite3, "connect", lambda *_, **__: Locked())
        assert Seen(path, 1000).get(["a"]) == {}
    assert Seen(path, 1000).get(["a"]) == {"a": b"1"}
