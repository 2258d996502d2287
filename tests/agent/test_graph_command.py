"""The verb `graph`: from the folder of a run to answers, files and pictures."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import orjson
import pytest
from PIL import Image

from agent import cli
from graphs.scene import fold
from graphs.store.collection import Collection
from graphs.types import Box, Entity, ImageRef, Observation, Search
from tools import masks


def scenograph(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["graph", *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SCENOGRAPH_STORE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder as `ask` writes it."""
    Image.new("RGB", (64, 48), "white").save(tmp_path / "park.png")
    image = ImageRef(id="img-1", sha256="ab" * 32, width=64, height=48, path=str(tmp_path / "park.png"))
    seen = [
        Entity(
            id=label, label=label, image_id="img-1", box=Box(x1=x, y1=10, x2=x + 9.5, y2=30), score=0.75,
            mask=masks.encode(np.ones((48, 64), dtype=np.bool_)), attributes={"colour": "brown"},
            model="m", call_id="c1", tool="detect",
        )
        for label, x in (("dog", 2.0), ("cat", 20.0))
    ]  # fmt: skip
    search = Search(image_id="img-1", label="dog", model="m", call_id="c1", tool="detect")
    observation = Observation(text="dog 1, cat 1", entities=tuple(seen), searches=(search,))
    record: dict[str, Any] = {
        "id": "20260101-000000-abcd",
        "query": "Where is the dog?",
        "images": [image.model_dump(mode="json")],
        "answer": {"text": "Left of the cat.", "value": ["left_of"], "evidence": ["dog-1", "cat-1"]},
        "steps": [
            {"tool": "detect", "arguments": {"labels": ["dog"]}, "call_id": "c1", "observation": observation.dump()},
        ],
        "scene": fold([observation], [image]).to_json(),
        "seconds": {"total": 1.5},
        "usage": {"calls": 2},
        "error": None,
    }
    folder = tmp_path / "scenograph-runs" / str(record["id"])
    folder.mkdir(parents=True)
    (folder / "run.json").write_bytes(orjson.dumps(record))
    (folder / "graph.json").write_bytes(orjson.dumps(record["scene"]))
    return folder


