"""Trains the recogniser of dioramas, a linear head on EfficientNet-Lite0. From top to bottom: recipe, crops, head."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel

from evals.diorama.render import paint
from evals.diorama.scene import sample_scene
from evals.diorama.truth import truth_of
from graphs.taxonomy import CATEGORIES
from graphs.types import Box

SEED = 20_000_000
"""Scenes for crops count up from here; evals and tests stay far below."""

WEIGHTS = "diorama-recogniser.safetensors"


class RecogniseConfig(BaseModel):
    """The recipe.

    Attributes:
        scenes: How many scenes the crops are cut from, about seven crops each.
        chunk: Scenes whose features are kept together, so that a run goes on where it broke off.
        px: Side of a crop as the backbone sees it.
        half: Range of half the square's side around a thing, as a share of its longer side.
        shift: Standard deviation of the square's place, as a share of the thing's width and height.
        shrinkage: How far the covariance is drawn to a multiple of the identity, as a share of its mean variance.
    """

    scenes: int = 1500
    chunk: int = 100
    px: int = 96
    half: tuple[float, float] = (0.5, 0.62)
    shift: float = 0.04
    shrinkage: float = 0.1


def crops(seed: int, config: RecogniseConfig) -> Iterator[tuple[Image.Image, int]]:
    """The things of a scene, each in a square that is a little off, with their class numbers."""
    from tools.recogniser import square

    scene = sample_scene(seed)
    painted = paint(scene)
    rng = np.random.default_rng([seed, 0xC20])
    for thing in truth_of(scene, painted, "").objects:
        half, x, y = rng.uniform(*config.half), rng.normal(), rng.normal()
        shift = (x * config.shift * _width(thing.box), y * config.shift * _height(thing.box))
        yield square(painted.image, thing.box.xyxy, half, shift), CATEGORIES.index(thing.category)


def fit(features: NDArray[np.float32], classes: NDArray[np.intp], shrinkage: float) -> dict[str, NDArray[np.float16]]:
    """Linear discriminant analysis with a shrunken covariance (Friedman 1989): the head in closed form.

    Where classes are Gaussian with one covariance, its softmax is their true probability.

    Args:
        features: Shape (crops, features).
        classes: Shape (crops,); each class occurs.
        shrinkage: See `RecogniseConfig`.

    Returns:
        `weight`, shape (classes, features), and `bias`, shape (classes,).
    """
    means = np.stack([features[classes == one].mean(axis=0) for one in range(len(CATEGORIES))])
    centred = features - means[classes]
    covariance = (centred.T @ centred / len(features)).astype(np.float64)
    covariance[np.diag_indices_from(covariance)] += shrinkage * np.trace(covariance) / len(covariance)
    weight = np.linalg.solve(covariance, means.T.astype(np.float64)).T
    bias = -0.5 * (weight * means).sum(axis=1)
    # safetensors writes the bytes as they lie.
    return {"weight": np.ascontiguousarray(weight.astype(np.float16)), "bias": bias.astype(np.float16)}


def train(out: Path, config: RecogniseConfig | None = None) -> Path:
    """Train the head; goes on where an earlier run in the same folder broke off.

    Args:
        out: Folder for features and the result.
        config: The recipe.

    Returns:
        The weights.
    """
    from safetensors.numpy import save_file

    config = config or RecogniseConfig()
    parts = [_features(out, start, config) for start in range(0, config.scenes, config.chunk)]
    features = np.concatenate([part[0] for part in parts]).astype(np.float32)
    classes = np.concatenate([part[1] for part in parts])
    weights = out / WEIGHTS
    save_file(fit(features, classes, config.shrinkage), weights)
    print(f"{len(classes)} crops, {features.shape[1]} features", flush=True)
    return weights


def _features(out: Path, start: int, config: RecogniseConfig) -> tuple[NDArray[np.float16], NDArray[np.intp]]:
    """The features and classes of a chunk of scenes, kept in a file once they are there."""
    from tools.catalog import packaged
    from tools.recogniser import BACKBONE, STAGES, Backbone, load_backbone

    path = out / f"features-{start:06d}.npz"
    if not path.exists():
        seeds = range(SEED + start, SEED + min(start + config.chunk, config.scenes))
        images, classes = zip(*(one for seed in seeds for one in crops(seed, config)), strict=True)
        features = Backbone(load_backbone(packaged(BACKBONE))).features(images, config.px, STAGES).astype(np.float16)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(file, features=features, classes=np.array(classes, dtype=np.intp))
        partial.rename(path)
        print(f"scenes {start + len(seeds)}/{config.scenes}", flush=True)
    with np.load(path) as kept:
        return kept["features"], kept["classes"]


def _width(box: Box) -> float:
    return box.x2 - box.x1


def _height(box: Box) -> float:
    return box.y2 - box.y1
