"""The gate on the shipped detector and on what a wrong preprocessing makes of it."""

import pytest
from PIL import Image

from evals.suites.detector import found_in
from finetune import gate
from tools import masks
from tools.catalog import ModelEntry, active
from tools.detector import Detection


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[gate.Verdict]]:
    """The shipped detector against the same weights deployed at a third of their image size, both ways round."""
    good = active("segment")
    bad = good.model_copy(update={"name": "wrong-size", "image_size": 96})
    scenes = gate.dioramas(910_000, 10)
    return {"worse": gate.measure(good, bad, scenes), "better": gate.measure(bad, good, scenes)}


def test_a_candidate_that_is_worse_deployed_is_refused_with_the_reason(
    verdicts: dict[str, list[gate.Verdict]],
) -> None:
    proud = _entry(val_box_map50=0.95)
    told = gate.reasons(
        proud, [one._replace(name=one.name.replace("dioramas", gate.DATA)) for one in verdicts["worse"]]
    )
    assert told[0].startswith("data box_map50 falls by")
    assert "it is better in no measure beyond its interval" in told
    assert "training said 0.950" in told[-1]


def test_a_candidate_that_is_better_passes(verdicts: dict[str, list[gate.Verdict]]) -> None:
    assert all(one.better for one in verdicts["better"])
    assert gate.reasons(_entry(), verdicts["better"]) == []


def test_one_that_is_better_here_and_worse_there_is_refused(verdicts: dict[str, list[gate.Verdict]]) -> None:
    told = gate.reasons(_entry(), [*verdicts["better"], *verdicts["worse"]])
    assert told
    assert all("falls by" in one for one in told)


def test_what_a_detector_without_masks_finds_counts_too() -> None:
    image = Image.new("RGB", (40, 30))
    [found] = found_in(lambda *_: [Detection("dog", 0.9, (4.0, 5.0, 14.0, 25.0), None)], image)
    assert found.box.xyxy == (4, 5, 14, 25)
    assert masks.decode(found.mask).sum() == 10 * 20


def _entry(**metrics: float) -> ModelEntry:
    return active("segment").model_copy(update={"metrics": metrics})
