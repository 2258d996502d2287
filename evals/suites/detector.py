"""The suite `detector`: the deployed detector on dioramas, scored by average precision. The formula is in `map50`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evals.diorama.world import Diorama, make_diorama
from evals.metrics.interval import Metric
from evals.metrics.map50 import Pair, Thing, map50
from evals.suites.options import Options, gathering
from evals.suites.report import Report
from graphs.types import Box
from tools import masks
from tools.detector import Detection, Detector

CONFIDENCE = 0.001
"""Average precision wants the whole curve, down to the detections that are hardly sure."""

Look = Callable[[Image.Image, Collection[str] | None], list[Detection]]
"""What a detector is: a picture and the labels wanted, to detections."""


def suite(seed: int, count: int, options: Options) -> Report:
    """Measure the deployed detector on the dioramas from `seed` on."""
    pairs, interrupted = measure(range(seed, seed + count))
    return Report(suite="detector", metrics=metrics(pairs), interrupted=interrupted)


def measure(seeds: Sequence[int]) -> tuple[list[Pair], bool]:
    """Look at the dioramas of some seeds with the deployed detector; also whether Ctrl-C cut it short."""
    if not seeds:
        return [], False
    model = load()
    with gathering("scenes", len(seeds)) as done:
        look_at(model, map(make_diorama, seeds), done.add)
    return done.results, done.interrupted


def load() -> Detector:
    """The detector that the tools use, told to give what it is hardly sure of too.

    Raises:
        UserError: If its weights are missing or damaged.
    """
    from tools.catalog import active

    return Detector(active("segment"), CONFIDENCE)


def look_at(detector: Look, dioramas: Iterable[Diorama], each: Callable[[Pair], None]) -> None:
    """Run a detector on dioramas.

    Args:
        detector: Gives masks with its detections.
        dioramas: What to look at.
        each: Is given each image's truth and findings as soon as they are there.
    """
    for image, truth in dioramas:
        true = [Thing(one.category, one.box, one.mask) for one in truth.objects]
        each(Pair(image.width, image.height, true, found_in(detector, image)))


def found_in(detector: Look, image: Image.Image) -> list[Thing]:
    """What a detector finds in an image; what it gives no mask is taken to fill its box."""
    return [one for seen in detector(image, None) if (one := thing(seen, image)) is not None]


def thing(seen: Detection, image: Image.Image) -> Thing | None:
    """A detection as average precision takes it; none if it has no area."""
    x1, y1, x2, y2 = seen.box
    if x2 <= x1 or y2 <= y1:
        return None
    box = Box(x1=x1, y1=y1, x2=x2, y2=y2)
    shown = filled(box, image) if seen.mask is None else seen.mask
    return Thing(seen.label, box, masks.encode(shown, (image.height, image.width)), seen.score)


def filled(box: Box, image: Image.Image) -> NDArray[np.bool_]:
    """A mask of the image's size with all of a box in it."""
    mask = np.zeros((image.height, image.width), dtype=np.bool_)
    mask[int(box.y1) : max(round(box.y2), int(box.y1) + 1), int(box.x1) : max(round(box.x2), int(box.x1) + 1)] = True
    return mask


def metrics(pairs: Sequence[Pair]) -> dict[str, Metric]:
    """`box_map50` and `mask_map50`."""
    return {"box_map50": map50(pairs, "bbox"), "mask_map50": map50(pairs, "segm")}
