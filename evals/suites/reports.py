"""The suite `reports`: reports on dioramas held against the world's truth, and their checker against mutants."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agent.report.build import build
from agent.report.check import check
from agent.report.claims import Claim
from agent.report.facts import Facts
from agent.report.faithful import faithful
from agent.report.survey import Seen, Surveyor
from agent.report.template import load
from agent.report.words import Words
from evals.diorama.seer import Seer
from evals.diorama.truth import Truth
from evals.diorama.world import make_diorama
from evals.metrics.claims import is_true, match, mentioned
from evals.metrics.interval import Metric, ratio
from evals.metrics.mutants import mutate
from evals.suites.options import Options, gathering
from evals.suites.report import Failure, Report
from graphs.scene import SceneGraph
from tools.models import SHARED, Models
from tools.registry import load_tools

MUTANTS = 10
"""Claims made wrong in each scene."""


class Told(NamedTuple):
    """A report on one diorama and what came of it.

    Attributes:
        truth: Of the world.
        claims: Those made.
        judged: Whether each is true; none where the world does not say.
        cited: How many have evidence, all of it in the scene.
        mentioned: How many true objects are named.
        caught: Of the mutants, whether the checker refused each.
    """

    truth: Truth
    claims: Sequence[Claim]
    judged: Sequence[bool | None]
    cited: int
    mentioned: int
    caught: Sequence[bool]


def suite(seed: int, count: int, options: Options) -> Report:
    """Report on the dioramas from `seed` on, once with true perception and once with the deployed tools."""
    SHARED.get("segment")  # weights that are missing are one error, not one a scene
    deployed, perception = Surveyor(), Seer()
    segment = [tool for tool in load_tools() if tool.name == "segment"]
    perfect = Surveyor(models=Models(lambda entry: perception), tools=segment)
    with gathering("scenes", count) as done, tempfile.TemporaryDirectory(prefix="scenograph-eval-") as folder:
        for number in range(seed, seed + count):
            made = make_diorama(number)
            perception.know(made)
            path = Path(folder) / made.truth.image
            made.image.save(path)
            pair = [surveyor(surveyor.open(path)) for surveyor in (perfect, deployed)]
            done.add((told(pair[0], made.truth, MUTANTS), told(pair[1], made.truth)))
    return report([one for one, _ in done.results], [one for _, one in done.results], done.interrupted)


def told(seen: Seen, truth: Truth, mutants: int = 0) -> Told:
    """Write the report on one diorama, and judge it.

    Args:
        seen: What the tools saw of it.
        truth: Of the world.
        mutants: How many of its claims to make wrong, for the checker to catch.
    """
    template, words = load("general"), Words("en")
    made, scene = build([seen], template, words)
    facts = Facts(scene, template.sure)
    matched = match(scene.entities(), truth)
    return Told(
        truth=truth,
        claims=made.claims,
        judged=[
            None if (true := is_true(one, matched, truth)) is None else true and not faithful(one.text, one, words)
            for one in made.claims
        ],
        cited=sum(bool(one.evidence) and all(name in scene for name in one.evidence) for one in made.claims),
        mentioned=mentioned(made.claims, matched, scene.entities(), truth),
        caught=[_refused(one, facts, words) for one in _mutants(made.claims, scene, matched, truth, mutants)],
    )


def _refused(claim: Claim, facts: Facts, words: Words) -> bool:
    return (check(claim, facts) or faithful(claim.text, claim, words)) is not None


def _mutants(
    claims: Sequence[Claim], scene: SceneGraph, matched: Mapping[str, Any], truth: Truth, wanted: int
) -> list[Claim]:
    """Claims made wrong; those that happen to be true still, in content and evidence, are none."""
    rng, words, made = np.random.default_rng([truth.seed, 0x3A7]), Words("en"), list[Claim]()
    for _ in range(20 * wanted if claims else 0):
        claim = claims[int(rng.integers(len(claims)))]
        mutant = mutate(claim, scene, words, rng)
        if mutant is None or len(made) == wanted:
            continue
        about_else = mutant.content != claim.content
        if not (about_else and is_true(mutant, matched, truth) is not False):
            made.append(mutant)
    return made


def report(true: Sequence[Told], deployed: Sequence[Told], interrupted: bool = False) -> Report:
    """The suite's report; the failures are claims that the deployed tools led to and that are false."""
    caught = [one for each in true for one in each.caught]
    failures = [
        Failure(
            id=f"{one.truth.seed}-{claim.id}", query=claim.text, expected="true", got="false", why=claim.content.kind
        )
        for one in deployed
        for claim, judged in zip(one.claims, one.judged, strict=True)
        if judged is False and claim.certainty == "sure"
    ]
    kinds = sorted({claim.content.kind for one in deployed for claim in one.claims})
    return Report(
        suite="reports",
        metrics={
            **_metrics(true, ""),
            **_metrics(deployed, "_detector"),
            "doubts_true_detector": _true(deployed, "possible"),
            "mutants_caught": ratio([float(one) for one in caught]),
        },
        by_kind={kind: _true(deployed, "sure", kind) for kind in kinds},
        failures=failures,
        interrupted=interrupted,
    )


def _metrics(told: Sequence[Told], suffix: str) -> dict[str, Metric]:
    return {
        f"claims_true{suffix}": _true(told, "sure"),
        f"claims_with_evidence{suffix}": ratio([one.cited for one in told], [len(one.claims) for one in told]),
        f"objects_mentioned{suffix}": ratio([one.mentioned for one in told], [len(one.truth.objects) for one in told]),
    }


def _true(told: Sequence[Told], certainty: str, kind: str = "") -> Metric:
    """Share of the claims that are true, of those that the world can judge."""
    judged = [
        [
            j
            for claim, j in zip(one.claims, one.judged, strict=True)
            if claim.certainty == certainty and j is not None and kind in ("", claim.content.kind)
        ]
        for one in told
    ]
    return ratio([sum(one) for one in judged], [len(one) for one in judged])
