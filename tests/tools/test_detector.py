import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evals.diorama.prompts import sample_prompt
from evals.diorama.render import paint
from evals.diorama.world import make_diorama
from graphs.geometry import iou
from tools import catalog, detector
from tools.catalog import ModelEntry, Source, checksum
from tools.errors import UserError

pytestmark = pytest.mark.slow


def entry(weights: Path) -> ModelEntry:
    return ModelEntry(
        name="random",
        task="segment",
        backend="ultralytics",
        sources=(Source(kind="file", location=str(weights)),),
        image_size=128,
        licence="AGPL-3.0-or-later",
        sha256=checksum(weights),
    )


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A YOLO26 that has learnt nothing, as it is saved."""
    path = tmp_path_factory.mktemp("weights") / "random.pt"
    detector._ultralytics()("yolo26n-seg.yaml").save(str(path))
    return path


def test_boxes_and_masks_fit_an_image_of_any_size(
    weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # Untrained scores are near zero; at this threshold some of them are detections.
    find = detector.Detector(entry(weights), confidence=1e-7)
    assert find.name == "random"
    noise = np.random.default_rng(0).integers(0, 256, (300, 1280, 3), dtype=np.uint8)
    found = find(Image.fromarray(noise))
    assert found
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    for seen in found:
        x1, y1, x2, y2 = seen.box
        assert -1 <= x1 < x2 <= 1281
        assert -1 <= y1 < y2 <= 301
        assert seen.mask is not None
        assert seen.mask.shape == (150, 640)
    # The mask lies where the box does, on its own grid.
    largest = max(found, key=lambda d: 0 if d.mask is None else int(d.mask.sum()))
    assert largest.mask is not None
    rows, columns = np.nonzero(largest.mask)
    assert largest.box[0] - 4 <= 2 * columns.min() <= 2 * columns.max() <= largest.box[2] + 4
    assert largest.box[1] - 4 <= 2 * rows.min() <= 2 * rows.max() <= largest.box[3] + 4
    label = found[0].label
    assert {d.label for d in find(Image.fromarray(noise), {label})} == {label}
    assert find(Image.fromarray(noise), {"no such class"}) == []
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_pickled_code_in_weights_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    script = (
        "import sys, torch, pathlib\n"
        "class Evil:\n"
        "    def __reduce__(self):\n"
        f"        return (pathlib.Path.touch, (pathlib.Path({str(marker)!r}),))\n"
        f"torch.save({{'model': Evil(), 'train_args': {{}}}}, {str(tmp_path / 'evil.pt')!r})\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    with pytest.raises(UserError, match="cannot be loaded"):
        detector.Detector(entry(tmp_path / "evil.pt"))
    assert not marker.exists()


def test_a_namer_says_what_each_thing_is() -> None:
    shipped = catalog.active("segment")
    right = {"diorama-recogniser": 0, "": 0}
    for namer in right:
        find = detector.Detector(shipped.model_copy(update={"namer": namer}))
        for seed in range(4_100, 4_120):
            image, truth = make_diorama(seed)
            boxes = np.array([thing.box.xyxy for thing in truth.objects])
            for one in find(image):
                shared = iou(np.array([one.box]), boxes)[0]
                thing = truth.objects[int(shared.argmax())]
                right[namer] += shared.max() > 0.5 and thing.category == one.label
    assert right["diorama-recogniser"] > right[""] > 0


def test_a_part_of_a_thing_is_not_one_more() -> None:
    find = detector.Detector(catalog.active("segment"))
    image, truth = make_diorama(4_300)  # of whose butterfly the network outlines one half too
    assert len(truth.of("butterfly")) == len(find(image, {"butterfly"})) == 1


def test_a_small_picture_is_not_blown_up_beyond_recognition() -> None:
    find = detector.Detector(catalog.active("segment"))
    prompted = [sample_prompt(4_100 + number, "two_objects") for number in range(6)]
    pictures = [paint(one.scene).image for one in prompted]
    assert {max(picture.size) for picture in pictures} == {96}
    for one, picture in zip(prompted, pictures, strict=True):
        assert {seen.label for seen in find(picture)} >= set(one.labels)
