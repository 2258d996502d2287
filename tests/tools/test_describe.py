from typing import TYPE_CHECKING

from PIL import Image

from graphs.types import Observation
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
