from typing import TYPE_CHECKING

import pytest

from graphs.types import Observation

if TYPE_CHECKING:
    from tests.tools.conftest import Call


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"op": "count", "label": "dogs"}, "count = 2: dog-1 dog-2"),
        ({"op": "count", "label": "dog", "colour": "red"}, "count = 1: dog-1"),
        ({"op": "list", "label": "thing"}, "dog 2, tree 1: dog-1 dog-2 tree-1"),
        ({"op": "list", "label": ""}, "dog 2, tree 1: dog-1 dog-2 tree-1"),
        ({"op": "exists", "label": "dog", "relation": "right_of", "other": "Trees"}, "yes: dog-2"),
        ({"op": "relation", "label": "dog", "other": "tree", "colour": None}, "left_of, above, near: dog-1 tree-1"),
        ({"op": "exists", "label": "giraffe"}, "no"),
    ],
)
def test_questions_about_what_was_seen(call: "Call", arguments: dict[str, object], text: str) -> None:
    call("detect", image_id="img-1", labels=[])
    message = call("query_scene", **arguments)
    assert message.content == text
    assert Observation.load(message.artifact) == Observation(text=text)


@pytest.mark.parametrize(
    ("looked", "arguments", "told"),
    [
        (["dog"], {"op": "count", "label": "cat"}, "nobody has looked for 'cat' yet: call detect with it first"),
        (["dog"], {"op": "count", "label": "dog", "relation": "near", "other": "cat"}, "looked for 'cat' yet"),
        (["dog"], {"op": "count", "label": ""}, "nobody has looked for 'thing' yet"),
        (["dog"], {"op": "count", "label": "dog", "relation": "near", "other": "image"}, "the image is no thing"),
        (["dog"], {"op": "relation", "label": "dog"}, "op relation needs other"),
        (["dog"], {"op": "count", "label": "dog", "other": "dog"}, "relation and other go together"),
        (["dog"], {"op": "sum", "label": "dog"}, "op"),
        (["dog"], {"op": "count", "label": "x" * 25}, "24"),
    ],
)
def test_what_cannot_be_asked(call: "Call", looked: list[str], arguments: dict[str, object], told: str) -> None:
    call("detect", image_id="img-1", labels=looked)
    message = call("query_scene", **arguments)
    assert message.status == "error"
    assert told in str(message.content)


def test_before_anything_was_looked_for(call: "Call") -> None:
    message = call("query_scene", op="count", label="dog")
    assert "nobody has looked for 'dog' yet: call detect with it first" in str(message.content)


def test_a_search_that_found_none_is_a_search(call: "Call") -> None:
    call("detect", image_id="img-1", labels=["animal"])
    assert call("query_scene", op="count", label="cat").content == "count = 0"
