"""Cypher over a collection: what is asked is answered, and nothing but the graph can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import orjson
import pytest

from graphs.store import guard
from graphs.store.collection import Collection
from graphs.store.cypher import GRACE_SECONDS, Cypher, Limits, _receive
from graphs.store.errors import StoreError
from graphs.store.projection import refresh


def park() -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    graph.add_node("run-1", kind="run", query="Where is the dog?", answer="Left of the cat.")
    graph.add_node("img-1", kind="image", sha256="ab", width=40, height=30, origin="file", path="park.png")
    box = {"x1": 1.0, "y1": 2.0, "x2": 3.5, "y2": 4.0}
    for name, label in (("dog-1", "dog"), ("cat-1", "cat"), ("kite-1", "kite")):
        seen = {
            "label": label,
            "image_id": "img-1",
            "box": box,
            "score": 0.5,
            "attributes": {"colour": "red", "n": 2.0},
        }
        graph.add_node(name, kind="entity", model="m", tool="detect", **seen)
        graph.add_edge(name, "img-1", key="in")
    graph.add_node("text-1", kind="text", label="STOP", image_id="img-1")
    graph.add_edge("run-1", "dog-1", key="cites")
    graph.add_edge("dog-1", "cat-1", key="left_of", score=0.75, basis="geometry")
    graph.add_edge("cat-1", "kite-1", key="left_of", score=1.0, basis="rule")
    graph.add_edge("kite-1", "cat-1", key="on", score=1.0, basis="model")
    graph.add_edge("text-1", "kite-1", key="part of")
    return graph


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cypher")


@pytest.fixture(scope="module")
def cypher(place: Path) -> Iterator[Cypher]:
    collection = Collection.open(place / "graphs.sqlite")
    collection.add("park", park())
    with Cypher(collection, place / "graphs.lbug", Limits(seconds=5.0, memory=2**27, rows=50)) as asked:
        yield asked
    collection.close()


def test_nodes_and_relations_come_as_their_columns(cypher: Cypher) -> None:
    answer = cypher.query("MATCH (d:Entity {category: 'dog'})-[r:left_of]->(b) RETURN d, r, b.id;")
    assert answer.columns == ["d", "r", "b.id"]
    ((dog, relation, other),) = answer.rows
    assert relation == {"predicate": "left_of", "score": 0.75, "basis": "geometry"}
    assert other == "park/cat-1"
    assert dog == {
        "kind": "Entity", "id": "park/dog-1", "scene": "park", "category": "dog", "image": "img-1", "score": 0.5,
        "x1": 1.0, "y1": 2.0, "x2": 3.5, "y2": 4.0, "colour": "red", "model": "m", "tool": "detect",
        "hypernyms": ["mammal", "animal"], "attributes": {"colour": "red", "n": "2.0"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("MATCH (n) WHERE label(n) <> 'Scene' RETURN count(*)", [[6]]),
        ("MATCH (a)-[:on]->(b) RETURN a.id, b.id", [["park/kite-1", "park/cat-1"]]),
        ("MATCH (a:Entity)-[:in|left_of]->(b:Image) RETURN count(*)", [[3]]),
        ("MATCH (r:Run)-[:cites]->(e) RETURN r.answer, e.category", [["Left of the cat.", "dog"]]),
        ("MATCH (e) WHERE 'animal' IN e.hypernyms RETURN e.category ORDER BY e.category", [["cat"], ["dog"]]),
        ("MATCH (t:Text)-[:part_of]->(e) RETURN t.label, e.id", [["STOP", "park/kite-1"]]),
        ("MATCH (e:Entity) WHERE e.category = 'load; copy' RETURN e", []),
        ("match (a)-[:left_of*1..3]->(b) where a.category = 'dog' return b.id order by b.id",
         [["park/cat-1"], ["park/kite-1"]]),
    ],
)  # fmt: skip
def test_questions(cypher: Cypher, query: str, rows: list[list[object]]) -> None:
    assert cypher.query(query).rows == rows


def test_a_path_has_its_nodes_and_relations(cypher: Cypher) -> None:
    ((path,),) = cypher.query("MATCH p = (:Run)-[:cites]->()-[:left_of]->() RETURN p").rows
    assert [node["id"] for node in path["nodes"]] == ["park/run-1", "park/dog-1", "park/cat-1"]
    assert [one["predicate"] for one in path["relations"]] == ["cites", "left_of"]


def test_no_more_rows_than_asked_for(cypher: Cypher) -> None:
    answer = cypher.query("UNWIND range(1, 51) AS x RETURN x")
    assert len(answer.rows) == 50
    assert answer.more


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("LOAD FROM 'FILE' RETURN *", "LOAD is refused"),
        ("WITH 1 AS one LOAD FROM 'FILE' RETURN *", "LOAD is refused"),
        ("MATCH (n) RETURN n UNION ALL LOAD FROM 'FILE' RETURN *", "LOAD is refused"),
        ("COPY (MATCH (n) RETURN n.id) TO 'FILE'", "COPY is refused"),
        ("EXPORT DATABASE 'FILE'", "EXPORT is refused"),
        ("ATTACH 'FILE' AS other (dbtype lbug)", "ATTACH is refused"),
        ("INSTALL httpfs", "INSTALL is refused"),
        ("load extension httpfs", "LOAD is refused"),
        ("CALL timeout = 0", "CALL is refused"),
        ("MATCH (n) SET n.score = 1", "SET is refused"),
        ("MATCH (n) DETACH DELETE n", "DETACH is refused"),
        ("CREATE (:Entity {key: 1})", "CREATE is refused"),
        ("MATCH (n) RETURN n; DROP TABLE Entity", "more than one statement"),
        ("MATCH (n) /* ' */ RETURN n", "comment"),
        ("MATCH (n) RETURN n // '", "comment"),
        ("MATCH (n) WHERE n.id = 'a RETURN n", "' that nothing closes"),
        ("SHOW TABLES", "begins with one of MATCH"),
        ("", "begins with one of MATCH"),
        ("MATCH (n RETURN n", "cannot be run: .*Invalid input"),
        ("MATCH (n:Nothing) RETURN n", "Nothing does not exist"),
        ("MATCH (n) RETURN nope", "nope is not in scope"),
    ],
)
def test_what_is_refused_is_one_line(cypher: Cypher, query: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as error:
        cypher.query(query)
    assert "\n" not in str(error.value)


def test_names_in_backticks_may_be_any_word() -> None:
    assert guard.checked("MATCH (n) RETURN n.`set`;") == "MATCH (n) RETURN n.`set`"
    assert (
        guard.checked("MATCH (a)-[:in]->(b) WHERE 1 in [1] RETURN a")
        == "MATCH (a)-[:`in`]->(b) WHERE 1 in [1] RETURN a"
    )


@pytest.mark.parametrize(
    "query",
    [
        "LOAD FROM 'FILE' RETURN *",
        "COPY (MATCH (n) RETURN n.id) TO 'OUT'",
        "INSTALL httpfs",
        "ATTACH 'FILE' AS other (dbtype lbug)",
        "EXPORT DATABASE 'OUT'",
        "MATCH (n) DETACH DELETE n",
    ],
)
def test_the_process_reaches_no_file_even_with_what_the_guard_refuses(
    cypher: Cypher, tmp_path: Path, query: str
) -> None:
    file, out = tmp_path / "file.csv", tmp_path / "out.csv"
    file.write_text("secret,1\n")
    statement = query.replace("FILE", str(file)).replace("OUT", str(out))
    assert cypher._process.stdin is not None
    cypher._process.stdin.write(orjson.dumps({"query": statement, "rows": 5, "seconds": 5}) + b"\n")
    cypher._process.stdin.flush()
    reply = _receive(cypher._process, 5 + GRACE_SECONDS)
    assert reply is None or reply.keys() == {"error"}
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [file]


@pytest.mark.parametrize(
    "query",
    [
        "UNWIND range(1, 30000) AS x UNWIND range(1, 30000) AS y RETURN x, y ORDER BY y",
        "RETURN range(1, 1000000000)",
        "RETURN repeat('x', 2000000000)",
    ],
)
def test_a_query_that_takes_too_much_is_ended_and_the_next_one_is_answered(
    place: Path, cypher: Cypher, query: str
) -> None:
    collection = Collection.open(place / "graphs.sqlite")
    with (
        Cypher(collection, place / "graphs.lbug", Limits(seconds=1.0, memory=2**27)) as asked,
        pytest.raises(StoreError, match="the query took more than"),
    ):
        asked.query(query)
    with Cypher(collection, place / "graphs.lbug") as asked:
        assert asked.query("MATCH (n:Entity) RETURN count(*)").rows == [[3]]
    collection.close()


def test_what_came_and_what_went_since_the_last_question(tmp_path: Path) -> None:
    collection, file = Collection.open(tmp_path / "graphs.sqlite"), tmp_path / "graphs.lbug"

    def scenes() -> list[str]:
        with Cypher(collection, file) as asked:
            return [
                row[0] for row in asked.query("MATCH (e:Entity {category: 'dog'}) RETURN e.scene ORDER BY e.scene").rows
            ]

    collection.add("a", park())
    collection.add("b", park())
    assert scenes() == ["a", "b"]
    changed = park()
    changed.add_edge("text-1", "cat-1", key="left_of")  # a relation between kinds that it did not join before
    collection.add("c", changed)
    assert scenes() == ["a", "b", "c"]
    collection.remove("b")
    assert scenes() == ["a", "c"]
    before = file.stat().st_mtime_ns
    refresh(collection, file)
    assert file.stat().st_mtime_ns == before
    assert [path.name for path in tmp_path.glob("graphs.lbug*")] == ["graphs.lbug"]
    collection.close()


def test_an_empty_collection_can_be_asked(tmp_path: Path) -> None:
    collection = Collection.open(tmp_path / "graphs.sqlite")
    with Cypher(collection, tmp_path / "graphs.lbug") as asked:
        assert asked.query("MATCH (n) RETURN count(*)").rows == [[0]]
        with pytest.raises(StoreError, match="does not exist"):
            asked.query("MATCH (n:Entity) RETURN n")
    collection.close()
