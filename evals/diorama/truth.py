"""What is true of a scene, written down from its pixels and its plan, without any tool or graph of the project."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from evals.diorama.render import Painted
from evals.diorama.scene import Scene
from graphs.taxonomy import hypernyms
from graphs.types import Box, Mask

SizeClass = Literal["small", "medium", "large"]

SMALL, LARGE = 0.015, 0.06
"""Share of the image below which an object is small, and from which on it is large."""


class TrueObject(BaseModel):
    """One object: what it is, and what is seen of it.

    Attributes:
        id: Readable id, in painting order: `dog-1`.
        category: One of the 48.
        hypernyms: Nearest first.
        colour: As a person would name it; `None` where no one colour stands out.
        size: Class by share of the image.
        box: Around its visible pixels.
        mask: Its visible pixels.
        occlusion: Share of its pixels that other objects hide, 0 to 1.
    """

    id: str
    category: str
    hypernyms: tuple[str, ...]
    colour: str | None
    size: SizeClass
    box: Box
    mask: Mask
    area: int
    occlusion: float


class TrueText(BaseModel):
    """A word on a sign."""

    word: str
    box: Box


class Truth(BaseModel):
    """Everything that is true of one scene; relations are `(subject id, predicate, object id)`."""

    image: str
    seed: int
    width: int
    height: int
    objects: tuple[TrueObject, ...]
    relations: tuple[tuple[str, str, str], ...]
    texts: tuple[TrueText, ...]

    def of(self, label: str) -> list[TrueObject]:
        """The objects that are of this category or have this hypernym; all of them for an empty label."""
        return [thing for thing in self.objects if label in ("", thing.category, *thing.hypernyms)]

    def holds(self, subject: str, predicate: str, other: str) -> bool:
        """Whether the relation holds between two objects, given by id."""
        return (subject, predicate, other) in self.relations


def encode_mask(mask: npt.NDArray[np.bool_]) -> Mask:
    """A boolean mask, (height, width), as COCO's compressed RLE."""
    from pycocotools import mask as coco

    rle: dict[str, Any] = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return Mask(size=(mask.shape[0], mask.shape[1]), counts=rle["counts"].decode("ascii"))


def _box(mask: npt.NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(x1=float(columns[0]), y1=float(rows[0]), x2=float(columns[-1] + 1), y2=float(rows[-1] + 1))


def _size(share: float) -> SizeClass:
    return "small" if share < SMALL else "large" if share >= LARGE else "medium"


def _predicates(a: Box, b: Box) -> list[str]:
    """The relations from a to b, by the definitions that stand in the README of the world."""
    slack_x = 0.25 * min(a.x2 - a.x1, b.x2 - b.x1)
    slack_y = 0.25 * min(a.y2 - a.y1, b.y2 - b.y1)
    shared = max(min(a.x2, b.x2) - max(a.x1, b.x1), 0) * max(min(a.y2, b.y2) - max(a.y1, b.y1), 0)
    inside, contains = shared >= 0.9 * a.area and a.area < b.area, shared >= 0.9 * b.area and b.area < a.area
    gap_x, gap_y = max(a.x1 - b.x2, b.x1 - a.x2, 0), max(a.y1 - b.y2, b.y1 - a.y2, 0)
    diagonals = [((box.x2 - box.x1) ** 2 + (box.y2 - box.y1) ** 2) ** 0.5 for box in (a, b)]
    tests = {
        "left_of": a.x2 <= b.x1 + slack_x,
        "right_of": b.x2 <= a.x1 + slack_x,
        "above": a.y2 <= b.y1 + slack_y,
        "below": b.y2 <= a.y1 + slack_y,
        "inside": inside,
        "overlaps": shared / (a.area + b.area - shared) > 0.05 and not inside and not contains,
        "near": (gap_x**2 + gap_y**2) ** 0.5 <= 0.5 * sum(diagonals) / 2,
    }
    return [name for name, holds in tests.items() if holds]


def truth_of(scene: Scene, painted: Painted, image: str) -> Truth:
    """Write down what is true of a painted scene.

    Args:
        scene: What was placed.
        painted: Its pixels.
        image: File name of the picture.

    Returns:
        The truth; an object of which nothing is seen is left out.
    """
    numbers: dict[str, int] = {}
    objects: list[TrueObject] = []
    for thing, mask, whole in zip(scene.objects, painted.masks, painted.whole, strict=True):
        seen = int(mask.sum())
        if seen == 0:
            continue
        numbers[thing.category] = numbers.get(thing.category, 0) + 1
        objects.append(
            TrueObject(
                id=f"{thing.category}-{numbers[thing.category]}",
                category=thing.category,
                hypernyms=hypernyms(thing.category),
                colour=thing.colour,
                size=_size(seen / mask.size),
                box=_box(mask),
                mask=encode_mask(mask),
                area=seen,
                occlusion=round(1 - seen / int(whole), 4),
            )
        )
    relations = [
        (a.id, name, b.id) for a in objects for b in objects if a is not b for name in _predicates(a.box, b.box)
    ]
    signs = [
        TrueText(word=s.word, box=Box(x1=s.box[0], y1=s.box[1], x2=s.box[0] + s.box[2], y2=s.box[1] + s.box[3]))
        for s in scene.signs
    ]
    return Truth(
        image=image, seed=scene.seed, width=scene.width, height=scene.height,
        objects=tuple(objects), relations=tuple(relations), texts=tuple(signs),
    )  # fmt: skip
