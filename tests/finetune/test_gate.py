"""The gate on the shipped detector and on what a wrong preprocessing makes of it."""

import json
from pathlib import Path

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


def test_a_gain_on_few_images_is_none(verdicts: dict[str, list[gate.Verdict]]) -> None:
    few = [one._replace(gain=one.gain.model_copy(update={"n": gate.FEWEST - 1})) for one in verdicts["better"]]
    assert gate.reasons(_entry(), few) == [
        f"{few[0].name} was measured on 9 images, which says nothing: give 10 or more"
    ]


def test_what_has_no_outline_beside_what_has_one_fills_its_box(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    square = [40, 40, 60, 40, 60, 60, 40, 60]
    things = [([1, 2, 20, 20], []), ([40, 40, 20, 20], [square])]
    told = {
        "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 64}],
        "categories": [{"id": 1, "name": "dog"}],
        "annotations": [
            {"id": n, "image_id": 1, "category_id": 1, "bbox": box, "segmentation": outline, "area": 400, "iscrowd": 0}
            for n, (box, outline) in enumerate(things)
        ],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(told))
    scenes = gate.labelled(tmp_path)
    assert not scenes.outlined
    assert [masks.decode(one.mask).sum() > 350 for one in scenes.true[0]] == [True, True]


def test_what_a_detector_without_masks_finds_counts_too() -> None:
    image = Image.new("RGB", (40, 30))
    [found] = found_in(lambda *_: [Detection("dog", 0.9, (4.0, 5.0, 14.0, 25.0), None)], image)
    assert found.box.xyxy == (4, 5, 14, 25)
    assert masks.decode(found.mask).sum() == 10 * 20


def _entry(**metrics: float) -> ModelEntry:
    return active("segment").model_copy(update={"metrics": metrics})
