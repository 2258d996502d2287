"""Whether an answer rests on images that a tool made, and says so: such an image shows nothing about a photo."""

from __future__ import annotations

import re
from collections.abc import Iterable

from graphs.scene import SceneGraph
from graphs.types import ImageRef

_SAYS_SO = re.compile(r"\b(?:generated|edited|made|created|changed|removed|added|recolou?red)\b", re.IGNORECASE)


def passed_off(text: str, cited: Iterable[str], scene: SceneGraph) -> str | None:
    """Say which piece of evidence is passed off for one about an original image.

    Evidence from a generated or an edited image is taken only for a claim about that image: the text names it, or says
    that it is generated or edited.

    Args:
        text: Of the answer.
        cited: Ids of entities and images.
        scene: In which they are.

    Returns:
        A short sentence for the model, or None when all is well.
    """
    for name in cited:
        entity = scene.get(name)
        image_id = entity.image_id if entity is not None else name
        ref = made(image_id, scene)
        if ref is not None and not re.search(rf"\b{re.escape(image_id)}\b", text) and not _SAYS_SO.search(text):
            return (
                f"{name} was seen in {image_id}, which is {ref.origin} and shows nothing about an original image: "
                f"cite what the original shows, or name {image_id} in the text"
            )
    return None


def made(image_id: str, scene: SceneGraph) -> ImageRef | None:
    """The nearest generated or edited image among an image and those that it was made from."""
    passed: set[str] = set()
    ref = scene.image(image_id)
    while ref is not None and ref.origin not in ("generated", "edited"):
        passed.add(ref.id)
        ref = scene.image(ref.parent) if ref.parent and ref.parent not in passed else None
    return ref
