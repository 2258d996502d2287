from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from graphs.scene import fold
from graphs.types import Observation
from tools.captioner import Said
from tools.catalog import ModelEntry, Source
from tools.catalog.changes import choose, keep
from tools.models import Models
from tools.sight import Attribute, Description
from tools.workspace import Workspace

if TYPE_CHECKING:
    from tests.tools.conftest import Call


class Says:
    """Stands in for a multimodal model: says one thing, and keeps what it was asked."""

    name = "fake-seer"

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[int, int], str]] = []

    def __call__(self, image: Image.Image, request: str) -> Description:
        self.asked.append((image.size, request))
        return Description(sentence="A dog runs.", attributes=[Attribute(name="Pose", value="running")])


def test_a_multimodal_model_looks_at_the_crop(call: "Call", workspace: Workspace) -> None:
    workspace.seer = Says()
    call("detect", image_id="img-1", labels=["dog"])
    message = call("describe", image_id="img-1", thing="dog-1", question="What does it do?")
    [seen] = Observation.load(message.artifact).entities
    assert message.content == "A dog runs.; pose: running"
    assert (seen.label, seen.model) == ("dog", "fake-seer")
    assert seen.attributes == {"pose": "running", "description": "A dog runs."}
    [(size, request)] = workspace.seer.asked
    assert size == (22, 22)
    assert request.endswith("What does it do?")


def test_without_one_the_other_models_tell_and_it_is_said(call: "Call") -> None:
    call("segment", image_id="img-1", labels=["dog"])
    message = call("describe", image_id="img-1", thing="dog-1")
    assert str(message.content).startswith("red dog in the upper left, 5.0% of the image; recognised as dog (0.")
    assert "no language model looked" in str(message.content)
    [seen] = Observation.load(message.artifact).entities
    assert (seen.model, seen.attributes["recognised_as"]) == ("fake-1, fake-names", "dog")


def test_a_whole_image_and_a_part_are_told_by_what_is_in_them(call: "Call") -> None:
    whole = call("describe", image_id="img-1")
    assert str(whole.content).startswith("1 x blue dog, 1 x green tree, 1 x red dog (")
    [seen] = Observation.load(whole.artifact).entities
    assert (seen.label, seen.score) == ("picture", 0.8)
    assert str(call("describe", image_id="img-1", box=[0, 0, 40, 40]).content).startswith("1 x red dog (")
    assert str(call("describe", image_id="img-1", box=[80, 0, 99, 9]).content).startswith("nothing that is known (")


def test_a_model_put_to_use_for_it_answers_and_its_answer_is_evidence(
    call: "Call", workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path))
    source = Source(kind="file", location=str(tmp_path))
    keep(ModelEntry(name="own", task="describe", backend="timm-blip", sources=(source,), licence="MIT"))
    choose("own")
    asked: list[tuple[tuple[int, int], str]] = []

    class Answers:
        name = "own"

        def __call__(self, image: Image.Image, question: str = "") -> Said:
            asked.append((image.size, question))
            return Said("blue" if question else "a dog in a meadow", 0.93)

    workspace._models = Models(lambda entry: Answers())
    workspace.seer = Says()
    message = call("describe", image_id="img-1", question="What  colour is the shape?")
    [seen] = Observation.load(message.artifact).entities
    assert message.content == "what colour is the shape? blue"
    assert (seen.label, seen.model, seen.score, seen.tool) == ("picture", "own", 0.93, "describe")
    assert seen.attributes == {"what colour is the shape?": "blue"}
    told = call("describe", image_id="img-1", box=[0, 0, 40, 40])
    assert told.content == "a dog in a meadow"
    assert asked == [((100, 80), "What  colour is the shape?"), ((40, 40), "")]


def test_what_it_names_freely_does_not_pass_for_measured(call: "Call", workspace: Workspace) -> None:
    class Steered(Says):
        def __call__(self, image: Image.Image, request: str) -> Description:
            told = {
                "area_share": "huge", " Colour": "ultraviolet", "text": "STOP", "recognised_as": "cat",
                "Description": "none", "what is it?": "a cat", "Material": "fur",
            }  # fmt: skip
            return Description(
                sentence="An ultraviolet dog.", attributes=[Attribute(name=name, value=told[name]) for name in told]
            )

    workspace.seer = Steered()
    found = call("segment", image_id="img-1", labels=["dog"])
    message = call("describe", image_id="img-1", thing="dog-1")
    assert message.content == "An ultraviolet dog.; material: fur"
    scene = fold(Observation.load(one.artifact) for one in (found, message))
    dog = scene.get("dog-1")
    assert dog is not None
    assert dog.attributes == {
        "colour": "red", "area_share": 0.05, "material": "fur", "description": "An ultraviolet dog.",
    }  # fmt: skip
    assert scene.digest(dog.witnesses[-1].call_id)
