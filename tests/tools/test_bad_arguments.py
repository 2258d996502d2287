"""What each tool tells the model of arguments that cannot be meant: one line, with what to do instead."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.tools.conftest import Call

UNKNOWN_IMAGE = "no image 'img-9'; there is: img-1"
UNKNOWN_THING = "no thing 'cat-7'; there is: dog-1, dog-2"
OUTSIDE = r"box \[200, 10, 300, 60\] lies outside img-1, which has 100 x 80 pixels"
NO_AREA = r"box \[50, 10, 20, 60\] has no area"
FEW_CORNERS = "at least 4 items"
LABELS = [f"label {number}" for number in range(10_000)]

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("detect", {"image_id": "img-9", "labels": []}, UNKNOWN_IMAGE),
    ("detect", {"image_id": "img-1", "labels": LABELS}, "at most 16 items"),
    ("detect", {"image_id": "img-1", "labels": ["x" * 1000]}, "at most 24 characters"),
    ("segment", {"image_id": "img-9", "labels": []}, UNKNOWN_IMAGE),
    ("segment", {"image_id": "img-1", "labels": LABELS}, "at most 16 items"),
    ("look_closer", {"image_id": "img-9", "thing": "dog-1"}, UNKNOWN_IMAGE),
    ("look_closer", {"image_id": "img-1"}, "give the thing or the box"),
    ("look_closer", {"image_id": "img-1", "thing": "dog-1", "box": [0, 0, 9, 9]}, "a thing or a box, not both"),
    ("look_closer", {"image_id": "img-1", "thing": "cat-7"}, UNKNOWN_THING),
    ("look_closer", {"image_id": "img-1", "box": [200, 10, 300, 60]}, OUTSIDE),
    ("look_closer", {"image_id": "img-1", "box": [50, 10, 20, 60]}, NO_AREA),
    ("look_closer", {"image_id": "img-1", "box": [1, 2, 3]}, FEW_CORNERS),
    ("look_closer", {"image_id": "img-1", "box": [1, 2, float("nan"), 9]}, r"box \[1, 2, nan, 9\] is none"),
    ("look_closer", {"image_id": "img-1", "box": [10, 10, 12, 12]}, "2 x 2 pixels hold nothing to see"),
    ("segment_at", {"image_id": "img-9", "point": [1, 1]}, UNKNOWN_IMAGE),
    ("segment_at", {"image_id": "img-1"}, "either a box or a point"),
    ("segment_at", {"image_id": "img-1", "box": [1, 1, 9, 9], "point": [1, 1]}, "either a box or a point"),
    ("segment_at", {"image_id": "img-1", "box": [200, 10, 300, 60]}, OUTSIDE),
    ("segment_at", {"image_id": "img-1", "point": [100, 10]}, r"point \[100, 10\] lies outside img-1"),
    ("segment_at", {"image_id": "img-1", "point": [float("inf"), 10]}, r"point \[inf, 10\] is none"),
    ("classify", {"image_id": "img-9"}, UNKNOWN_IMAGE),
    ("classify", {"image_id": "img-1", "thing": "cat-7"}, UNKNOWN_THING),
    ("classify", {"image_id": "img-1", "box": [200, 10, 300, 60]}, OUTSIDE),
    ("classify", {"image_id": "img-1", "labels": [" "]}, "a label is empty"),
    ("classify", {"image_id": "img-1", "labels": ["dgo"]}, "fake-names does not know 'dgo'; nearest: dog"),
    ("classify", {"image_id": "img-1", "labels": LABELS}, "at most 16 items"),
    ("describe", {"image_id": "img-9"}, UNKNOWN_IMAGE),
    ("describe", {"image_id": "img-1", "thing": "cat-7"}, UNKNOWN_THING),
    ("describe", {"image_id": "img-1", "box": [200, 10, 300, 60]}, OUTSIDE),
    ("describe", {"image_id": "img-1", "question": "x" * 1000}, "at most 200 characters"),
    ("read_text", {"image_id": "img-9"}, UNKNOWN_IMAGE),
    ("read_text", {"image_id": "img-1", "thing": "cat-7"}, UNKNOWN_THING),
    ("read_text", {"image_id": "img-1", "box": [200, 10, 300, 60]}, OUTSIDE),
    ("compare", {"image_id": "img-1", "other_id": "img-9"}, UNKNOWN_IMAGE),
    ("compare", {"image_id": "img-1", "other_id": "img-1"}, "two different images"),
    ("find_similar", {"image_id": "img-9"}, UNKNOWN_IMAGE),
    ("find_similar", {"image_id": "img-1"}, "no image beside img-1; set folder"),
    ("find_similar", {"image_id": "img-1", "folder": True}, "no image beside img-1"),
    ("find_similar", {"image_id": "img-1", "count": 10_000}, "less than or equal to 10"),
    ("measure", {"things": []}, "at least 1 item"),
    ("measure", {"things": ["dog-1", "cat-7"]}, UNKNOWN_THING),
    ("measure", {"things": ["dog-1", "dog-1"]}, "different ids"),
    ("measure", {"things": LABELS}, "at most 3 items"),
]


@pytest.mark.parametrize(("tool", "arguments", "told"), BAD, ids=[f"{row[0]}-{n}" for n, row in enumerate(BAD)])
def test_bad_arguments_are_told_to_the_model(call: "Call", tool: str, arguments: dict[str, Any], told: str) -> None:
    call("detect", image_id="img-1", labels=["dog"])
    message = call(tool, **arguments)
    assert message.status == "error"
    assert isinstance(message.content, str)
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(message.content)
