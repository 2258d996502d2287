"""Prompts for a generator, and the scenes that they describe: up to three objects on a grid of three by three."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from evals.diorama.scene import Placed, Scene
from evals.diorama.sprites import render_sprite
from graphs.relations import Predicate
from graphs.taxonomy import CATEGORIES

SIDE = 96
"""Width and height of these scenes, in pixels."""

TRAIN_SEED = 50_000_000
TRAIN_SCENES = 6_000
"""The scenes that the embedded generator is trained on count up from this seed; evals and tests stay below."""

GRID = 3
CELL = SIDE // GRID
OBJECT_PX = 30
"""Longer side of an object: within a cell, and about a third of the picture, which is what detectors know best."""

Kind = Literal["one_object", "two_objects", "relation", "three_objects", "empty"]
SHARES: dict[Kind, float] = {
    "one_object": 0.33,
    "two_objects": 0.22,
    "relation": 0.33,
    "three_objects": 0.07,
    "empty": 0.05,
}
COUNTS: dict[Kind, int] = {"one_object": 1, "two_objects": 2, "relation": 2, "three_objects": 3, "empty": 0}

PHRASES: dict[Predicate, tuple[str, ...]] = {
    "left_of": ("left of", "to the left of"),
    "right_of": ("right of", "to the right of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
}
"""How a relation between two objects is said; `edit` and `generate` read prompts by the same words."""

EMPTY = "an empty scene"

# One picture and one tint for each category: the one that the detector tells most surely, on seeds from 3,000,000.
DRAWN: dict[str, tuple[str, str | None]] = {
    "dog": ("1F9AE", None), "cat": ("1F408", None), "horse": ("1F40E", None), "cow": ("1F404", None),
    "pig": ("1F416", None), "sheep": ("1F411", None), "rabbit": ("1F407", None), "elephant": ("1F418", None),
    "monkey": ("1F412", None), "mouse": ("1F401", None), "duck": ("1F986", None), "owl": ("1F989", None),
    "penguin": ("1F427", None), "rooster": ("1F413", None), "turtle": ("1F422", None), "snake": ("1F40D", None),
    "bee": ("1F41D", None), "butterfly": ("1F98B", "blue"), "fish": ("1F420", None), "car": ("1F697", "blue"),
    "bus": ("1F68D", "blue"), "truck": ("1F69B", None), "bicycle": ("1F6B2", None), "motorcycle": ("1F6F5", None),
    "boat": ("26F5", None), "airplane": ("2708", None), "train": ("1F682", None), "tree": ("1F332", None),
    "flower": ("1F337", None), "cactus": ("1F335", None), "person": ("1F3C3-1F3FE", None), "apple": ("1F34E", None),
    "banana": ("1F34C", None), "pear": ("1F350", None), "pizza": ("1F355", None), "cake": ("1F370", None),
    "bread": ("1F35E", None), "carrot": ("1F955", None), "chair": ("1FA91", "red"), "bed": ("1F6CF", None),
    "couch": ("1F6CB", "blue"), "house": ("1F3E0", None), "ball": ("1F3C0", "blue"), "kite": ("1FA81", "blue"),
    "guitar": ("1F3B8", "blue"), "umbrella": ("26F1", None), "book": ("1F4D5", "blue"), "clock": ("23F0", None),
}  # fmt: skip


class Prompted(NamedTuple):
    """A prompt with a scene that it describes.

    Attributes:
        seed: The same seed and kind give the same.
        kind: What is asked for.
        text: The prompt.
        labels: The categories that it names, in order.
        predicate: What the first is to the second.
        scene: One of the scenes that fit.
    """

    seed: int
    kind: Kind
    text: str
    labels: tuple[str, ...]
    predicate: Predicate | None
    scene: Scene


def sample_prompt(seed: int, kind: Kind | None = None) -> Prompted:
    """A prompt and a scene that fits it.

    Args:
        seed: Chooses categories, words, places and background.
        kind: By default chosen by `SHARES`.
    """
    rng = np.random.default_rng([seed, 0x9E7])
    drawn: Kind = rng.choice(list(SHARES), p=list(SHARES.values())).item()
    kind = kind or drawn
    labels = tuple(CATEGORIES[i] for i in rng.choice(len(CATEGORIES), COUNTS[kind], replace=False))
    predicate: Predicate | None = None
    if kind == "relation":
        predicate = rng.choice(list(PHRASES)).item()
    cells = _cells(len(labels), predicate, rng)
    objects = tuple(_placed(label, cell) for label, cell in zip(labels, cells, strict=True))
    text = _text(labels, predicate, rng)
    return Prompted(seed, kind, text, labels, predicate, Scene(seed, SIDE, SIDE, objects, ()))


def _text(labels: tuple[str, ...], predicate: Predicate | None, rng: np.random.Generator) -> str:
    things = [with_article(label) for label in labels]
    if not things:
        return EMPTY
    if predicate is not None:
        return f" {rng.choice(PHRASES[predicate])} ".join(things)
    return " and ".join([", ".join(things[:-1]), things[-1]] if len(things) > 1 else things)


def with_article(label: str) -> str:
    """The label with its article: `a dog`, `an owl`."""
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}"


def _cells(count: int, predicate: Predicate | None, rng: np.random.Generator) -> list[tuple[int, int]]:
    """A cell, column and row, for each object; those of a relation stand in one row or one column."""
    if predicate is None:
        return [(int(cell) % GRID, int(cell) // GRID) for cell in rng.choice(GRID * GRID, count, replace=False)]
    along = sorted(int(place) for place in rng.choice(GRID, 2, replace=False))
    across = int(rng.integers(GRID))
    if predicate in ("right_of", "below"):
        along.reverse()
    return [(place, across) if predicate in ("left_of", "right_of") else (across, place) for place in along]


def _placed(label: str, cell: tuple[int, int]) -> Placed:
    code, tint = DRAWN[label]
    picture = render_sprite(code, tint)
    scale = OBJECT_PX / max(picture.size)
    width, height = max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)
    x = cell[0] * CELL + (CELL - width) // 2
    y = cell[1] * CELL + (CELL - height) // 2
    return Placed(label, code, tint, tint, (x, y, width, height), flip=False)
