import pytest

from graphs.types import Box, Entity
from tools import exact_edits, instructions, wanted


def thing(label: str, x: int, y: int) -> Entity:
    return Entity(
        id=f"{label}-{x}", label=label, image_id="i", box=Box(x1=x, y1=y, x2=x + 10, y2=y + 10), score=0.9, model="m",
        call_id="c", tool="t",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "things", "relations"),
    [
        ("a dog", [("dog", 1)], []),
        ("a dog to the left of an owl", [("dog", 1), ("owl", 1)], [("dog", "left_of", "owl")]),
        ("a photo of two dogs and a bike", [("dog", 2), ("bicycle", 1)], []),
        ("a cat on top of a house under a kite", [("cat", 1), ("house", 1), ("kite", 1)],
         [("cat", "above", "house"), ("house", "below", "kite")]),
        ("an animal near the sofa", [("animal", 1), ("couch", 1)], [("animal", "near", "couch")]),
        ("sunshine", [], []),
        ("a hot dog next to a cat", [("cat", 1)], []),
        ("a man who goes to bed", [("person", 1), ("bed", 1)], []),
    ],
)  # fmt: skip
def test_a_prompt_is_read(prompt: str, things: list[object], relations: list[object]) -> None:
    asked = wanted.read(prompt)

    assert list(asked.things) == things
    assert list(asked.relations) == relations


def test_what_is_there_and_what_is_not() -> None:
    asked = wanted.read("two dogs left of a tree")
    full = wanted.check(asked, [thing("dog", 0, 0), thing("dog", 20, 0), thing("tree", 50, 0)])
    part = wanted.check(asked, [thing("dog", 50, 0), thing("tree", 0, 0)])

    assert (full.score, str(full)) == (1.0, "there: 2 dog, tree, dog left_of tree")
    assert part.missing == ("2 dog", "dog left_of tree")
    assert part.score == pytest.approx(1 / 3)
    assert wanted.check(wanted.read("fog"), []).score == 1


@pytest.mark.parametrize(
    ("instruction", "kind", "rest"),
    [
        ("remove the brown dog", "remove", {"thing": "dog", "tinted": "brown", "which": False}),
        ("remove the dog next to the cat", "remove", {"thing": "dog", "which": True}),
        ("recolour the dog left of the tree red", "recolour", {"thing": "dog", "which": True, "colour": "red"}),
        ("blur the car behind the dog", "blur", {"thing": "car", "which": True}),
        ("remove the big dog", "remove", {"thing": "dog", "which": True}),
        ("Please erase all cars!", "remove", {"thing": "car", "which": False}),
        ("put a cat on the chair", "add", {"prompt": "a cat", "side": "on", "thing": "chair"}),
        ("add a kite", "add", {"prompt": "a kite"}),
        ("paint the car red", "recolour", {"thing": "car", "colour": "red"}),
        ("make the ball gray", "recolour", {"thing": "ball", "colour": "grey"}),
        ("crop to the dog", "crop", {"thing": "dog"}),
        ("remove the hot dogs", "remove", {"thing": "hot dog"}),
        ("blur the faces", "blur", {"thing": "face"}),
        ("upscale", "enlarge", {"factor": 2.0}),
        ("enlarge the image 4x", "enlarge", {"factor": 4.0}),
        ("change the background to a beach at night", "background", {"prompt": "a beach at night"}),
        ("as a watercolour", "style", {"prompt": "as a watercolour"}),
        ("make it look like an oil painting", "style", {"prompt": "like an oil painting"}),
    ],
)
def test_an_instruction_is_read(instruction: str, kind: str, rest: dict[str, object]) -> None:
    read = instructions.read(instruction)

    assert read is not None
    assert read.kind == kind
    assert read.model_dump() | rest == read.model_dump()


def test_several_things_at_once_are_not_read() -> None:
    assert instructions.read("remove the dog and the cat") is None
    assert instructions.read("blur the dog, the cat") is None


@pytest.mark.parametrize(
    "instruction",
    [
        "blur everything except the dog",
        "remove everything but the cat",
        "remove cats not dogs",
        "mark the non-red cars",
    ],
)
def test_what_is_excepted_is_not_what_is_meant(instruction: str) -> None:
    assert instructions.read(instruction) is None


def test_what_a_thing_holds_or_does_says_which_is_meant() -> None:
    read = instructions.read("remove the person holding the umbrella")
    assert read is not None
    assert (read.thing, read.which) == ("person", True)
    read = instructions.read("remove that dog")
    assert read is not None
    assert (read.thing, read.which) == ("dog", False)


def test_recolouring_keeps_outlines_and_what_is_outside() -> None:
    import numpy as np
    from PIL import Image

    image = Image.new("RGB", (20, 10), (200, 40, 40))
    image.paste((0, 0, 0), (0, 0, 20, 2))
    mask = np.zeros((10, 20), dtype=bool)
    mask[:, :10] = True

    blue = np.asarray(exact_edits.recolour(image, mask, "blue"))

    assert blue[5, 5, 2] > blue[5, 5, 0]
    assert (blue[0, 5] == 0).all()
    assert (blue[5, 15] == (200, 40, 40)).all()
    assert exact_edits.difference(image, Image.fromarray(blue), mask) == 0
