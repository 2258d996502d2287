"""The suite `perception`: what the deployed tools see of dioramas, called as a planner calls them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from agent.calls import Calls
from evals.diorama.signs import with_sign
from evals.diorama.truth import TrueText, Truth
from evals.diorama.world import Diorama, make_diorama
from evals.metrics.interval import Metric, ratio
from evals.metrics.map50 import Pair, Thing, map50
from evals.suites.options import Options, gathering
from evals.suites.report import Failure, Report
from graphs.types import Entity
from tools.models import SHARED, Models
from tools.registry import load_tools
from tools.workspace import Workspace

LEAST_SIDE = 12
"""Pixels: what is seen of a thing in a smaller box does not show what it is, to anyone."""


@dataclass
class Sight:
    """What was seen of one scene.

    Attributes:
        pair: Things true and found.
        named: For each true object, whether the recogniser named its crop right.
        read: For each word on a sign, whether it was read where it stands.
        failures: What was named or read wrong.
    """

    pair: Pair
    named: list[bool] = field(default_factory=list)
    read: list[bool] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def suite(seed: int, count: int, options: Options) -> Report:
    """Measure what the tools see on the dioramas from `seed` on."""
    with gathering("scenes", count) as done:
        for number in range(seed, seed + count):
            done.add(look_at(number, SHARED))
    sights: list[Sight] = done.results
    return Report(
        suite="perception",
        metrics=metrics(sights),
        failures=[one for sight in sights for one in sight.failures],
        interrupted=done.interrupted,
    )


def metrics(sights: list[Sight]) -> dict[str, Metric]:
    """`box_map50`, `mask_map50`, and the shares of crops named and of words read right, drawn by scene."""
    pairs = [sight.pair for sight in sights]
    return {
        "box_map50": map50(pairs, "bbox"),
        "mask_map50": map50(pairs, "segm"),
        "classify_accuracy": ratio([sum(one.named) for one in sights], [len(one.named) for one in sights]),
        "words_read": ratio([sum(one.read) for one in sights], [len(one.read) for one in sights]),
    }


def look_at(seed: int, models: Models) -> Sight:
    """Call the tools on the diorama of a seed, and on the same with one more sign.

    Args:
        seed: Of the diorama.
        models: What the tools look with.
    """
    plain = make_diorama(seed)
    signed = with_sign(plain, seed) or plain
    with tempfile.TemporaryDirectory(prefix="scenograph-eval-") as folder:
        paths = [Path(folder) / f"{name}.png" for name in ("plain", "signed")]
        for path, one in zip(paths, (plain, signed), strict=True):
            one.image.save(path, compress_level=1)
        calls = Calls(Workspace.open(paths, models), load_tools())
        found = calls("segment", image_id="img-1", labels=[]).entities
        sight = Sight(_pair(plain, found))
        _name(calls, plain.truth, sight)
        _read(calls, signed.truth, sight)
    return sight


def _pair(diorama: Diorama, found: tuple[Entity, ...]) -> Pair:
    true = [Thing(one.category, one.box, one.mask) for one in diorama.truth.objects]
    seen = [Thing(one.label, one.box, one.mask, one.score) for one in found if one.mask is not None]
    return Pair(diorama.image.width, diorama.image.height, true, seen)


def _name(calls: Calls, truth: Truth, sight: Sight) -> None:
    for thing in truth.objects:
        if min(thing.box.x2 - thing.box.x1, thing.box.y2 - thing.box.y1) < LEAST_SIDE:
            continue
        got = calls("classify", image_id="img-1", box=list(thing.box.xyxy)).entities[0].attributes["recognised_as"]
        sight.named.append(got == thing.category)
        if got != thing.category:
            sight.failures.append(_failure(truth, "classify", thing.id, thing.category, str(got)))


def _read(calls: Calls, truth: Truth, sight: Sight) -> None:
    lines = calls("read_text", image_id="img-2").entities if truth.texts else ()
    for text in truth.texts:
        there = [str(line.attributes["text"]) for line in lines if _on(line, text)]
        right = any(_letters(text.word) in _letters(line) for line in there)
        sight.read.append(right)
        if not right:
            sight.failures.append(_failure(truth, "read_text", text.word, text.word, ", ".join(there) or "nothing"))


def _on(line: Entity, text: TrueText) -> bool:
    """Whether the middle of a line lies on a sign."""
    x, y = (line.box.x1 + line.box.x2) / 2, (line.box.y1 + line.box.y2) / 2
    return text.box.x1 <= x <= text.box.x2 and text.box.y1 <= y <= text.box.y2


def _letters(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())


def _failure(truth: Truth, tool: str, what: str, expected: str, got: str) -> Failure:
    return Failure(id=str(truth.seed), query=f"{tool} {what}", expected=expected, got=got, why="perception")
