"""The collection: what was added comes back, whatever other processes do and however they end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

from graphs.store.collection import Collection, split
from graphs.store.errors import StoreError

WRITER = """
import sys
import networkx as nx
from graphs.store.collection import Collection
collection = Collection.open(sys.argv[1])
for number in range(100_000):
    graph = nx.MultiDiGraph()
    graph.add_nodes_from((f"dog-{i}", {"kind": "entity", "label": "dog"}) for i in range(20))
    graph.add_edges_from((f"dog-{i}", f"dog-{i + 1}", "near", {"score": 0.5}) for i in range(19))
    collection.add(f"scene-{number}", graph)
    print(number, flush=True)
"""


def scene(*labels: str, sha256: str = "ab") -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    graph.add_node("img-1", kind="image", sha256=sha256, searches=[])
    for number, label in enumerate(labels, 1):
        box = {"x1": 1.5, "y1": 0, "x2": 9, "y2": 8.5}
        graph.add_node(f"{label}-{number}", kind="entity", label=label, image_id="img-1", score=0.5, box=box)
        graph.add_edge(f"{label}-{number}", "img-1", key="in")
    if len(labels) > 1:
        graph.add_edge(f"{labels[0]}-1", f"{labels[1]}-2", key="near", score=1.0, basis="geometry")
        graph.add_edge(f"{labels[0]}-1", f"{labels[1]}-2", key="left_of", score=1.0, basis="geometry")
    return graph


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    opened = Collection.open(tmp_path / "graphs.sqlite")
    yield opened
    opened.close()


def test_a_graph_comes_back_as_it_was(collection: Collection) -> None:
    graph = scene("dog", "cat")
    graph.graph["title"] = "two"
    assert collection.add("a", graph) == "added"
    assert nx.utils.graphs_equal(collection.graph("a"), graph)
    assert list(collection.graph("a")) == list(graph)


def test_what_is_added_again_stays_and_what_changed_is_replaced(collection: Collection) -> None:
    assert collection.add_all([("a", scene("dog")), ("b", scene("cat"))]) == ["added", "added"]
    assert collection.add("a", scene("dog")) == "unchanged"
    assert collection.add("a", scene("cow")) == "replaced"
    assert collection.names() == ["b", "a"]
    assert collection.stats().categories == {"cat": 1, "cow": 1}


def test_stats_count_kinds_categories_and_relations(collection: Collection) -> None:
    collection.add("a", scene("dog", "cat", "dog"))
    counted = collection.stats()
    assert counted.scenes == 1
    assert counted.nodes == {"entity": 3, "image": 1}
    assert counted.categories == {"dog": 2, "cat": 1}
    assert counted.relations == {"in": 3, "left_of": 1, "near": 1}


def test_many_graphs_as_one_and_apart_again(collection: Collection) -> None:
    parts = {"a": scene("dog", "cat"), "b/2": scene("cow")}
    collection.add_all(parts.items())
    whole = collection.whole()
    assert set(whole) == {"a/img-1", "a/dog-1", "a/cat-2", "b/2/img-1", "b/2/cow-1"}
    back = split(whole)
    assert back.keys() == parts.keys()
    assert all(nx.utils.graphs_equal(back[name], part) for name, part in parts.items())
    assert split(parts["a"]) == {"": parts["a"]}
    assert set(collection.whole(["b/2"])) == {"b/2/img-1", "b/2/cow-1"}


def test_what_is_removed_leaves_nothing_behind(collection: Collection) -> None:
    collection.add_all([("a", scene("dog", "cat")), ("b", scene("dog"))])
    collection.remove("a")
    assert collection.stats().relations == {"in": 1}
    with pytest.raises(StoreError, match="no scene 'a'"):
        collection.graph("a")
    with pytest.raises(StoreError, match="no scene 'a'"):
        collection.remove("a")


def test_a_failed_addition_keeps_nothing_of_it(collection: Collection) -> None:
    with pytest.raises(TypeError):
        collection.add_all([("a", scene("dog")), ("b", nx.MultiDiGraph(bad=object()))])
    assert collection.names() == []


@pytest.mark.parametrize("query", ["label = 'dog'", "image = 'ab'"])
def test_categories_and_images_are_looked_up_in_an_index(collection: Collection, query: str) -> None:
    with collection.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN SELECT id FROM nodes WHERE {query}").fetchall()
    assert "USING COVERING INDEX nodes_by" in str(plan)


def test_relations_are_looked_up_in_an_index(collection: Collection) -> None:
    with collection.reading() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN SELECT * FROM edges WHERE predicate = 'near'").fetchall()
    assert "SEARCH" in str(plan)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("TEXT", "file is not a database"),
        ("FOLDER", "unable to open database file"),
        ("postgresql://nobody@127.0.0.1:1/none", "refused"),
        ("mongo://there", "sqlalchemy.dialects:mongo"),
        ("://none", "cannot open the collection"),
    ],
)
def test_a_place_that_is_no_collection_is_one_line(tmp_path: Path, place: str, told: str) -> None:
    text = tmp_path / "text.sqlite"
    text.write_text("this is no database, but a text that is long enough to be looked at")
    with pytest.raises(StoreError, match=told) as error:
        Collection.open({"TEXT": str(text), "FOLDER": str(tmp_path)}.get(place, place))
    assert "\n" not in str(error.value)


def test_kill_9_while_writing_loses_nothing_that_was_confirmed_and_readers_read_on(tmp_path: Path) -> None:
    place = tmp_path / "graphs.sqlite"
    reader = Collection.open(place)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(place)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(15):
            confirmed = int(writer.stdout.readline())
            names = reader.names()  # while the other process writes
            assert len(names) > confirmed
            assert len(reader.graph(names[-1])) == 20
        time.sleep(0.013)
        writer.send_signal(signal.SIGKILL)
        confirmed = max([confirmed, *map(int, writer.stdout.read().split())])
    names = reader.names()
    assert names[: confirmed + 1] == [f"scene-{number}" for number in range(confirmed + 1)]
    assert len(names) <= confirmed + 2  # one may be on disk that was not told yet
    for name in names[-3:]:
        assert reader.graph(name).number_of_edges() == 19
    assert reader.add("after", scene("dog")) == "added"
    reader.close()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own, of the first PostgreSQL that is found."""
    found = shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)
    if found is None:
        pytest.skip("needs a PostgreSQL server: no initdb is on this machine")
    binaries, data = Path(found).resolve().parent, tmp_path_factory.mktemp("postgres")
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    if user is not None:
        for folder in (data, *data.parents[:3]):
            folder.chmod(0o755)
        shutil.chown(data, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cluster = data / "cluster"
    made = [str(binaries / "initdb"), "-D", str(cluster), "-U", "scenograph", "--auth=trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(made, user=user, check=True, capture_output=True, cwd=data)
    command = [
        str(binaries / "postgres"),
        "-D",
        str(cluster),
        "-p",
        str(port),
        "-k",
        str(data),
        "-h",
        "127.0.0.1",
        "-F",
    ]
    with subprocess.Popen(command, user=user, stderr=subprocess.DEVNULL, cwd=data) as server:
        try:
            _await(port, server)
            yield f"postgresql://scenograph@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)


def _await(port: int, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    for _ in range(300):
        assert server.poll() is None
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="scenograph", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)


def test_postgres_by_a_url(postgres: str, tmp_path: Path) -> None:
    collection = Collection.open(postgres)
    other = Collection.open(postgres)
    graph = scene("dog", "cat")
    assert collection.add("a", graph) == "added"
    assert other.add("a", graph) == "unchanged"
    assert other.add("b", scene("cow")) == "added"
    assert nx.utils.graphs_equal(other.graph("a"), graph)
    assert collection.stats().relations == {"in": 3, "left_of": 1, "near": 1}
    other.remove("a")
    assert collection.names() == ["b"]
    collection.close()
    other.close()