def test_a_run_is_added_once_and_can_be_asked(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scenograph("add", str(run.parent)) == 0
    assert capsys.readouterr().out.startswith("20260101-000000-abcd: added, ")
    assert scenograph("add", str(run), "--json") == 0
    assert orjson.loads(capsys.readouterr().out) == {"20260101-000000-abcd": "unchanged"}
    cypher = "MATCH (r:Run)-[:cites]->(d:Entity {category: 'dog'})-[:left_of]->(b) RETURN r.answer, d, b.category"
    assert scenograph("query", cypher, "--json") == 0
    answer = orjson.loads(capsys.readouterr().out)
    assert [(text, dog["id"], category) for text, dog, category in answer["rows"]] == [
        ("Left of the cat.", "20260101-000000-abcd/dog-1", "cat")
    ]
    assert scenograph("query", cypher) == 0
    assert "20260101-000000-abcd/dog-1 (dog)" in capsys.readouterr().out
    assert scenograph("stats") == 0
    assert "categories: cat 1, dog 1" in capsys.readouterr().out


def test_a_graph_alone_goes_by_the_name_of_its_folder(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "run.json").unlink()
    assert scenograph("add", str(run), "--store", "mine.sqlite", "--json") == 0
    assert orjson.loads(capsys.readouterr().out) == {run.name: "added"}
    assert scenograph("stats", "--store", "mine.sqlite", "--json") == 0
    assert orjson.loads(capsys.readouterr().out)["categories"] == {"cat": 1, "dog": 1}


@pytest.mark.parametrize("name", ["node-link", "graphml", "cytoscape", "turtle", "neo4j"])
def test_a_collection_is_exported_and_imported_whole(
    name: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenograph("add", str(run), str(run / "graph.json"))
    assert scenograph("export", "out/all", "--format", name) == 0
    assert scenograph("import", "out/all", "--format", name, "--store", "other.sqlite", "--json") == 0
    assert '{\n  "20260101-000000-abcd": "added"' in capsys.readouterr().out
    graphs = [Collection.open(place) for place in (tmp_path / "home" / "graphs.sqlite", "other.sqlite")]
    assert graphs[0].names() == graphs[1].names()
    assert nx.utils.graphs_equal(graphs[0].whole(), graphs[1].whole())
    for opened in graphs:
        opened.close()


def test_the_scenes_are_listed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenograph("add", str(run))
    capsys.readouterr()
    assert scenograph("list") == 0
    assert capsys.readouterr().out == f"{run.name}\n"
    scenograph("list", "--json")
    assert orjson.loads(capsys.readouterr().out) == [run.name]


def test_one_scene_goes_to_annotations_and_back(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenograph("add", str(run))
    for name in ("coco", "yolo", "visual-genome", "gqa"):
        assert scenograph("export", f"{name}.json", "--format", name, "--scene", run.name) == 0
        assert scenograph("import", f"{name}.json", "--format", name, "--store", "other.sqlite") == 0
    assert scenograph("stats", "--store", "other.sqlite", "--json") == 0
    printed = capsys.readouterr().out
    assert orjson.loads(printed[printed.rindex('{\n  "scenes"') :])["categories"] == {"cat": 4, "dog": 4}


def test_an_export_takes_no_files_place_unasked(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenograph("add", str(run))
    kept = Path("park.png").read_bytes()
    assert scenograph("export", "park.png", "--format", "cytoscape") == 2
    assert "park.png is there already: name another file, or give --force" in capsys.readouterr().err
    assert Path("park.png").read_bytes() == kept
    assert scenograph("export", "park.png", "--format", "cytoscape", "--force") == 0
    assert orjson.loads(Path("park.png").read_bytes())["elements"]


def test_what_cannot_be_read_does_not_keep_the_rest_out(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad").mkdir()
    Path("bad/graph.json").write_text("[]")
    assert scenograph("add", "nowhere", "bad", str(run)) == 2
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{run.name}: added")
    told = printed.err.splitlines()
    assert [line.split(" is ")[0].split(": ")[1] for line in told] == ["no run and no graph", "bad/graph.json"]


def test_a_database_of_something_else_stays_as_it_is(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect("theirs.sqlite")) as connection:
        connection.executescript("CREATE TABLE scenes (a); CREATE TABLE nodes (a)")
    kept = Path("theirs.sqlite").read_bytes()
    for verb in (["stats"], ["add", str(run)]):
        assert scenograph(*verb, "--store", "theirs.sqlite") == 2
        assert "theirs.sqlite is an SQLite database, but no collection" in capsys.readouterr().err
    assert Path("theirs.sqlite").read_bytes() == kept


def test_a_damaged_collection_is_one_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scenograph("add", str(run), "--store", "mine.sqlite") == 0
    data = Path("mine.sqlite").read_bytes()
    Path("mine.sqlite").write_bytes(data[:8192] + b"\xff" * (len(data) - 8192))
    assert scenograph("export", "out.ttl", "--store", "mine.sqlite") == 2
    told = capsys.readouterr().err
    assert "malformed" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({"id": "a", "kind": ["x"]}, "node 'a' has a kind that is no text"),
        ({"id": "a", "kind": "entity", "box": [1, 2, 3, 4]}, "node 'a' has a box without x1, y1, x2, y2"),
        ({"id": "a", "kind": "entity", "box": {"x1": 1, "y1": 1, "x2": 2, "y2": 2}}, "has a box and no image_id"),
    ],
)
def test_nodes_that_no_scene_has_are_refused(
    node: dict[str, Any], told: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("odd.json").write_bytes(orjson.dumps({"nodes": [node], "edges": []}))
    for verb in ("add", "draw"):
        assert scenograph(verb, "odd.json") == 2
        assert told in capsys.readouterr().err


def test_a_scene_is_drawn(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scenograph("draw", str(run), "--out", "drawn") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"files: drawn/{run.name}.svg",
        f"files: drawn/{run.name}-img-1.png",
    ]
    assert "dog-1</text>" in (tmp_path / "drawn" / f"{run.name}.svg").read_text()
    with Image.open(tmp_path / "drawn" / f"{run.name}-img-1.png") as drawn:
        assert drawn.getpixel((2, 25)) != (255, 255, 255)
    scenograph("add", str(run))
    assert scenograph("draw", run.name, "--json") == 0
    assert (tmp_path / f"{run.name}.svg").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["add", "nowhere"], "no run and no graph is at nowhere"),
        (["add", "park.png"], "park.png is no run and no graph"),
        (["add", "other.json"], "other.json is no run and no graph: it is no node-link JSON"),
        (["add", "RUN", "--store", "park.png"], "cannot open the collection park.png: file is not a database"),
        (["query", "DROP TABLE Entity"], "DROP is refused"),
        (["query", "MATCH (n", "--rows", "0"], "--rows"),
        (
            ["export", "out.json"],
            "the format of out.json cannot be told from its name; give --format, one of node-link",
        ),
        (["export", "out.ttl", "--format", "xml"], "no such format: xml"),
        (["export", "out.ttl", "--scene", "none"], "no scene 'none'"),
        (["export", "park.png/out.ttl"], "cannot write to park.png/out.ttl"),
        (["import", "none.ttl"], "no such file: none.ttl"),
        (["import", ".", "--format", "turtle"], "turtle is read from a file"),
        (["import", "park.png", "--format", "yolo"], "yolo is read from a folder"),
        (["import", "other.json", "--format", "node-link"], "other.json: it is no node-link JSON"),
        (["import", "empty.json", "--format", "visual-genome"], "empty.json holds no scene"),
        (["import", "park.png", "--format", "coco"], "park.png is no COCO file"),
        (["draw", "none"], "no scene 'none'"),
        (["draw", "bare.json"], "a thing in img-1 cannot be drawn: "),
        (["draw", "x" * 300], "no scene 'xxx"),
    ],
)
def test_bad_input_gets_one_line(
    arguments: list[str], told: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("other.json").write_text('{"nodes": [{}]}')
    Path("empty.json").write_text("[]")
    image = {"id": "img-1", "kind": "image", "path": "park.png", "width": 64, "height": 48}
    box = {"x1": 1, "y1": 1, "x2": 9, "y2": 9}
    thing = {"id": "dog-1", "kind": "entity", "label": "dog", "image_id": "img-1", "box": box, "score": 0.5}
    edge = {"source": "dog-1", "target": "img-1", "key": "in"}
    Path("bare.json").write_bytes(orjson.dumps({"nodes": [image, thing], "edges": [edge]}))
    assert scenograph(*(str(run) if one == "RUN" else one for one in arguments)) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
