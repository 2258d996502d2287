"""Scenes with their truths and questions by seed, and the folder they are written to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from evals.diorama.cases import IMAGES_OF, WEIGHTS, Case, make_case
from evals.diorama.phrases import Kind
from evals.diorama.render import paint
from evals.diorama.scene import sample_scene
from evals.diorama.truth import Truth, truth_of

PARTNER = 500_000
"""Added to a scene's seed to find the second picture of a question about two."""


class Diorama(NamedTuple):
    """A painted scene and its truth."""

    image: Image.Image
    truth: Truth


class Item(NamedTuple):
    """A question with the dioramas that it is about."""

    case: Case
    dioramas: tuple[Diorama, ...]


def make_diorama(seed: int) -> Diorama:
    """The diorama of a seed: the same seed gives the same pixels and the same truth."""
    scene = sample_scene(seed)
    painted = paint(scene)
    return Diorama(painted.image, truth_of(scene, painted, f"scene-{seed}.png"))


def ask_about(seed: int, held_out: bool | None = None, weights: Mapping[Kind, int] = WEIGHTS) -> Item:
    """One question about the diorama of a seed.

    Args:
        seed: Chooses the scene, the kind of question and its words.
        held_out: Whether the phrasing is one that training never sees; by default every second seed's is.
        weights: How often each kind is asked, relative to the others.
    """
    rng = np.random.default_rng([seed, 0xA5C])
    diorama = make_diorama(seed)
    held_out = seed % 2 == 1 if held_out is None else held_out
    shares = np.array(list(weights.values()), dtype=float)
    order = rng.choice(list(weights), size=len(weights), replace=False, p=shares / shares.sum())
    for kind in order:
        item = _ask(kind, diorama, rng, held_out)
        if item is not None:
            return item
    raise AssertionError("the kinds that need no object never fail")


def _ask(kind: Kind, diorama: Diorama, rng: np.random.Generator, held_out: bool) -> Item | None:
    dioramas = [diorama]
    if IMAGES_OF.get(kind, 1) > 1:
        dioramas.append(make_diorama(diorama.truth.seed + PARTNER))
    case = make_case(kind, [one.truth for one in dioramas], rng, held_out)
    return None if case is None else Item(case, tuple(dioramas))


def write_world(out: Path, seed: int, count: int, per_scene: int = 3) -> Iterator[Path]:
    """Write scenes, `scene-SEED.png` with `scene-SEED.truth.json`, and the questions about them, `cases.jsonl`.

    Args:
        out: Folder, made if need be.
        seed: Of the first scene; the others count up from it.
        count: How many scenes.
        per_scene: The most questions about each.

    Yields:
        The path of each picture, once it is written.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / "cases.jsonl").open("w", encoding="utf-8") as cases:
        for scene_seed in range(seed, seed + count):
            diorama = make_diorama(scene_seed)
            rng = np.random.default_rng([scene_seed, 0xCA5])
            for kind in rng.permutation(list(WEIGHTS))[:per_scene]:
                item = _ask(kind, diorama, rng, bool(rng.integers(2)))
                for one in item.dioramas if item else ():
                    _write(out, one)
                if item:
                    cases.write(item.case.model_dump_json() + "\n")
            yield _write(out, diorama)


def _write(out: Path, diorama: Diorama) -> Path:
    path = out / diorama.truth.image
    diorama.image.save(path, "PNG")
    path.with_suffix(".truth.json").write_text(diorama.truth.model_dump_json(indent=1), encoding="utf-8")
    return path
