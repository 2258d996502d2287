from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from graphs.types import Box, Entity, Observation
from tools.matching import match
from tools.workspace import Workspace

if TYPE_CHECKING:
    from tests.tools.conftest import Call, SeenBefore


def thing(label: str, x: float, y: float, size: float = 10, colour: str = "red") -> Entity:
    return Entity(
        id=f"{label}/{x}/{y}",
        label=label,
        image_id="img-1",
        box=Box(x1=x, y1=y, x2=x + size, y2=y + size),
        score=0.9,
        attributes={"colour": colour},
        model="m",
        call_id="call-1",
        tool="detect",
    )


SIZES = ((100, 80), (100, 80))


def pairs(first: list[Entity], second: list[Entity]) -> list[tuple[int, int]]:
    return [(one.first, one.second) for one in match(first, second, SIZES)]


def test_things_pair_by_place_colour_and_label() -> None:
    first = [thing("dog", 0, 0), thing("dog", 50, 50), thing("cat", 20, 20)]
    assert pairs(first, first[::-1]) == [(0, 2), (1, 1), (2, 0)]
    recoloured = [thing("dog", 0, 0, colour="blue"), thing("dog", 60, 0, colour="red")]
    assert pairs([thing("dog", 30, 0, colour="red")], recoloured) == [(0, 1)]
    assert pairs([thing("dog", 0, 0)], [thing("cat", 0, 0)]) == []
    assert pairs([], first) == pairs(first, []) == []


def test_neighbours_settle_what_place_leaves_open() -> None:
    # All moved right by 40: by place alone the left dog of the second image is the right one of the first.
    first = [thing("dog", 0, 0), thing("dog", 40, 0), thing("tree", 20, 40)]
    second = [thing("dog", 40, 0), thing("dog", 80, 0), thing("tree", 60, 40)]
    assert pairs(first, second) == [(0, 0), (1, 1), (2, 2)]


def test_each_thing_is_paired_once_on_random_scenes() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        first, second = (
            [thing(str(rng.choice(["dog", "cat"])), *rng.uniform(0, 60, 2)) for _ in range(rng.integers(1, 9))]
            for _ in range(2)
        )
        found = match(first, second, SIZES)
        assert len({one.first for one in found}) == len({one.second for one in found}) == len(found)
        assert all(first[one.first].label == second[one.second].label for one in found)
        assert all(0 < one.likeness <= 1 for one in found)


def test_two_images_are_compared(call: "Call", workspace: Workspace, tmp_path: Path) -> None:
    changed = workspace.image("img-1").copy()
    changed.paste("#1e50a0", (5, 10, 25, 30))
    changed.save(tmp_path / "b.png")
    workspace.take(tmp_path / "b.png")
    message = call("compare", image_id="img-1", other_id="img-2")
    text = str(message.content)
    assert "changed: red dog at 5,10,25,30 now blue" in text
    assert "same: " in text
    assert "only in" not in text
    assert text.endswith("pixels: 7.0% differ, mostly in 0,4,31,36 of the first")
    observation = Observation.load(message.artifact)
    assert len(observation.entities) == 6
    assert {relation.predicate for relation in observation.relations} == {"same_as"}
    assert {search.image_id for search in observation.searches} == {"img-1", "img-2"}


def test_what_is_in_one_image_only(call: "Call", workspace: Workspace, tmp_path: Path) -> None:
    # Of the three things only the first two fit into the second image.
    Image.new("RGB", (40, 90), "#5c9e31").save(tmp_path / "b.png")
    workspace.take(tmp_path / "b.png")
    text = str(call("compare", image_id="img-1", other_id="img-2").content)
    assert "only in img-1: blue dog at 60,10,70,20" in text
    assert "only in img-2" not in text
    assert text.endswith("pixels not compared: the images have different shapes")


def test_nothing_in_either(call: "Call", workspace: Workspace, detector: "SeenBefore", tmp_path: Path) -> None:
    detector.detections = []
    workspace.image("img-1").save(tmp_path / "b.png")
    workspace.take(tmp_path / "b.png")
    text = call("compare", image_id="img-1", other_id="img-2").content
    assert text == "nothing found in either; pixels: no difference"
