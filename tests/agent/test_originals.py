import pytest

from agent.originals import passed_off
from graphs.scene import SceneGraph
from graphs.types import Box, Entity, ImageRef, Observation


def image(name: str, origin: str, parent: str | None = None) -> ImageRef:
    return ImageRef.model_validate(
        {"id": name, "sha256": "0", "width": 9, "height": 9, "origin": origin, "parent": parent, "path": "p"}
    )


@pytest.fixture
def scene() -> SceneGraph:
    """A photo, an edit of it, a crop of that, and a dog in the photo and in the crop."""
    made = SceneGraph([image("img-1", "file"), image("img-2", "edited", "img-1"), image("img-3", "crop", "img-2")])
    for number, where in enumerate(("img-1", "img-3")):
        dog = Entity(
            id="0", label="dog", image_id=where, box=Box(x1=0, y1=0, x2=5, y2=5), score=0.9, model="m",
            call_id=f"c{number}", tool="detect",
        )  # fmt: skip
        made.add(Observation(text="", entities=(dog,)))
    return made


def test_evidence_from_a_made_image_says_nothing_about_a_photo(scene: SceneGraph) -> None:
    assert passed_off("There is a dog.", ["dog-1"], scene) is None
    assert "dog-2 was seen in img-3, which is edited" in str(passed_off("There is a dog.", ["dog-1", "dog-2"], scene))
    assert "img-2" in str(passed_off("There is none.", ["img-2"], scene))


@pytest.mark.parametrize("text", ["img-3 shows a dog.", "The edited image shows a dog.", "I added a dog."])
def test_a_claim_about_the_made_image_is_taken(scene: SceneGraph, text: str) -> None:
    assert passed_off(text, ["dog-2"], scene) is None


def test_the_graph_as_json_says_what_an_image_was_made_of(scene: SceneGraph) -> None:
    written = scene.to_json()
    made = [(edge["source"], edge["target"]) for edge in written["edges"] if edge["key"] == "derived_from"]

    assert made == [("img-2", "img-1"), ("img-3", "img-2")]
    assert SceneGraph.from_json(written).to_json() == written
