"""The tool that finds images like one, among those of the run or in the folder that it came from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import Field

from graphs.types import ImageRef, Observation
from tools import intake
from tools.errors import ToolError, UserError
from tools.recogniser import Recogniser
from tools.regions import Corners, Runtime, ThingId, region
from tools.vision_tool import ImageId, vision_tool

MAX_FILES = 500
"""Of a folder, the first by name: so many are looked through in about a minute on one core."""

SMALL = 256
"""Pixels of the longer side that are kept of each image while all are read."""


@vision_tool(seconds=180)
def find_similar(
    image_id: ImageId,
    runtime: Runtime,
    thing: ThingId | None = None,
    box: Corners | None = None,
    folder: bool = False,
    count: Annotated[int, Field(ge=1, le=10)] = 5,
) -> Observation:
    """Find the other images that look most like an image, or like a thing or a part of it.

    Args:
        image_id: The image to compare with.
        runtime: Of the call; hidden from the model.
        thing: Id of a thing in it to compare with instead.
        box: A part of it to compare with instead, x1, y1, x2, y2 in pixels.
        folder: Look through the folder that the image came from too.
        count: How many to give at most.
    """
    part = region(runtime, image_id, thing, box)
    workspace = runtime.context
    others: list[tuple[ImageRef | Path, Image.Image]] = [
        (ref, _small(workspace.image(ref.id))) for ref in workspace.images if ref.id != image_id
    ]
    if folder:
        others += _files(workspace.ref(image_id), workspace.images)
    if not others:
        raise ToolError(
            f"there is no image beside {image_id}" + ("" if folder else "; set folder to look through its folder")
        )
    recogniser: Recogniser = workspace.model("recognise")
    vectors = recogniser.embed([part.square(), *(picture for _, picture in others)])
    likeness = vectors[1:] @ vectors[0]
    lines, taken = [], []
    for place in np.argsort(-likeness, kind="stable")[:count]:
        source = others[place][0]
        ref = source if isinstance(source, ImageRef) else workspace.take(source)
        name = "" if isinstance(source, ImageRef) else f" ({source.name})"
        lines.append(f"{ref.id}{name} {likeness[place]:.2f}")
        taken += [] if isinstance(source, ImageRef) else [ref]
    return Observation(text="most alike first (1 is the same): " + ", ".join(lines), images=tuple(taken))


def _files(ref: ImageRef, known: list[ImageRef]) -> Iterator[tuple[Path, Image.Image]]:
    """The other images in the folder of one, each made small; files that are no images are passed over."""
    here = {Path(other.path).resolve() for other in known}
    paths = [path for path in intake.images_in(Path(ref.path).parent) if path.resolve() not in here]
    for path in paths[:MAX_FILES]:
        try:
            image = intake.decode(intake.read(path), path.name)
        except UserError:
            continue
        yield path, _small(image)


def _small(image: Image.Image) -> Image.Image:
    copy = image.copy()
    copy.thumbnail((SMALL, SMALL))
    return copy
