"""Spatial relations between things of one image, from geometry alone. Relations that models tell are observations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

import numpy as np

from graphs.contact import contacts
from graphs.geometry import Bools, Floats, Held, Indices, Pairs, boxes_of
from graphs.types import Entity, Relation

Predicate = Literal["left_of", "right_of", "above", "below", "inside", "overlaps", "near"]
PREDICATES: tuple[Predicate, ...] = get_args(Predicate)
"""What the embedded planner asks about; their definitions are fixed, and from boxes even where there are masks."""

GEOMETRY = (*PREDICATES, "touching", "on", "aligned", "between", "occludes")
"""All of them."""

# Boxes of detectors and loose outlines touch a little although the things stand side by side; a quarter of the smaller
# extent forgives that, and is still so small that left_of and right_of can never hold together.
SIDE_SLACK = 0.25
# A box is drawn around the visible part with an error of a few percent; nine tenths is "in it" to the eye.
INSIDE_SHARE = 0.9
# Below this intersection over union two boxes only graze each other by their corners.
OVERLAP_IOU = 0.05
# A gap of half the mean diagonal: about half the size of the things themselves, whatever the size of the image.
NEAR_DIAGONALS = 0.5
# Two things stand in a row to the eye as long as their centres differ by less than about a seventh of their size.
ALIGNED_SIZES = 0.15
# What rests on another has at least half its width over it, and so has what stands between two others in a row.
SHARED_SIDE = 0.5


def spatial(boxes: Floats) -> dict[str, Held]:
    """Where each predicate that boxes decide holds between boxes of one image.

    `a left_of b` holds if a ends before b begins, give or take `SIDE_SLACK` of the narrower width; the other three
    sides likewise. A thing can so be both left of and above another. `a inside b` holds if `INSIDE_SHARE` of a lies in
    the larger b; `overlaps` if the IoU exceeds `OVERLAP_IOU` and neither is inside the other; `near` if the gap between
    the boxes (Euclidean, 0 where they touch) is at most `NEAR_DIAGONALS` of the mean of their diagonals. `aligned`
    holds if the centres differ, down or across, by at most `ALIGNED_SIZES` of the mean height or width; `a on b` if a
    begins above b and ends within it, at most `SIDE_SLACK` of a's height over its top, with `SHARED_SIDE` of its width
    over b.

    Args:
        boxes: Shape (N, 4), `xyxy` in pixels, each with an area.

    Returns:
        By predicate. A score is 0.5 where it only just holds and 1 where it does beyond doubt.
    """
    pairs = Pairs.of(boxes)
    return _beside(pairs) | _close(pairs)


def _close(pairs: Pairs) -> dict[str, Held]:
    """The predicates that hold only of things near each other."""
    gap = np.hypot(np.maximum(-pairs.spread(0), 0.0), np.maximum(-pairs.spread(1), 0.0))
    reach = (pairs.a[4] + pairs.b[4]) / 2
    near = np.flatnonzero(gap <= NEAR_DIAGONALS * reach)
    pairs, gap, reach = pairs.at(near), gap[near], reach[near]
    wide, tall = pairs.spread(0), pairs.spread(1)
    (aw, bw), (ah, bh) = pairs.extents(0), pairs.extents(1)
    found = _shares(pairs, np.maximum(wide, 0.0) * np.maximum(tall, 0.0), aw * ah, bw * bh)
    found["near"] = _mutual(pairs, gap <= reach, 1 - gap / reach)
    a, b = pairs.a, pairs.b
    rests = (a[1] < b[1]) & (a[3] <= b[3]) & (tall >= -SIDE_SLACK * ah) & (wide >= SHARED_SIDE * aw)
    carries = (b[1] < a[1]) & (b[3] <= a[3]) & (tall >= -SIDE_SLACK * bh) & (wide >= SHARED_SIDE * bw)
    found["on"] = _directed(pairs, rests, carries, wide / aw, wide / bw)
    return found


def _beside(pairs: Pairs) -> dict[str, Held]:
    """The predicates that hold at any distance, and, for each axis, what faces what across the gap between them."""
    a, b = pairs.a, pairs.b
    least = [np.minimum(*pairs.extents(axis)) for axis in (0, 1)]
    found: dict[str, Held] = {}
    for axis, (name, opposite) in enumerate((("left_of", "right_of"), ("above", "below"))):
        slack = SIDE_SLACK * least[axis]
        gap, gap_back = b[axis] - a[axis + 2], a[axis] - b[axis + 2]
        there, back = a[axis + 2] <= b[axis] + slack, b[axis + 2] <= a[axis] + slack
        # From the overlap that is forgiven to a gap of the same size.
        held = _directed(pairs, there, back, 0.75 + gap / least[axis], 0.75 + gap_back / least[axis])
        found[name], found[opposite] = held, Held(held.objects, held.subjects, held.scores)
        facing = pairs.spread(1 - axis) / least[1 - axis]
        square = facing >= SHARED_SIDE
        found[f"facing {name}"] = _directed(pairs, there & square, back & square, facing, facing)
    across = np.abs(a[0] + a[2] - b[0] - b[2]) / (pairs.extents(0)[0] + pairs.extents(0)[1])
    down = np.abs(a[1] + a[3] - b[1] - b[3]) / (pairs.extents(1)[0] + pairs.extents(1)[1])
    offset = np.minimum(across, down)
    found["aligned"] = _mutual(pairs, offset <= ALIGNED_SIZES, 1 - offset / (2 * ALIGNED_SIZES))
    return found


def _directed(pairs: Pairs, holds: Bools, holds_back: Bools, score: Floats, score_back: Floats) -> Held:
    """What holds from the earlier to the later box, and what the other way round."""
    forth, back = np.flatnonzero(holds), np.flatnonzero(holds_back)
    one, two = pairs.one, pairs.two
    return Held(
        np.concatenate([one[forth], two[back]]),
        np.concatenate([two[forth], one[back]]),
        np.clip(np.concatenate([score[forth], score_back[back]]), 0.5, 1.0),
    )


def _mutual(pairs: Pairs, holds: Bools, score: Floats) -> Held:
    return _directed(pairs, holds, holds, score, score)


def _shares(pairs: Pairs, shared: Floats, own: Floats, other: Floats) -> dict[str, Held]:
    inside = (shared >= INSIDE_SHARE * own) & (own < other)
    around = (shared >= INSIDE_SHARE * other) & (other < own)
    iou = shared / (own + other - shared)
    excess, excess_back = shared / own - INSIDE_SHARE, shared / other - INSIDE_SHARE
    return {
        "inside": _directed(pairs, inside, around, 0.5 + 5 * excess, 0.5 + 5 * excess_back),
        "overlaps": _mutual(pairs, (iou > OVERLAP_IOU) & ~inside & ~around, 0.5 + 5 * (iou - OVERLAP_IOU)),
    }


def betweens(boxes: Floats, found: dict[str, Held]) -> Iterator[tuple[int, int, int, float]]:
    """What stands between its nearest neighbours on opposite sides: `(thing, one end, other end, score)`.

    An end faces the thing: it lies beyond one of its sides and shares at least `SHARED_SIDE` of the smaller extent
    across. So each thing is between at most two pairs, one across and one down.

    Args:
        boxes: Shape (N, 4), `xyxy` in pixels.
        found: What `spatial` gives for them.
    """
    for axis, name in enumerate(("left_of", "above")):
        before, behind, facing = found[f"facing {name}"]
        gap = boxes[behind, axis] - boxes[before, axis + 2]
        one, two = _nearest(behind, before, gap, facing), _nearest(before, behind, gap, facing)
        for thing in sorted(one.keys() & two.keys()):
            yield thing, one[thing][0], two[thing][0], min(one[thing][1], two[thing][1])


def _nearest(things: Indices, others: Indices, gap: Floats, facing: Floats) -> dict[int, tuple[int, float]]:
    """For each thing that has any, the nearest of the others, and how squarely the two face each other."""
    order = np.lexsort((others, gap, things))
    order = order[np.unique(things[order], return_index=True)[1]]
    ends = zip(others[order].tolist(), facing[order].tolist(), strict=True)
    return dict(zip(things[order].tolist(), ends, strict=True))


def relate(entities: Sequence[Entity]) -> list[Relation]:
    """Every geometric relation between entities of the same image.

    Where both things have masks, `touching` and `occludes` come from their pixels, and `on` wants them to touch;
    otherwise `touching` is what the boxes allow, and nothing is said to occlude. `between` has its second object in
    `also`, and is told from both ends.

    Args:
        entities: Any number, of any images; pairs across images are never related.

    Returns:
        Relations with source `geometry`, ordered by image, then by predicate as in `GEOMETRY`.
    """
    by_image: dict[str, list[Entity]] = {}
    for entity in entities:
        by_image.setdefault(entity.image_id, []).append(entity)
    return [relation for group in by_image.values() for relation in _related(group)]


def _related(group: Sequence[Entity]) -> Iterator[Relation]:
    boxes = boxes_of(group)
    found = spatial(boxes) | contacts(group, boxes)
    found["on"] = _resting(group, found["on"], found["touching"])
    ids = [entity.id for entity in group]
    for name in GEOMETRY:
        if name == "between":
            for thing, one, two, score in betweens(boxes, found):
                yield _told(ids[thing], name, ids[one], score, also=ids[two])
                yield _told(ids[thing], name, ids[two], score, also=ids[one])
            continue
        for i, j, score in zip(*(part.tolist() for part in found[name]), strict=True):
            yield _told(ids[i], name, ids[j], score)


def _resting(group: Sequence[Entity], on: Held, touching: Held) -> Held:
    """What rests on another, less those whose pixels are known not to touch."""
    touch = set(zip(touching.subjects.tolist(), touching.objects.tolist(), strict=True))
    kept = [
        (i, j) in touch or group[i].mask is None or group[j].mask is None
        for i, j in zip(on.subjects.tolist(), on.objects.tolist(), strict=True)
    ]
    rows = np.flatnonzero(kept)
    return Held(on.subjects[rows], on.objects[rows], on.scores[rows])


def _told(subject: str, predicate: str, other: str, score: float, also: str | None = None) -> Relation:
    """Built without validation, which would take most of the time: a crowded image has a hundred thousand of these."""
    return Relation.model_construct(
        subject=subject, predicate=predicate, object=other, also=also, score=round(score, 3), source="geometry"
    )
