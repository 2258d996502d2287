"""What a detector sees in images, many at once, each picture once: what was seen before comes from the cache."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
import orjson
from PIL import Image

from graphs.types import Box, ImageRef
from tools import masks, seen
from tools.colour import dominant
from tools.detector import Detection, Detector
from tools.models import identity
from tools.workspace import Workspace

MANY = 16
"""Images from which on it pays to export the detector first, which takes as long as some fifty images."""

FORM = 3
"""Of what is kept; to be raised with every change of how things come from detections."""

Thing = dict[str, Any]
"""What an entity says of its looks, as plain JSON data: class name, box, mask, score, attributes."""


@dataclass(frozen=True)
class Sight:
    """What a model saw in one image.

    Attributes:
        model: Name of the catalog entry.
        things: The surest first.
    """

    model: str
    things: list[Thing]


def sight(
    workspace: Workspace, task: str, image_ids: Sequence[str], classes: Collection[str] | None, outlines: bool
) -> list[Sight]:
    """Look at images, in their order; pictures are decoded ahead, in threads, and only those not seen before.

    Args:
        workspace: Of the images.
        task: `detect` or `segment`.
        image_ids: Which images.
        classes: Names of the classes to look for; none for all.
        outlines: Whether to give masks and the attribute `area_share`.

    Raises:
        ToolError: If an image is unknown.
        UserError: If the model cannot be had.
    """
    refs = [workspace.ref(image_id) for image_id in image_ids]
    if workspace.seen is None:
        detector = workspace.model(task)
        found = _look(workspace, detector, refs, classes, outlines)
        return [Sight(detector.name, things) for things in found]
    entry = workspace.entry(task)
    asked = identity(entry)
    keys = [key(asked, ref, outlines) for ref in refs]
    known = workspace.seen.get(keys)
    missing = {name: ref for name, ref in zip(keys, refs, strict=True) if name not in known}
    if missing:
        detector = workspace.model(task)
        if identity(workspace.entry(task)) != asked:  # chosen or trained meanwhile: nobody knows whose these keys are
            return sight(workspace, task, image_ids, classes, outlines)
        # All classes: so that the next question finds its things here too, whatever it asks for.
        found = _look(workspace, detector, [*missing.values()], None, outlines)
        fresh = {name: orjson.dumps(things) for name, things in zip(missing, found, strict=True)}
        workspace.seen.put(fresh)
        known |= fresh
    return [Sight(entry.name, _of(orjson.loads(known[name]), classes)) for name in keys]


def glance(workspace: Workspace, task: str, image: Image.Image) -> Sight:
    """Look at a picture that is not of the run, for all that the model knows, without outlines.

    Args:
        workspace: Of the model.
        task: `detect` or `segment`.
        image: RGB.

    Raises:
        UserError: If the model cannot be had.
    """
    detector = workspace.model(task)
    return Sight(detector.name, [*_things(detector(image, None), image, outlines=False)])


def _of(things: list[Thing], classes: Collection[str] | None) -> list[Thing]:
    return [thing for thing in things if classes is None or thing["label"] in classes]


def _look(
    workspace: Workspace, detector: Any, refs: Sequence[ImageRef], classes: Collection[str] | None, outlines: bool
) -> list[list[Thing]]:
    ours = isinstance(detector, Detector)
    if ours and len(refs) >= MANY:
        detector.hasten()
    batch = detector.batch if ours else 1

    def one(group: Sequence[ImageRef]) -> list[list[Thing]]:
        images = [workspace.image(ref.id) for ref in group]
        found = detector.many(images) if batch > 1 else [detector(image, classes) for image in images]
        pairs = zip(found, images, strict=True)
        return [_of([*_things(seen, image, outlines)], classes) for seen, image in pairs]

    groups = [refs[start : start + batch] for start in range(0, len(refs), batch)]
    with ThreadPoolExecutor(max(1, min(len(groups), (os.cpu_count() or 1) + 1))) as pool:
        return [things for group in pool.map(one, groups) for things in group]


def key(model: str, ref: ImageRef, outlines: bool) -> str:
    """Under which what a detector, of this `identity`, sees in an image is kept."""
    return seen.key("sight", FORM, ref.sha256, model, outlines, _versions())


@cache
def _versions() -> tuple[str, ...]:
    return tuple(version(package) for package in ("ultralytics", "openvino", "pillow"))


def _things(found: Sequence[Detection], image: Image.Image, outlines: bool) -> Iterator[Thing]:
    """What entities say of their looks; those of which too little lies within the image to make a box are left out."""
    pixels = np.asarray(image)
    for one in found:
        x1, y1, x2, y2 = np.clip(one.box, 0, [image.width, image.height] * 2).round(1).tolist()
        if x2 <= x1 or y2 <= y1:
            continue
        attributes: dict[str, str | float] = {}
        mask = None
        if one.mask is not None:
            height, width = one.mask.shape
            if pixels.shape[:2] != (height, width):
                pixels = np.asarray(image.resize((width, height)))
            around = masks.extent(one.mask)
            colour = dominant(pixels[around], one.mask[around])
            if colour is not None:
                attributes["colour"] = colour
            if outlines:
                attributes["area_share"] = round(float(one.mask.mean()), 5)
                mask = masks.encode(one.mask, (image.height, image.width)).model_dump(mode="json")
        yield {
            "label": one.label,
            "box": Box(x1=x1, y1=y1, x2=x2, y2=y2).model_dump(),
            "mask": mask,
            "score": round(min(max(one.score, 0.0), 1.0), 4),
            "attributes": attributes,
        }
