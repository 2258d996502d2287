from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.tools.conftest import Call


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"op": "select", "label": "dogs", "by": "left"}, "dog-1 dog-2"),
        ({"op": "count", "label": "dog"}, "2"),
        ({"op": "count", "label": "dog", "relation": "left_of", "other": "tree"}, "1"),
        ({"op": "compare", "label": "dog", "other": "tree"}, "first: 2 and 1 by count"),
        ({"op": "group"}, "dog 2, tree 1"),
        ({"op": "path", "thing": "dog-1", "goal": "tree-1", "relation": "left_of"}, "dog-1 left_of tree-1"),
        ({"op": "neighbours", "thing": "dog-1", "relation": "on"}, "none"),
    ],
)
def test_questions_about_what_was_seen(call: "Call", arguments: dict[str, object], text: str) -> None:
    call("detect", image_id="img-1", labels=[])
    assert call("ask_scene", **arguments).content == text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"op": "count", "label": "cat"}, "nobody has looked for 'cat' yet"),
        ({"op": "compare", "label": "dog"}, "second: Field required"),
        ({"op": "group", "by": "area"}, "do not group by area: group by label"),
        ({"op": "path", "thing": "dog-1", "goal": "dog-9"}, "no thing 'dog-9'"),
        ({"op": "select", "label": "dog", "by": "colour"}, "by: "),
    ],
)
def test_what_cannot_be_asked(call: "Call", arguments: dict[str, object], told: str) -> None:
    call("detect", image_id="img-1", labels=["dog"])
    message = call("ask_scene", **arguments)
    assert message.status == "error"
    assert told in str(message.content)
