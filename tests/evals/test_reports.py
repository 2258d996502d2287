from __future__ import annotations

from pathlib import Path

import pytest

from agent.report.survey import Surveyor
from evals.diorama.seer import Seer
from evals.diorama.world import Diorama, make_diorama
from evals.suites.reports import Told, report, told
from tools.models import Models
from tools.registry import load_tools


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """Reports on four dioramas, seen as they are."""
    folder: Path = tmp_path_factory.mktemp("dioramas")
    dioramas = [make_diorama(seed) for seed in range(4_100_000, 4_100_004)]
    perception = Seer(dioramas)
    segment = [tool for tool in load_tools() if tool.name == "segment"]
    surveyor = Surveyor(models=Models(lambda entry: perception), tools=segment)
    made = []
    for one in dioramas:
        path = folder / one.truth.image
        one.image.save(path)
        made.append(told(surveyor(surveyor.open(path)), one.truth, mutants=20))
    return made


def test_with_true_perception_every_claim_is_true_and_every_object_is_named(reports: list[Told]) -> None:
    metrics = report(reports, reports).metrics

    for name in ("claims_true", "claims_with_evidence", "objects_mentioned"):
        assert metrics[name].value == 1, name
    assert metrics["claims_true"].n > 50
    assert metrics["mutants_caught"].n == 80
    assert (metrics["mutants_caught"].value or 0) >= 0.98


def test_what_was_not_seen_makes_false_claims_and_is_not_mentioned(tmp_path: Path) -> None:
    image, truth = make_diorama(4_100_001)
    perception = Seer([Diorama(image, truth.model_copy(update={"objects": truth.objects[1:]}))])
    surveyor = Surveyor(
        models=Models(lambda entry: perception), tools=[tool for tool in load_tools() if tool.name == "segment"]
    )
    image.save(tmp_path / "scene.png")
    one = told(surveyor(surveyor.open(tmp_path / "scene.png")), truth)

    assert one.mentioned == len(truth.objects) - 1
    assert False in one.judged
    missed = report([one], [one]).metrics
    assert (missed["claims_true"].value or 1) < 1
    assert (missed["objects_mentioned"].value or 1) < 1
