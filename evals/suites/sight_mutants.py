"""Wrong versions of what is truly seen in a diorama: detections and triplets. How graders fare, `selftest` says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from evals.diorama.truth import Truth
from evals.metrics.map50 import Pair, Thing, map50_value
from evals.suites import graph
from evals.suites.graph import Judged, Triple
from graphs.relations import PREDICATES
from graphs.types import Box, Mask
from tools import masks

STRANGE = "nobody's"
"""A label that no object has."""

OBJECTS = 4
TRIPLES = 12
"""Of each scene, those that mistakes are made in: there are tens and hundreds."""


def detections(truth: Truth) -> tuple[Pair, list[tuple[str, Pair]]]:
    """What is seen by one who sees all, and with each single mistake, by what the mistake is."""
    true = [Thing(one.category, one.box, one.mask) for one in truth.objects]
    gold = Pair(truth.width, truth.height, true, true)
    return gold, [(kind, replace(gold, found=found)) for kind, found in _wrong(true, truth)]


def _wrong(true: list[Thing], truth: Truth) -> Iterator[tuple[str, list[Thing]]]:
    for place, one in enumerate(true[:OBJECTS]):
        others = [*true[:place], *true[place + 1 :]]
        moved = _moved(one.box, truth)
        yield "overlooked", others
        yield "mislabelled", [*others, replace(one, label=STRANGE)]
        yield "boxed elsewhere", [*others, replace(one, box=moved)]
        yield "outlined elsewhere", [*others, replace(one, mask=_filled(moved, truth))]
        # Unsure, it would stand behind all that is true, and cost nothing.
        unsure = [replace(other, score=0.5) for other in true]
        yield "invented", [*unsure, replace(one, box=moved, mask=_filled(moved, truth))]


def _moved(box: Box, truth: Truth) -> Box:
    """A small box in the corner of the image that is farthest away."""
    left = box.x1 + box.x2 > truth.width
    top = box.y1 + box.y2 > truth.height
    x, y = 0 if left else truth.width - 4, 0 if top else truth.height - 4
    return Box(x1=x, y1=y, x2=x + 4, y2=y + 4)


def _filled(box: Box, truth: Truth) -> Mask:
    x1, y1, x2, y2 = map(round, box.xyxy)
    mask = np.zeros((truth.height, truth.width), dtype=np.bool_)
    mask[y1:y2, x1:x2] = True
    return masks.encode(mask, (truth.height, truth.width))


def detections_score(pair: Pair) -> float:
    """The lesser average precision, of boxes or of masks."""
    return min(map50_value([pair], "bbox"), map50_value([pair], "segm"))


def triples(truth: Truth) -> tuple[set[Triple], list[tuple[str, set[Triple]]]]:
    """The relations of a scene, and with each single mistake in some of them, by what the mistake is."""
    gold = set(truth.relations)
    wrong: list[tuple[str, set[Triple]]] = []
    for subject, predicate, other in sorted(gold)[:TRIPLES]:
        one = (subject, predicate, other)
        rest = gold - {one}
        wrong.append(("overlooked", rest))
        if (turned := (other, predicate, subject)) not in gold:
            wrong.append(("turned round", rest | {turned}))
        for name in sorted(set(PREDICATES) - {predicate})[:3]:
            if (subject, name, other) not in gold:
                wrong.append(("another predicate", rest | {(subject, name, other)}))
        wrong.append(("invented", gold | {(subject, predicate, STRANGE)}))
    return gold, wrong


def triples_score(found: set[Triple], true: set[Triple]) -> float:
    """F1 of relations, as the suite `graph` gives it."""
    counts = graph.counts(found, true)
    judged = Judged(geometry=counts, occlusion=(0, 0, 0), best=0, reachable=1, all_found=0, true=1)
    return graph.metrics([judged])["relation_f1"].value or 0.0
