"""The suite `generate`: pictures of prompts, looked at by the detector; and removals from dioramas, looked at likewise.

The pictures are those of the tool `generate`, which tries another seed where it misses something. Beside each share
stand four more, on the same prompts: `first`, with the picture of the first seed, unseen by the tool; `chance`, with
the better of two other prompts' pictures; `nearest`, with the training picture whose prompt is nearest, which is what
copying would reach; `painted`, with scenes painted for the prompts, which is what the detector allows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evals.diorama.prompts import TRAIN_SCENES, TRAIN_SEED, Kind, Prompted, sample_prompt
from evals.diorama.render import paint
from evals.diorama.truth import TrueObject
from evals.diorama.world import make_diorama
from evals.metrics.interval import Metric, ratio
from evals.suites.detector import Look
from evals.suites.options import Options, gathering
from evals.suites.report import Failure, Report
from graphs.geometry import iou
from graphs.types import Box
from tools import wanted
from tools.exact_edits import difference, grown
from tools.models import SHARED
from tools.regions import padded

if TYPE_CHECKING:
    from tools.detector import Detection, Detector
    from tools.generator import Generator

KINDS: tuple[Kind, ...] = ("one_object", "two_objects", "relation")
COPY = 3.0
"""Mean absolute difference, of 255, up to which a picture is a copy: by less the eye cannot tell two scenes apart."""
REMOVALS = 4
"""One removal for so many prompts."""
STILL_THERE = 0.3
SMALL = 24
BATCH = 8
EDGE = 0.03
"""Share of the longer side around a removed thing that may change with it: masks of detectors are no finer."""


@dataclass(frozen=True)
class Picture:
    """A prompt with its picture, and with that of the first seed.

    Attributes:
        prompted: The prompt.
        image: What the tool made.
        first: What the model made of the first seed.
    """

    prompted: Prompted
    image: Image.Image
    first: Image.Image


@dataclass(frozen=True)
class Removal:
    """How one removal went: whether no detection is left, and how far other pixels changed, 0 to 255."""

    gone: bool
    outside: float


def suite(seed: int, count: int, options: Options) -> Report:
    """Make pictures of `count` prompts from `seed` on, and remove something from a quarter as many dioramas."""
    model: Generator = SHARED.get("generate")
    detector: Detector = SHARED.get("segment")
    with gathering("pictures", count) as made:
        for number in range(seed, seed + count):
            prompted = sample_prompt(number, KINDS[number % len(KINDS)])
            (first,) = model(prompted.text, (model.side, model.side), [number])
            made.add(Picture(prompted, _made(prompted.text, number), first))
    pictures: list[Picture] = made.results
    with gathering("removals", max(count // REMOVALS, 1)) as removed:
        for number in range(seed, seed + max(count // REMOVALS, 1)):
            removed.add(_remove(number, detector))
    interrupted = made.interrupted or removed.interrupted
    trained = range(TRAIN_SEED, TRAIN_SEED + TRAIN_SCENES)
    metrics, failures = scored(pictures, detector, trained)
    metrics["removed"] = ratio([float(one.gone) for one in removed.results])
    metrics["changed_outside"] = ratio([one.outside for one in removed.results])
    if not interrupted:
        metrics |= copies(pictures, trained) | _speed(model)
    return Report(suite="generate", metrics=metrics, failures=failures, interrupted=interrupted)


def _made(prompt: str, seed: int) -> Image.Image:
    """The picture that the tool makes for a person."""
    from agent.commands.making import call
    from tools.generate import generate
    from tools.workspace import Workspace

    workspace = Workspace()
    observation = call(generate, workspace, [], lambda told: None, prompt=prompt, seed=seed)
    return workspace.image(observation.images[0].id)


def shows(prompted: Prompted, seen: Sequence[Detection]) -> bool:
    """Whether what a detector sees in a picture is what a prompt names: its things, or its relation."""
    things = tuple((label, 1) for label in prompted.labels)
    if prompted.predicate is None:
        asked = wanted.Wanted(things=things)
    else:
        first, second = prompted.labels
        asked = wanted.Wanted(relations=((first, prompted.predicate, second),))
    return wanted.check(asked, wanted.sightings(seen)).score == 1


def scored(
    pictures: Sequence[Picture], detector: Look, trained: Sequence[int]
) -> tuple[dict[str, Metric], list[Failure]]:
    """Each share with its four companions, and the prompts whose picture does not show what they name.

    Args:
        pictures: Of prompts of all kinds.
        detector: Looks at them.
        trained: Seeds of the scenes that the model was trained on.
    """
    metrics: dict[str, Metric] = {}
    failures: list[Failure] = []
    near = _nearest_prompts([one.prompted for one in pictures], trained)
    for kind in KINDS:
        here = [(one, alike) for one, alike in zip(pictures, near, strict=True) if one.prompted.kind == kind]
        asked = [one.prompted for one, _ in here]
        seen = [detector(one.image, None) for one, _ in here]
        found = {
            "": seen,
            "_first": [detector(one.first, None) for one, _ in here],
            "_nearest": [detector(_painted(alike), None) for _, alike in here],
            "_painted": [detector(_painted(prompted), None) for prompted in asked],
        }
        met = {name: [shows(*pair) for pair in zip(asked, looks, strict=True)] for name, looks in found.items()}
        others = zip(asked, seen[1:] + seen[:1], seen[2:] + seen[:2], strict=True)
        met["_chance"] = [shows(prompted, one) or shows(prompted, two) for prompted, one, two in others]
        metrics |= {f"{kind}{name}": ratio(shares) for name, shares in met.items()}
        failures += [
            Failure(
                id=str(prompted.seed),
                query=prompted.text,
                expected=kind,
                got=", ".join(sorted({one.label for one in look})) or "nothing",
                why="not found by the detector",
            )
            for prompted, look, right in zip(asked, seen, met[""], strict=True)
            if not right
        ]
    return metrics, failures


def _painted(prompted: Prompted) -> Image.Image:
    return paint(prompted.scene).image


def _nearest_prompts(asked: Sequence[Prompted], trained: Sequence[int]) -> list[Prompted]:
    """For each prompt the training prompt that shares most with it: things, then relation, then fewest others."""
    known = [sample_prompt(seed) for seed in trained]
    return [max(known, key=partial(_alike, want)) for want in asked]


def _alike(want: Prompted, one: Prompted) -> tuple[int, bool, int]:
    return (
        len(set(want.labels) & set(one.labels)),
        want.labels == one.labels and want.predicate == one.predicate,
        -len(one.labels),
    )


def copies(pictures: Sequence[Picture], trained: Sequence[int]) -> dict[str, Metric]:
    """How near the pictures come to training pictures, beside how near freshly painted scenes do.

    The nearest is looked for among thumbnails, and then compared whole.
    """
    known = [np.asarray(_painted(sample_prompt(seed))) for seed in trained]
    thumbs = np.stack([_thumb(Image.fromarray(one)) for one in known])
    made = _distances([one.image for one in pictures], known, thumbs)
    fresh = _distances([_painted(one.prompted) for one in pictures], known, thumbs)
    return {
        "copies": ratio([float(one <= COPY) for one in made]),
        "nearest_distance": ratio(made),
        "nearest_distance_painted": ratio(fresh),
    }


def _distances(
    images: Sequence[Image.Image], trained: Sequence[NDArray[np.uint8]], thumbs: NDArray[np.float32]
) -> list[float]:
    found = []
    for image in images:
        index = int(((thumbs - _thumb(image)) ** 2).sum(axis=1).argmin())
        there = trained[index].astype(np.float32)
        pixels = np.asarray(image.resize((there.shape[1], there.shape[0])), dtype=np.float32)
        found.append(float(np.abs(pixels - there).mean()))
    return found


def _thumb(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image.resize((SMALL, SMALL), Image.Resampling.BOX), dtype=np.float32).reshape(-1)


def _remove(seed: int, detector: Look) -> Removal:
    """Remove all things of one category, which the detector sees, from the diorama of a seed."""
    from agent.commands.making import call
    from tools.edit import edit
    from tools.errors import UserError
    from tools.workspace import Workspace

    diorama = make_diorama(seed)
    sure = max(detector(diorama.image, None), key=lambda one: one.score, default=None)
    objects = [] if sure is None else [one for one in diorama.truth.objects if one.category == sure.label]
    if sure is None or not objects:
        return Removal(gone=False, outside=0.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / diorama.truth.image
        diorama.image.save(path)
        workspace = Workspace.open([path])
        try:
            observation = call(
                edit, workspace, [], lambda told: None, image_id="img-1", instruction=f"remove the {sure.label}"
            )
        except UserError:
            return Removal(gone=False, outside=0.0)
        after = workspace.image(observation.images[0].id)
    left = [one for one in detector(after, {sure.label}) if _at(one.box, objects)]
    return Removal(gone=not left, outside=_outside(diorama.image, after, objects))


def _at(box: tuple[float, float, float, float], objects: Sequence[TrueObject]) -> bool:
    there = Box(x1=box[0], y1=box[1], x2=box[2], y2=box[3])
    return any(iou(np.array([there.xyxy]), np.array([one.box.xyxy]))[0, 0] >= STILL_THERE for one in objects)


def _outside(before: Image.Image, after: Image.Image, objects: Sequence[TrueObject]) -> float:
    """Mean difference, 0 to 255, away from where the things truly are."""
    mask = np.zeros((before.height, before.width), dtype=np.bool_)
    for one in objects:
        x1, y1, x2, y2 = padded(one.box, before.size, 0.0)
        mask[y1:y2, x1:x2] = True
    return difference(before, after, grown(mask, round(EDGE * max(before.size))))


def _speed(model: Generator) -> dict[str, Metric]:
    """Seconds for a batch of pictures, and how many times longer they take one by one."""
    size = (model.side, model.side)
    model("a dog", size, [0])
    began = time.perf_counter()
    model("a dog", size, range(BATCH))
    batch = time.perf_counter() - began
    began = time.perf_counter()
    for number in range(BATCH):
        model("a dog", size, [number])
    single = time.perf_counter() - began
    return {"seconds_for_8": ratio([batch]), "batch_speedup": ratio([single / batch])}
