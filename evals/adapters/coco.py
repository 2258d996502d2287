"""The suite `coco`: the deployed detector on pictures with COCO annotations, by average precision.

The folder holds `annotations/instances_val2017.json` and `val2017/`, as COCO is published. Only categories that the
detector knows by name count, of both the truth and what it finds; crowds are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from pydantic import BaseModel, TypeAdapter

from evals.adapters.files import chosen, folder, read
from evals.metrics.map50 import Pair, Thing
from evals.suites import detector
from evals.suites.options import Options, gathering
from evals.suites.report import Report
from graphs.taxonomy import normalise
from graphs.types import Box, Mask
from tools.catalog import active
from tools.errors import UserError


class Picture(BaseModel):
    """A picture."""

    id: int
    file_name: str
    width: int
    height: int


class Annotation(BaseModel):
    """An object: its box as x, y, width and height, its outline as polygons or run lengths."""

    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    segmentation: list[list[float]] | dict[str, Any] = []
    iscrowd: int = 0


class Category(BaseModel):
    """A category."""

    id: int
    name: str


class Instances(BaseModel):
    """A file of COCO's instances."""

    images: list[Picture]
    annotations: list[Annotation]
    categories: list[Category]


class Annotated(NamedTuple):
    """A picture's file with what is true of it."""

    path: Path
    true: list[Thing]


def suite(seed: int, count: int, options: Options) -> Report:
    """Look at `count` pictures, drawn by the seed."""
    path = folder(options, "COCO: annotations/ and val2017/")
    instances = read(path / "annotations" / "instances_val2017.json", TypeAdapter(Instances))
    model = detector.load()
    known = known_of(instances, active("segment").classes)
    pictures = chosen(instances.images, seed, count)
    with gathering("pictures", len(pictures)) as done:
        for one in annotated(instances, pictures, path / "val2017", known):
            done.add(look(model, one, set(known.values())))
    return Report(suite="coco", metrics=detector.metrics(done.results), interrupted=done.interrupted)


def known_of(instances: Instances, labels: Collection[str]) -> dict[int, str]:
    """The names of the categories that a detector knows, by their ids.

    Raises:
        UserError: It knows none.
    """
    known = {one.id: normalise(one.name) for one in instances.categories if normalise(one.name) in labels}
    if not known:
        raise UserError("the active detector knows none of these categories: make another one active")
    return known


def annotated(
    instances: Instances, pictures: Sequence[Picture], path: Path, known: dict[int, str]
) -> Iterator[Annotated]:
    """The pictures with what is true of them.

    Args:
        instances: The annotations.
        pictures: Which of the pictures.
        path: Where they lie.
        known: Names of the categories that count.
    """
    of: dict[int, list[Annotation]] = {}
    for one in instances.annotations:
        if one.category_id in known and not one.iscrowd and min(one.bbox[2:]) > 0:
            of.setdefault(one.image_id, []).append(one)
    for picture in pictures:
        things = [_thing(one, picture, known[one.category_id]) for one in of.get(picture.id, [])]
        yield Annotated(path / picture.file_name, things)


def _thing(one: Annotation, picture: Picture, label: str) -> Thing:
    x, y, width, height = one.bbox
    box = Box(x1=x, y1=y, x2=x + width, y2=y + height)
    return Thing(label, box, _mask(one.segmentation, picture, box))


def _mask(outline: list[list[float]] | dict[str, Any], picture: Picture, box: Box) -> Mask:
    """An outline as a mask; an object without one has its box for it."""
    from pycocotools import mask as coco

    x1, y1, x2, y2 = box.xyxy
    polygons = outline or [[x1, y1, x2, y1, x2, y2, x1, y2]]
    size = picture.height, picture.width
    encoded = coco.frPyObjects(polygons, *size)
    rle = coco.merge(encoded) if isinstance(encoded, list) else encoded
    return Mask(size=size, counts=rle["counts"].decode("ascii"))


def look(model: Callable[..., Any], one: Annotated, known: Collection[str]) -> Pair:
    """Have the detector look at a picture.

    Raises:
        UserError: The picture is missing or damaged.
    """
    from tools.intake import decode
    from tools.intake import read as read_image

    image: Image.Image = decode(read_image(one.path), str(one.path))
    found = [thing for seen in model(image, known) if (thing := detector.thing(seen, image)) is not None]
    return Pair(image.width, image.height, one.true, found)
