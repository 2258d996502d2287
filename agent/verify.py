"""The check that an answer's evidence exists and bears it out; pure, without models and without rewriting."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AnyMessage
from pydantic import BaseModel, ConfigDict, Field

from graphs.scene import SceneGraph
from tools.vision_tool import observations

Value = bool | int | float | str | list[str] | None


class Answer(BaseModel):
    """What the run answers.

    Attributes:
        text: A sentence for a person.
        value: The same, typed; None when the tools could not establish it.
        evidence: Scene ids, of entities or images, that the answer rests on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    text: str = Field(min_length=1)
    value: Value
    evidence: tuple[str, ...]


def verify(answer: Answer, scene: SceneGraph, messages: Sequence[AnyMessage]) -> str | None:
    """Say why the evidence does not bear the answer out.

    A typed value needs evidence. A whole number counts the entities cited. An answer of none (0, false, an empty
    list) that cites no entity needs an image on which a tool has looked. An answer of null carries no evidence.

    Args:
        answer: What the model answered.
        scene: The fold of the transcript over the run's images.
        messages: The transcript, for the searches that tools did.

    Returns:
        A short sentence for the model, or None when all is well.
    """
    cited = list(dict.fromkeys(answer.evidence))
    entities = [name for name in cited if scene.get(name) is not None]
    if unknown := [name for name in cited if name not in scene]:
        return f"no such id in the scene: {', '.join(unknown)}"
    if answer.value is None:
        return "value null means not established: evidence must be empty" if cited else None
    if not cited:
        return "a value needs evidence: cite the ids it rests on, or answer with value null"
    if entities:
        return _counts(answer.value, len(entities))
    return _absence(answer.value, cited, messages)


def _counts(value: Value, cited: int) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value != cited:
        return f"value is {value} but {cited} entities are cited"
    return None


def _absence(value: Value, images: Sequence[str], messages: Sequence[AnyMessage]) -> str | None:
    if value and not isinstance(value, str):
        return "cite the entities that show it, not only the image"
    searched = searched_images(messages)
    missing = [image for image in images if image not in searched]
    return f"nobody has looked in {', '.join(missing)} yet" if missing else None


def searched_images(messages: Sequence[AnyMessage]) -> set[str]:
    """Ids of the images in which some tool has looked for something."""
    return {search.image_id for observation in observations(messages) for search in observation.searches}
