"""A detector exported by the verb: what it sees afterwards, what is said of it, and what cannot be exported."""

import json
from pathlib import Path

import pytest
from PIL import Image

from finetune import export
from finetune.commands.export import command
from finetune.export import Format
from tools.catalog import active, find
from tools.detector import Detector
from tools.errors import UserError

PARK = Path(__file__).parents[2] / "examples" / "park.png"

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # ultralytics' export still uses it
def test_an_export_is_a_candidate_that_sees_the_same(boxes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = active("segment")
    command(before.name, Format.OPENVINO, boxes, json=True)
    told = json.loads(capsys.readouterr().out)
    after = find(told["after"])
    assert (after.name, after.base, after.status) == (f"{before.name}-openvino", before.name, "candidate")
    assert active("segment") == before
    assert [one["name"] for one in told["measures"]] == ["data box_map50", "data mask_map50"]
    for one in told["measures"]:  # of a few images, so that what a CPU rounds to 16 bits moves them a little
        assert one["after"] == pytest.approx(one["before"], abs=0.1)
    assert after.metrics.keys() == {"box_map50", "mask_map50"}
    assert told["bytes"] == [before.size, after.size]
    assert min(told["images_per_second"]) > 0
    park = Image.open(PARK).convert("RGB")
    seen = [Detector(entry)(park) for entry in (before, after)]
    assert [one.label for one in seen[0]] == [one.label for one in seen[1]] != []
    assert [one.score for one in seen[0]] == pytest.approx([one.score for one in seen[1]], abs=0.03)


def test_what_is_missing_or_no_checkpoint_is_one_line(boxes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="diorama-recogniser is no checkpoint of ultralytics"):
        export.export(find("diorama-recogniser"), Format.ONNX)
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="openvino in int8 needs the package nncf: `pip install nncf`"):
        export.export(active("segment"), Format.OPENVINO, boxes)
    with pytest.raises(UserError, match="onnx needs the package onnx"):
        export.export(active("segment"), Format.ONNX)
