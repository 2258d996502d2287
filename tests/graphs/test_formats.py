"""Formats: what one can hold comes back from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import orjson
import pytest
from faster_coco_eval.core import mask as coco
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from graphs.formats import FORMATS, guess, node_link, pictures, visual_genome
from graphs.formats.plain import FormatError
from graphs.scene import SceneGraph, fold
from graphs.types import Box, Entity, ImageRef, Mask, Observation, Relation

NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
SAFE = st.from_regex(r"[a-z][a-z0-9_.\-/ é]{0,8}", fullmatch=True).map(str.strip).filter(bool)
ATTRIBUTE = SAFE.filter(lambda name: name not in ("id", "source", "target", "key", "interaction"))
INTEGER = st.integers(-(2**53), 2**53)
SCALAR = INTEGER | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none() | st.text(max_size=8)
VALUE = st.recursive(
    SCALAR, lambda some: st.lists(some, max_size=2) | st.dictionaries(SAFE, some, max_size=2), max_leaves=4
)
ATTRIBUTES = st.dictionaries(ATTRIBUTE, VALUE, max_size=3)
RELAXED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def graphs(draw: Any, attributes_of_the_whole: bool = True) -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    graph.graph.update(draw(ATTRIBUTES) if attributes_of_the_whole else {})
    for name in draw(st.lists(SAFE, unique=True, min_size=1, max_size=4)):
        kind = draw(st.sampled_from([{}, {"kind": "entity"}, {"kind": "image"}]))
        graph.add_nodes_from([(name, draw(ATTRIBUTES) | kind)])
    ends = st.sampled_from(list(graph))
    graph.add_edges_from(draw(st.lists(st.tuples(ends, ends, SAFE, ATTRIBUTES), max_size=4)))
    return graph


@pytest.mark.parametrize("name", ["node-link", "graphml", "cytoscape", "turtle", "neo4j"])
@RELAXED
@given(data=st.data())
def test_graphs_come_back_from_graph_formats(name: str, data: st.DataObject, tmp_path: Path) -> None:
    graph = data.draw(graphs(attributes_of_the_whole=name != "neo4j"))
    path = tmp_path / f"graph{FORMATS[name].suffix}"
    FORMATS[name].write(graph, path)
    back = FORMATS[name].read(path)
    assert nx.utils.graphs_equal(back, graph)
    same = [type(value) for _, data in graph.nodes(data=True) for value in data.values()]
    assert sorted(map(str, same)) == sorted(str(type(v)) for _, data in back.nodes(data=True) for v in data.values())


LABEL = st.sampled_from(["dog", "cat", "traffic light", "kite"])
PIXELS = st.integers(0, 40).map(float) | st.floats(0, 40)
BOX = st.tuples(PIXELS, PIXELS, st.floats(1, 20), st.floats(1, 20))
TEXT = st.sampled_from(["brown", "made of wood", "1.5", "true", "é"])
RUNS = coco.encode(np.asfortranarray(np.eye(48, 64, dtype=np.uint8)))
MASK = Mask(size=(48, 64), counts=RUNS["counts"].decode("ascii"))


@st.composite
def scenes(draw: Any) -> SceneGraph:
    """Some images of 64 by 48 pixels and things in them, as tools would have told them."""
    images = [
        ImageRef(id=f"img-{number}", sha256="ab" * 32, width=64, height=48, path=f"p{number}.png")
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]
    things, told = [], []
    for number, (image, label, (x, y, w, h)) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from(images), LABEL, BOX), max_size=5))
    ):
        attributes = draw(st.dictionaries(st.sampled_from(["colour", "material", "share"]), TEXT | st.floats(0, 1)))
        things.append(
            Entity(
                id=str(number), label=label, image_id=image.id, box=Box(x1=x, y1=y, x2=x + w, y2=y + h),
                mask=draw(st.sampled_from([None, MASK])), score=draw(st.floats(0, 1)), attributes=attributes,
                model="m", call_id="c", tool="detect",
            )
        )  # fmt: skip
        if number and draw(st.booleans()):
            told.append(Relation(subject="0", predicate="looking_at", object=str(number), source="model"))
    return fold([Observation(text="", entities=tuple(things), relations=tuple(told))], images)


def things_of(graph: nx.MultiDiGraph, *columns: str, by_image: bool = True) -> list[Any]:
    """What is in the pictures, without names: the box to a millionth of a pixel, and some attributes."""
    return sorted(
        (
            picture.data["path"] if by_image else "",
            data["label"],
            [round(corner, 6) for corner in pictures.corners(data)],
            [orjson.dumps(data[column], option=orjson.OPT_SORT_KEYS) for column in columns],
        )
        for picture in pictures.of(graph)
        for data in picture.things.values()
    )


def told_of(graph: nx.MultiDiGraph) -> list[Any]:
    """The relations, with labels and boxes in the place of names."""

    def place(name: str) -> Any:
        data = graph.nodes[name]
        return data["label"], [round(corner, 6) for corner in pictures.corners(data)]

    return sorted((place(start), predicate, place(end)) for start, predicate, end in pictures.relations(graph))


@RELAXED
@given(scene=scenes())
def test_coco_holds_boxes_masks_scores_and_attributes(scene: SceneGraph, tmp_path: Path) -> None:
    graph, path = node_link.of_scene(scene), tmp_path / "coco.json"
    FORMATS["coco"].write(graph, path)
    back = FORMATS["coco"].read(path)
    columns = ("mask", "score", "attributes")
    assert things_of(back, *columns) == things_of(graph, *columns)
    sizes = [(p.data["path"], p.data["width"], p.data["sha256"]) for p in pictures.of(graph)]
    assert [(p.data["path"], p.data["width"], p.data["sha256"]) for p in pictures.of(back)] == sizes


@pytest.mark.parametrize("name", ["visual-genome", "gqa"])
@RELAXED
@given(scene=scenes())
def test_scene_graph_files_hold_boxes_attributes_and_relations(name: str, scene: SceneGraph, tmp_path: Path) -> None:
    graph, path = node_link.of_scene(scene), tmp_path / "scene_graphs.json"
    FORMATS[name].write(graph, path)
    back = FORMATS[name].read(path)
    by_image = name == "visual-genome"  # GQA has no place for a path
    assert things_of(back, "attributes", by_image=by_image) == things_of(graph, "attributes", by_image=by_image)
    # What geometry says anew of boxes without their masks may be more.
    assert all(one in told_of(back) for one in told_of(graph))
    assert [one for one in told_of(back) if one[1] == "looking_at"] == [
        one for one in told_of(graph) if one[1] == "looking_at"
    ]


@RELAXED
@given(scene=scenes())
def test_yolo_holds_boxes(scene: SceneGraph, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("yolo")
    graph = node_link.of_scene(scene)
    for picture in pictures.of(graph):
        Image.new("RGB", (64, 48)).save(folder / picture.data["path"])
        picture.data["path"] = str(folder / picture.data["path"])
    FORMATS["yolo"].write(graph, folder / "out")
    back = FORMATS["yolo"].read(folder / "out")
    assert things_of(back, by_image=False) == things_of(graph, by_image=False)
    assert [p.data["width"] for p in pictures.of(back)] == [p.data["width"] for p in pictures.of(graph)]


def test_many_scenes_go_into_one_file(tmp_path: Path) -> None:
    graph = nx.MultiDiGraph()
    for scene in ("a", "b"):
        graph.add_node(f"{scene}/img-1", kind="image", path=f"{scene}.png", width=9, height=9, scene=scene)
        box = {"x1": 0.0, "y1": 0.0, "x2": 5.0, "y2": 5.0}
        graph.add_node(f"{scene}/dog-1", kind="entity", label="dog", image_id="img-1", box=box, score=1.0, scene=scene)
    FORMATS["coco"].write(graph, tmp_path / "coco.json")
    assert [row[0] for row in things_of(FORMATS["coco"].read(tmp_path / "coco.json"))] == ["a.png", "b.png"]


def test_polygons_of_others_become_masks(tmp_path: Path) -> None:
    square = [10, 10, 20, 10, 20, 20, 10, 20]
    document = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 3, "name": "Dog"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 10, 10, 10], "segmentation": [square]},
        ],
    }
    (tmp_path / "coco.json").write_bytes(orjson.dumps(document))
    (dog,) = SceneGraph.from_json(
        nx.node_link_data(FORMATS["coco"].read(tmp_path / "coco.json"), edges="edges")
    ).entities()
    assert dog.label == "dog"
    assert dog.mask is not None
    (tmp_path / "yolo" / "images").mkdir(parents=True)
    (tmp_path / "yolo" / "labels").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "yolo" / "images" / "a.png")
    (tmp_path / "yolo" / "data.yaml").write_text("names: [Dog]\n")
    relative = " ".join(str(one / side) for one, side in zip(square, [64, 48] * 4, strict=True))
    (tmp_path / "yolo" / "labels" / "a.txt").write_text(f"0 {relative}\n")
    (data,) = (data for _, data in FORMATS["yolo"].read(tmp_path / "yolo").nodes(data=True) if data["kind"] == "entity")
    assert data["mask"] == dog.mask.model_dump(mode="json")


def test_files_of_visual_genome_itself(tmp_path: Path) -> None:
    objects = [
        {
            "synsets": ["man.n.01"],
            "h": 30,
            "object_id": 11,
            "names": ["Man"],
            "w": 20,
            "attributes": ["tall"],
            "y": 0,
            "x": 0,
        },
        {"synsets": [], "h": 9, "object_id": 12, "names": ["shirt"], "w": 9, "attributes": ["red"], "y": 5, "x": 5},
    ]
    told = [{"predicate": "IS WEARING", "object_id": 12, "relationship_id": 1, "synsets": [], "subject_id": 11}]
    (tmp_path / "scene_graphs.json").write_bytes(
        orjson.dumps([{"image_id": 5, "objects": objects, "relationships": told}])
    )
    with pytest.raises(FormatError, match="a size is nowhere"):
        visual_genome.read(tmp_path / "scene_graphs.json")
    (tmp_path / "image_data.json").write_bytes(orjson.dumps([{"image_id": 5, "width": 80, "height": 60}]))
    graph = visual_genome.read(tmp_path / "scene_graphs.json")
    assert graph.nodes["shirt-1"]["attributes"] == {"colour": "red"}
    assert graph.nodes["man-1"]["attributes"] == {"tall": 1.0}
    assert graph.edges["man-1", "shirt-1", "is_wearing"]["basis"] == "model"


def test_cytoscape_reads_one_list_and_graphml_the_files_of_others(tmp_path: Path) -> None:
    elements = [{"data": {"id": "a"}}, {"data": {"id": 2}}, {"data": {"id": "x", "source": "a", "target": 2}}]
    (tmp_path / "a.cyjs").write_bytes(orjson.dumps({"elements": elements}))
    assert list(FORMATS["cytoscape"].read(tmp_path / "a.cyjs").edges(keys=True)) == [("a", "2", "related")]
    nx.write_graphml(nx.path_graph(3), tmp_path / "a.graphml")
    assert FORMATS["graphml"].read(tmp_path / "a.graphml").number_of_nodes() == 3


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", ["", "[]", "{}", "<graphml/>", '{"nodes": 3}', "a,b\n1,2\n"])
def test_a_file_of_something_else_is_told_as_one_error(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if FORMATS[name].suffix:
        path.write_text(text)
    else:
        path.mkdir()
        for inner in ("nodes.csv", "relationships.csv", "data.yaml"):
            (path / inner).write_text(text)
    if (name, text) in (
        ("graphml", "<graphml/>"),
        ("visual-genome", "[]"),
        ("gqa", "{}"),
        ("gqa", "[]"),
        ("visual-genome", "{}"),
    ):
        return  # empty files of their kind
    with pytest.raises(FormatError):
        FORMATS[name].read(path)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("graphml", lambda graph: graph.add_node("a\0")),
        ("neo4j", lambda graph: graph.add_node("a\0")),
        ("cytoscape", lambda graph: graph.add_nodes_from([("a", {"id": 1})])),
    ],
)
def test_what_a_format_cannot_hold_is_said(name: str, spoil: Callable[[nx.MultiDiGraph], None], tmp_path: Path) -> None:
    graph = nx.MultiDiGraph()
    spoil(graph)
    with pytest.raises(FormatError, match="cannot hold"):
        FORMATS[name].write(graph, tmp_path / "file")


def test_formats_are_guessed_by_suffixes_that_tell() -> None:
    assert guess(Path("a.GraphML")) == "graphml"
    assert guess(Path("a.ttl")) == "turtle"
    assert guess(Path("a.json")) is None
    assert guess(Path("folder")) is None


def test_a_large_graph_is_dumped_quickly() -> None:
    graph = nx.MultiDiGraph()
    graph.add_nodes_from((f"dog-{i}", {"kind": "entity", "label": "dog", "score": 0.5}) for i in range(20_000))
    graph.add_edges_from((f"dog-{i}", f"dog-{i + 1}", "near", {"score": 1.0}) for i in range(19_999))
    began = time.process_time()
    written = node_link.dumps(graph)
    assert time.process_time() - began < 0.5
    assert node_link.loads(written).number_of_nodes() == 20_000


SCENE = {"image_id": 1, "width": 9, "height": 9, "objects": [], "relationships": []}
PERSON = {"object_id": 1, "names": ["person"], "x": 0, "y": 0, "w": 5, "h": 5}
TYPE = "<urn:scenograph:node:a> a <urn:scenograph:kind:-> "


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("visual-genome", {"file": orjson.dumps([SCENE | {"objects": [PERSON | {"names": []}]}])}),
        ("visual-genome", {"file": orjson.dumps([SCENE | {"objects": [PERSON], "relationships": [
            {"predicate": "on", "subject_id": 1, "object_id": 99}]}])}),
        ("neo4j", {"file/nodes.csv": b"id:ID\na,b\n", "file/relationships.csv": b":START_ID,:END_ID,:TYPE\n"}),
        ("neo4j", {"file/nodes.csv": b"id:ID\na\n", "file/relationships.csv": b":START_ID,:END_ID,:TYPE\na\n"}),
        ("neo4j", {"file/nodes.csv": b"id:ID\na\n", "file/relationships.csv": b":START_ID,:END_ID,:TYPE\na,b,on\n"}),
        ("turtle", {"file": (TYPE + "; <urn:scenograph:attribute:n> '{'^^"
            "<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .").encode()}),
        ("turtle", {"file": (TYPE + "; <urn:scenograph:relation:on> <urn:scenograph:node:b> .").encode()}),
        ("yolo", {"file/data.yaml": b"names: [dog]", "file/images/a.png": b"no picture"}),
    ],
)  # fmt: skip
def test_a_malformed_file_is_named_in_one_error(name: str, files: dict[str, bytes], tmp_path: Path) -> None:
    for inner, data in files.items():
        (tmp_path / inner).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / inner).write_bytes(data)
    with pytest.raises(FormatError, match=str(tmp_path / "file")) as caught:
        FORMATS[name].read(tmp_path / "file")
    assert "\n" not in str(caught.value)


def test_yolo_reads_a_photograph_as_it_is_shown(tmp_path: Path) -> None:
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    on_its_side = Image.Exif()
    on_its_side[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "images" / "a.jpg", exif=on_its_side)
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 1 0.5\n")
    (tmp_path / "data.yaml").write_text("names: [dog]")
    graph = FORMATS["yolo"].read(tmp_path)
    assert (graph.nodes["img-1"]["width"], graph.nodes["img-1"]["height"]) == (20, 40)
    assert graph.nodes["dog-1"]["box"] == {"x1": 0, "y1": 10, "x2": 20, "y2": 30}
