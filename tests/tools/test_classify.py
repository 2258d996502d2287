from typing import TYPE_CHECKING

import pytest

from graphs.types import Observation

if TYPE_CHECKING:
    from tests.tools.conftest import Call, Names


def test_a_thing_is_named_and_keeps_its_label(call: "Call") -> None:
    call("detect", image_id="img-1", labels=["dog"])
    message = call("classify", image_id="img-1", thing="dog-1")
    [seen] = Observation.load(message.artifact).entities
    assert str(message.content).startswith("dog 0.")
    assert (seen.label, seen.attributes, seen.model, seen.tool) == (
        "dog",
        {"recognised_as": "dog"},
        "fake-names",
        "classify",
    )
    assert seen.box.xyxy == (5, 10, 25, 30)


def test_a_name_that_is_another_does_not_bear_the_label_out(call: "Call") -> None:
    call("detect", image_id="img-1", labels=["dog"])
    [seen] = Observation.load(call("classify", image_id="img-1", thing="dog-2").artifact).entities
    assert (seen.label, seen.attributes) == ("dog", {"recognised_as": "tree"})
    assert seen.score == pytest.approx(30 / (30 + 80 + 160), abs=0.05)


def test_a_part_is_what_it_is_named_and_a_whole_image_is_a_picture(call: "Call") -> None:
    [part] = Observation.load(call("classify", image_id="img-1", box=[60, 10, 70, 20]).artifact).entities
    assert (part.label, part.box.xyxy) == ("tree", (60, 10, 70, 20))
    [whole] = Observation.load(call("classify", image_id="img-1").artifact).entities
    assert (whole.label, whole.attributes["recognised_as"], whole.box.xyxy) == ("picture", "cat", (0, 0, 100, 80))


def test_labels_count_what_they_cover(call: "Call") -> None:
    message = call("classify", image_id="img-1", labels=["Plants", "animals"])
    names = [part.rpartition(" ")[0] for part in str(message.content).split(", ")]
    assert names == ["animals", "plants"]
    shares = [float(part.rpartition(" ")[2]) for part in str(message.content).split(", ")]
    assert sum(shares) == pytest.approx(1, abs=0.02)


def test_a_model_of_any_labels_chooses_from_what_the_detector_knows(call: "Call", names: "Names") -> None:
    names.classes = ()
    message = call("classify", image_id="img-1")
    assert message.status == "success"
    assert len(str(message.content).split(", ")) == 5
    assert call("classify", image_id="img-1", labels=["a lake", "a road"]).content == "a lake 1.00, a road 0.00"
