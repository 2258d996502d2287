from typing import TYPE_CHECKING

import pytest

from tools.workspace import Workspace

if TYPE_CHECKING:
    from tests.tools.conftest import Call


@pytest.mark.parametrize(
    ("things", "text"),
    [
        (
            ["dog-1"],
            "dog-1: width 20 px (20.0% of img-1), height 20 px (25.0%), area of its box 400 px (5.0%), "
            "width/height 1.00",
        ),
        (
            ["dog-1", "dog-2"],
            "from dog-1 to dog-2: 50 px between centres (39.2% of the image's diagonal), 35 px between boxes, "
            "direction 6 degrees (0 right, 90 up); dog-1 has 4.00 times the area of dog-2",
        ),
        (
            ["dog-1", "tree-1"],
            "from dog-1 to tree-1: 46 px between centres (36.0% of the image's diagonal), 11 px between boxes, "
            "direction 311 degrees (0 right, 90 up); dog-1 has 0.44 times the area of tree-1",
        ),
        (["dog-1", "tree-1", "dog-2"], "angle at tree-1 between dog-1 and dog-2: 67 degrees"),
    ],
)
def test_what_is_measured(call: "Call", things: list[str], text: str) -> None:
    call("detect", image_id="img-1", labels=[])
    assert call("measure", things=things).content == text


def test_an_outline_is_measured_where_there_is_one(call: "Call") -> None:
    call("segment", image_id="img-1", labels=["tree"])
    assert "area of its outline 900 px (11.2%)" in str(call("measure", things=["tree-1"]).content)


def test_things_of_two_images_are_not_measured_together(call: "Call", workspace: Workspace) -> None:
    call("look_closer", image_id="img-1", box=[0, 0, 50, 50])
    call("detect", image_id="img-1", labels=["tree"])
    call("detect", image_id="img-2", labels=["tree"])
    message = call("measure", things=["tree-1", "tree-2"])
    assert message.status == "error"
    assert "tree-1 is in img-1, tree-2 is in img-2" in str(message.content)


@pytest.mark.parametrize("box", [[0, 0, 1e-200, 1e-200], [0, 0, 9, 0.0005]])
def test_a_box_of_vanishing_size_is_no_thing_to_measure(call: "Call", box: list[float]) -> None:
    message = call("classify", image_id="img-1", box=box)
    assert message.status == "error"
    assert "has no area" in str(message.content)
    assert call("classify", image_id="img-1", box=[99.9995, 0, 120, 9]).status == "error"
