"""Decides whether a candidate takes the place of the model in use: both are measured as tools deploy them, in pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evals.diorama.world import make_diorama
from evals.metrics.interval import Metric
from evals.metrics.map50 import Pair, Thing, map50, map50_gain
from evals.suites.detector import CONFIDENCE, filled, found_in
from finetune.data.read import given_splits, read_boxes
from graphs.types import Box
from tools import masks
from tools.catalog import ModelEntry
from tools.detector import Detector
from tools.errors import UserError
from tools.intake import picture

if TYPE_CHECKING:
    from supervision import Detections

DATA = "data"
"""Name of the measure on a person's own labels."""

SURPRISE = 0.1
"""By how much the deployed figure may lie below that of training before the gate names it as a fault of deployment."""


FEWEST = 10
"""Images from which on a gain says something: resamples of a few are all alike, and any gain seems sure."""


class Scenes(NamedTuple):
    """Images with what is truly in each; `outlined` if the truth has outlines and not only boxes."""

    name: str
    images: Sequence[Image.Image]
    true: Sequence[Sequence[Thing]]
    outlined: bool = True


class Verdict(NamedTuple):
    """One measure of both models.

    Attributes:
        name: Of the measure.
        before: Of the model in use.
        after: Of the candidate.
        gain: Their difference, with the interval of the paired bootstrap.
    """

    name: str
    before: Metric
    after: Metric
    gain: Metric

    @property
    def better(self) -> bool:
        """Whether the candidate is better beyond the interval."""
        return self.gain.low is not None and self.gain.low > 0

    @property
    def worse(self) -> bool:
        """Whether it is worse beyond the interval."""
        return self.gain.high is not None and self.gain.high < 0

    def facts(self) -> dict[str, Any]:
        """Its figures as plain JSON."""
        return {
            "name": self.name,
            "before": self.before.value,
            "after": self.after.value,
            "gain": self.gain.model_dump(),
        }


def measure(
    before: ModelEntry, after: ModelEntry, scenes: Scenes, each: Callable[[], None] = lambda: None
) -> list[Verdict]:
    """Run both detectors over the same images.

    Args:
        before: The model in use.
        after: The candidate.
        scenes: What to look at.
        each: Is called after each image of each model.

    Returns:
        A verdict on boxes and, where the truth has outlines and both models give them, one on masks.
    """
    found: list[list[Pair]] = []
    for entry in (before, after):
        detector = Detector(entry, CONFIDENCE)
        pairs = []
        for image, true in zip(scenes.images, scenes.true, strict=True):
            pairs.append(Pair(image.width, image.height, true, found_in(detector, image)))
            each()
        found.append(pairs)
    old, new = found
    ways: tuple[tuple[str, Literal["bbox", "segm"]], ...] = (("box", "bbox"), ("mask", "segm"))
    outlined = scenes.outlined and "detect" not in (before.task, after.task)
    return [
        Verdict(f"{scenes.name} {kind}_map50", map50(old, way), map50(new, way), map50_gain(old, new, way))
        for kind, way in ways[: 2 if outlined else 1]
    ]


def reasons(candidate: ModelEntry, verdicts: Sequence[Verdict]) -> list[str]:
    """Why a candidate is not to be used; none if it is better somewhere and worse nowhere."""
    if few := [one for one in verdicts if one.gain.n < FEWEST]:
        return [f"{few[0].name} was measured on {few[0].gain.n} images, which says nothing: give {FEWEST} or more"]
    told = [
        f"{one.name} falls by {-(one.gain.value or 0):.3f} ({one.gain.low:+.3f} to {one.gain.high:+.3f})"
        for one in verdicts
        if one.worse
    ]
    if not any(one.better for one in verdicts):
        told.append("it is better in no measure beyond its interval")
    trained, deployed = candidate.metrics.get("val_box_map50"), _deployed(verdicts)
    if told and trained is not None and deployed is not None and trained - deployed > SURPRISE:
        told.append(
            f"training said {trained:.3f} where the deployed path gives {deployed:.3f}: compare image_size, "
            "confidence and classes of its entry with how it was trained"
        )
    return told


def _deployed(verdicts: Sequence[Verdict]) -> float | None:
    return next((one.after.value for one in verdicts if one.name == f"{DATA} box_map50"), None)


def labelled(folder: Path) -> Scenes:
    """The images of a labelled data set with their truth; of one in parts, those of `val`.

    Raises:
        UserError: If it cannot be read.
    """
    splits = given_splits(folder)
    data = read_boxes(splits[1] if splits else folder)
    if not len(data):
        raise UserError(f"{folder} holds no labelled images")
    images = [picture(path) for path in data.image_paths]
    found = [data.annotations[path] for path in data.image_paths]
    true = [_things(one, data.classes, image) for one, image in zip(found, images, strict=True)]
    outlined = all(_outline(one, index) is not None for one in found for index in range(len(one)))
    return Scenes(DATA, images, true, outlined=outlined)


def dioramas(seed: int, count: int) -> Scenes:
    """Scenes of the embedded world, so that what is learnt anew is not paid for with what was known."""
    made = [make_diorama(number) for number in range(seed, seed + count)]
    true = [[Thing(one.category, one.box, one.mask) for one in scene.truth.objects] for scene in made]
    return Scenes("dioramas", [scene.image for scene in made], true)


def _things(found: Detections, classes: Sequence[str], image: Image.Image) -> list[Thing]:
    """Labels as things; what has no outline is taken to fill its box."""
    things = []
    for index, (x1, y1, x2, y2) in enumerate(found.xyxy.tolist()):
        box = Box(x1=x1, y1=y1, x2=x2, y2=y2)
        own = _outline(found, index)
        label = classes[int(found.class_id[index])] if found.class_id is not None else ""
        things.append(Thing(label, box, masks.encode(filled(box, image) if own is None else own)))
    return things


def _outline(found: Detections, index: int) -> NDArray[np.bool_] | None:
    """The mask of a label; none where it has none, as those with and without may be mixed in one image."""
    mask = None if found.mask is None else np.asarray(found.mask[index], dtype=np.bool_)
    return mask if mask is not None and mask.any() else None
