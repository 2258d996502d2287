"""The suite `graph`: relations of the scene graph against the truth, given true boxes and from detections."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evals.diorama.render import paint
from evals.diorama.scene import Scene, sample_scene
from evals.diorama.truth import TrueObject, Truth
from evals.diorama.world import make_diorama
from evals.metrics.interval import Metric, ratio
from evals.suites.detector import Look
from evals.suites.options import Options, gathering
from evals.suites.report import Report
from graphs.geometry import boxes_of, iou
from graphs.relations import PREDICATES
from graphs.scene import SceneEntity, SceneGraph, fold
from graphs.types import Box, Entity, Observation
from tools import masks
from tools.detector import Detection, Detector

BEST = 20
"""Triplets that are looked at of each picture, the surest first: the 20 of recall@20 (Lu et al., arXiv 1608.00187)."""

SAME_BOX = 0.5
"""IoU from which on a detection is of an object; likewise of that paper."""

HIDDEN = 0.02
"""Share of its pixels that one object must hide of another to occlude it."""

Triple = tuple[str, str, str]


@dataclass(frozen=True)
class Judged:
    """How one diorama went.

    Attributes:
        geometry: Relations given true boxes: found and true, found in all, true in all.
        occlusion: Likewise of `occludes`, given true masks.
        best: Of the surest `BEST` triplets from detections, how many are true.
        reachable: How many could have been: `BEST`, or all that are true if these are fewer.
        all_found: Of all triplets from detections, how many are true.
        true: How many are true in all.
    """

    geometry: tuple[int, int, int]
    occlusion: tuple[int, int, int]
    best: int
    reachable: int
    all_found: int
    true: int


def suite(seed: int, count: int, options: Options) -> Report:
    """Judge the relations of the dioramas from `seed` on."""
    from tools.catalog import active

    detector = Detector(active("segment"))
    with gathering("pictures", count) as done:
        for number in range(seed, seed + count):
            done.add(judge(number, detector))
    return Report(suite="graph", metrics=metrics(done.results), interrupted=done.interrupted)


def metrics(judged: Sequence[Judged]) -> dict[str, Metric]:
    """The suite's figures.

    `relation_f1` and `occludes_f1` are 2 tp / (found + true). `triplet_recall_at_20` is the share of true triplets
    (label and place of both things, and predicate) among the surest 20, of those that 20 can hold: dioramas have more
    true triplets than that. `triplet_recall` is that of all triplets, however many.
    """
    return {
        "relation_f1": _f1([one.geometry for one in judged]),
        "occludes_f1": _f1([one.occlusion for one in judged]),
        f"triplet_recall_at_{BEST}": ratio([one.best for one in judged], [one.reachable for one in judged]),
        "triplet_recall": ratio([one.all_found for one in judged], [one.true for one in judged]),
    }


def _f1(counts: Sequence[tuple[int, int, int]]) -> Metric:
    return ratio([2 * both for both, _, _ in counts], [found + true for _, found, true in counts])


def judge(seed: int, detector: Look) -> Judged:
    """Fold what is true of a diorama, and what a detector sees in it, and compare their relations with the truth."""
    image, truth = make_diorama(seed)
    given, names = _given(truth)
    told = [(names[one.subject], one.predicate, names[one.object]) for one in given.relations()]
    true = set(truth.relations)
    hits = _hits(_seen(image, detector(image, None)), truth)
    return Judged(
        geometry=counts({one for one in told if one[1] in PREDICATES}, true),
        occlusion=counts({one for one in told if one[1] == "occludes"}, occlusions(sample_scene(seed), truth)),
        best=sum(hits[:BEST]),
        reachable=min(BEST, len(true)),
        all_found=sum(hits),
        true=len(true),
    )


def counts(found: Collection[Triple], true: Collection[Triple]) -> tuple[int, int, int]:
    """How many are found and true, found in all, and true in all."""
    return len(set(found) & set(true)), len(found), len(true)


def _given(truth: Truth) -> tuple[SceneGraph, dict[str, str]]:
    """The scene of true boxes and masks, and the true id of each of its entities."""
    entities = [_true(one) for one in truth.objects]
    scene = fold([Observation(text="", entities=tuple(entities))])
    return scene, {entity.id: entity.witnesses[0].id for entity in scene.entities()}


def _true(one: TrueObject) -> Entity:
    origin = {"image_id": "img-1", "score": 1.0, "model": "truth", "call_id": "call-1", "tool": "truth"}
    return Entity.model_validate({"id": one.id, "label": one.category, "box": one.box, "mask": one.mask, **origin})


def _seen(image: Image.Image, found: Sequence[Detection]) -> SceneGraph:
    """The scene of what a detector saw, with outlines."""
    entities: list[Entity] = []
    for number, one in enumerate(found):
        x1, y1, x2, y2 = one.box
        if x2 > x1 and y2 > y1:
            mask = None if one.mask is None else masks.encode(one.mask, (image.height, image.width))
            entities.append(
                Entity(
                    id=f"call-1/{number}", label=one.label, image_id="img-1", box=Box(x1=x1, y1=y1, x2=x2, y2=y2),
                    mask=mask, score=min(one.score, 1.0), model="detector", call_id="call-1", tool="segment",
                )
            )  # fmt: skip
    return fold([Observation(text="", entities=tuple(entities))])


def _hits(scene: SceneGraph, truth: Truth) -> list[bool]:
    """Whether each triplet of a scene is true, the surest first; its score is that of its parts, multiplied."""
    entities = {one.id: one for one in scene.entities()}
    stands_for = _matched(list(entities.values()), truth)
    told = [one for one in scene.relations() if one.predicate in PREDICATES]
    told.sort(key=lambda one: -one.score * entities[one.subject].score * entities[one.object].score)
    named = [(stands_for.get(one.subject), one.predicate, stands_for.get(one.object)) for one in told]
    true = set(truth.relations)
    return [one in true for one in named]


def _matched(entities: Sequence[SceneEntity], truth: Truth) -> dict[str, str]:
    """Which object each entity is of: the surest takes the nearest of its label that is left."""
    if not entities or not truth.objects:
        return {}
    true = [_true(one) for one in truth.objects]
    shared = iou(boxes_of(entities), boxes_of(true))
    found: dict[str, str] = {}
    for i in sorted(range(len(entities)), key=lambda place: -entities[place].score):
        row = [share * (one.label == entities[i].label) for share, one in zip(shared[i], true, strict=True)]
        best = int(np.argmax(row))
        if row[best] >= SAME_BOX:
            found[entities[i].id] = true[best].id
            shared[:, best] = 0.0
    return found


def occlusions(scene: Scene, truth: Truth) -> set[Triple]:
    """Which object of a scene hides a part of which: its visible pixels lie where the other one would be seen alone."""
    if len(scene.objects) != len(truth.objects):
        return set()  # one is hidden whole, and the two lists do not go side by side
    seen: list[NDArray[np.bool_]] = [masks.decode(one.mask) for one in truth.objects]
    found: set[Triple] = set()
    for place, one in enumerate(truth.objects):
        if one.occlusion < HIDDEN:
            continue
        alone = Scene(scene.seed, scene.width, scene.height, (scene.objects[place],), ())
        hidden = paint(alone).masks[0] & ~seen[place]
        whole = one.area + int(hidden.sum())
        for later in range(place + 1, len(seen)):
            if (hidden & seen[later]).sum() >= HIDDEN * whole:
                found.add((truth.objects[later].id, "occludes", one.id))
    return found
