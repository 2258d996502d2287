from typing import TYPE_CHECKING

import numpy as np
import pytest

from graphs.types import Observation
from tools.masks import decode

if TYPE_CHECKING:
    from tests.tools.conftest import Call, SeenBefore


@pytest.mark.parametrize("where", [{"point": [10, 15]}, {"box": [4, 9, 26, 31]}])
def test_what_the_detector_knows_there_is_outlined(call: "Call", where: dict[str, list[float]]) -> None:
    message = call("segment_at", image_id="img-1", **where)
    [seen] = Observation.load(message.artifact).entities
    assert message.content == "dog at 5,10,25,30, by fake-1"
    assert (seen.tool, seen.attributes["colour"], seen.attributes["area_share"]) == ("segment_at", "red", 0.05)


@pytest.mark.parametrize("where", [{"point": [15, 20]}, {"box": [2, 6, 30, 34]}])
def test_what_no_label_is_known_for_is_cut_out(
    call: "Call", detector: "SeenBefore", where: dict[str, list[float]]
) -> None:
    detector.detections = []
    [seen] = Observation.load(call("segment_at", image_id="img-1", **where).artifact).entities
    assert (seen.label, seen.model, seen.attributes["colour"]) == ("thing", "grabcut", "red")
    truth = np.zeros((80, 100), dtype=bool)
    truth[10:30, 5:25] = True
    assert seen.mask is not None
    mask = decode(seen.mask)
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9


def test_where_nothing_stands_out_the_model_is_told(call: "Call", detector: "SeenBefore") -> None:
    detector.detections = []
    message = call("segment_at", image_id="img-1", box=[0, 0, 100, 80])
    assert message.status == "error"
    assert "give" in str(message.content)
