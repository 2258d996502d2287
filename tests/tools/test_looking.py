import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from graphs.scene import fold
from graphs.types import Observation
from tools.detector import Detection
from tools.masks import decode
from tools.vision_tool import observations

if TYPE_CHECKING:
    from tests.tools.conftest import Call, SeenBefore


@pytest.mark.parametrize(
    ("labels", "text", "searches"),
    [
        (["dog", "cat"], "dog 2, cat 0", ["dog", "cat"]),
        (["cat"], "cat 0", ["cat"]),
        (["Dogs", "dog", "plants"], "dog 2, plant 1", ["dog", "plant"]),
        (["animal", "dog"], "animal 2, dog 2", ["animal", "dog"]),
        (["thing"], "thing 3", ["*"]),
        ([], "dog 2, tree 1", ["*"]),
    ],
)
@pytest.mark.parametrize("tool", ["detect", "segment"])
def test_counts_and_searches(call: "Call", tool: str, labels: list[str], text: str, searches: list[str]) -> None:
    message = call(tool, image_id="img-1", labels=labels)
    assert (message.content, message.status) == (text, "success")
    observation = Observation.load(message.artifact)
    assert [(s.label, s.image_id, s.model, s.call_id, s.tool) for s in observation.searches] == [
        (label, "img-1", "fake-1", "call-1", tool) for label in searches
    ]


def test_nothing_found(call: "Call", detector: "SeenBefore") -> None:
    detector.detections = []
    assert call("detect", image_id="img-1", labels=[]).content == "nothing found"


def test_the_detector_is_asked_for_categories(call: "Call", detector: "SeenBefore") -> None:
    call("detect", image_id="img-1", labels=["insect", "dog"])
    call("detect", image_id="img-1", labels=[])
    assert detector.asked == [{"bee", "butterfly", "dog"}, None]


def test_what_detect_tells_of_an_entity(call: "Call") -> None:
    message = call("detect", image_id="img-1", labels=["dog"])
    assert json.loads(json.dumps(message.artifact)) == message.artifact
    first, second = Observation.load(message.artifact).entities
    assert (first.id, first.label, first.image_id, first.model) == ("call-1/0", "dog", "img-1", "fake-1")
    assert (first.call_id, first.tool, first.score, first.mask) == ("call-1", "detect", 0.9, None)
    assert first.box.xyxy == (60, 10, 70, 20)
    assert (first.attributes, second.attributes) == ({"colour": "blue"}, {"colour": "red"})


def test_segment_adds_the_mask_and_the_share(call: "Call") -> None:
    message = call("segment", image_id="img-1", labels=["tree"])
    [tree] = Observation.load(message.artifact).entities
    assert tree.attributes == {"colour": "green", "area_share": 0.1125}
    assert tree.mask is not None
    assert decode(tree.mask)[40:70, 30:60].all()
    assert decode(tree.mask).sum() == 900


def test_a_coarse_mask_covers_the_whole_image(call: "Call", detector: "SeenBefore") -> None:
    mask = np.zeros((8, 10), dtype=np.bool_)
    mask[1:3, 0:2] = True
    detector.detections = [Detection("dog", 0.9, (-3.0, 10.0, 104.0, 99.0), mask)]
    [dog] = Observation.load(call("segment", image_id="img-1", labels=[]).artifact).entities
    assert dog.box.xyxy == (0, 10, 100, 80)
    assert dog.mask is not None
    assert dog.mask.size == (80, 100)
    assert dog.attributes["area_share"] == 0.05


def test_without_a_mask_there_is_no_colour_and_without_an_area_no_entity(call: "Call", detector: "SeenBefore") -> None:
    detector.detections = [
        Detection("dog", 0.9, (1.0, 1.0, 9.0, 9.0), None),
        Detection("dog", 0.9, (100.0, 1.0, 120.0, 9.0), None),
    ]
    message = call("segment", image_id="img-1", labels=["dog"])
    assert message.content == "dog 1"
    [dog] = Observation.load(message.artifact).entities
    assert (dog.attributes, dog.mask) == ({}, None)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"image_id": "img-9", "labels": []}, "no image 'img-9'; there is: img-1"),
        ({"image_id": "img-1", "labels": ["dog", "hors"]}, "unknown label 'hor'; nearest: horse"),
        ({"image_id": "img-1", "labels": ["x" * 25]}, "at most 24"),
        ({"image_id": "img-1", "labels": ["dog"] * 17}, "at most 16"),
    ],
)
def test_errors_are_told_to_the_model(call: "Call", arguments: dict[str, object], told: str) -> None:
    message = call("detect", **arguments)
    assert message.status == "error"
    assert told in str(message.content)
    assert message.artifact is None


def test_unknown_labels_name_three_that_are_known(call: "Call") -> None:
    text = str(call("detect", image_id="img-1", labels=["giraffe"]).content)
    assert "unknown label 'giraffe'; nearest: " in text
    assert len(text.partition("nearest: ")[2].split(", ")) >= 3


def test_a_bug_is_no_message(call: "Call", detector: "SeenBefore") -> None:
    detector.detections = None  # type: ignore[assignment]
    with pytest.raises(TypeError):
        call("detect", image_id="img-1", labels=[])


def test_the_scene_of_a_transcript(call: "Call") -> None:
    messages = [
        call("detect", image_id="img-1", labels=["dog"]),
        call("detect", image_id="img-9", labels=["dog"]),
        call("segment", image_id="img-1", labels=["dog"]),
    ]
    scene = fold(observations(messages))
    assert scene.digest("call-1") == "dog-1 5,10,25,30 red\ndog-2 60,10,70,20 blue"
    assert scene.digest("call-3") == "dog-1 5,10,25,30 red 5.0%\ndog-2 60,10,70,20 blue 1.2%"
    assert [w.tool for w in scene.entities()[0].witnesses] == ["detect", "segment"]
