"""The graph as a picture: forty things can be read, and the picture is well-formed."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pytest

from graphs import drawing, layout

SVG = "{http://www.w3.org/2000/svg}"


def crowd(count: int, seed: int = 1000) -> nx.MultiDiGraph:
    """Things in one image of 640 by 480, each to the left of or above the others as their places say."""
    rng = np.random.default_rng(seed)
    graph = nx.MultiDiGraph()
    graph.add_node("img-1", kind="image", width=640, height=480)
    corners = rng.uniform(0, 400, (count, 2))
    for number, (x, y) in enumerate(corners.tolist()):
        box = {"x1": x, "y1": y, "x2": x + 60, "y2": y + 60}
        graph.add_node(f"thing-{number}", kind="entity", label="thing", image_id="img-1", box=box, score=0.5)
        graph.add_edge(f"thing-{number}", "img-1", key="in")
    for one, other in combinations(range(count), 2):
        left, right = (one, other) if corners[one, 0] < corners[other, 0] else (other, one)
        graph.add_edge(f"thing-{left}", f"thing-{right}", key="left_of", score=1.0, basis="geometry")
        graph.add_edge(f"thing-{right}", f"thing-{left}", key="right_of", score=1.0, basis="geometry")
    return graph


def rectangles(svg: str) -> list[tuple[float, float, float, float]]:
    return [
        (float(one.attrib["x"]), float(one.attrib["y"]), float(one.attrib["width"]), float(one.attrib["height"]))
        for one in ElementTree.fromstring(svg).findall(f"{SVG}g/{SVG}rect")
    ]


def words(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter(f"{SVG}text") if one.attrib["class"] == "e"]


def test_forty_things_lie_apart_with_few_lines_between_them() -> None:
    svg = drawing.svg(crowd(40))
    nodes = rectangles(svg)
    assert len(nodes) == 40
    for (x, y, width, height), (left, top, across, down) in combinations(nodes, 2):
        assert x + width <= left or left + across <= x or y + height <= top or top + down <= y
    assert 39 <= len(words(svg)) <= 80
    assert set(words(svg)) == {"left of"}


def test_what_was_told_is_drawn_between_any_two_and_stands_out() -> None:
    graph = crowd(12)
    ends = max(combinations(range(12), 2), key=lambda pair: abs(pair[0] - pair[1]))
    graph.add_edge(*(f"thing-{end}" for end in ends), key="looking_at", score=0.9, basis="model")
    svg = drawing.svg(graph)
    assert words(svg).count("looking at") == 1
    assert svg.count(f'stroke="{drawing.TOLD}"') == 1


def test_images_are_panels_and_the_rest_is_beside_them() -> None:
    graph = crowd(3)
    graph.add_node("img-2", kind="image", width=10, height=10)
    graph.add_node("cow-1", kind="entity", label="cow", image_id="img-2", box={"x1": 1, "y1": 1, "x2": 5, "y2": 5})
    graph.add_node("run-1", kind="run", query="<What?>")
    graph.add_node("category:cow", kind="category", label="cow")
    graph.add_edge("cow-1", "category:cow", key="is_a")
    graph.add_edge("run-1", "cow-1", key="cites")
    svg = drawing.svg(graph)
    titles = [one.text for one in ElementTree.fromstring(svg).iter(f"{SVG}text") if one.attrib["class"] == "h"]
    assert titles[:3] == ["img-1", "img-2", "in no image"]
    assert len(rectangles(svg)) == 5
    assert "cites" in words(svg)
    assert "is a" not in words(svg)


def test_a_graph_without_images_is_drawn_by_its_edges() -> None:
    graph = nx.MultiDiGraph([("a", "b", "knows"), ("b", "c", "knows"), ("a", "a", "knows")])
    assert words(drawing.svg(graph)) == ["knows", "knows"]


@pytest.mark.parametrize("count", [0, drawing.MOST_NODES + 1])
def test_no_one_can_read_none_or_too_many(count: int) -> None:
    with pytest.raises(ValueError, match="can be drawn"):
        drawing.svg(nx.MultiDiGraph(nx.empty_graph(count)))


def test_neighbours_are_pairs_with_none_between_them() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [1.0, 5.0]])
    assert layout.neighbours(points) == {(0, 1), (1, 2), (1, 3)}


def test_what_was_read_in_an_image_cannot_break_the_drawing() -> None:
    graph = nx.MultiDiGraph()
    graph.add_node("text:A\x0bB<&", kind="text", text="A\x0bB<&")
    assert "text:AB<&" in [one.text for one in ElementTree.fromstring(drawing.svg(graph)).iter(f"{SVG}text")]
