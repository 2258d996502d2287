from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from graphs.questions import Question, answer
from graphs.scene import SceneGraph, fold
from graphs.types import Box, Entity, Observation, Search


def seen(label: str, x: float, y: float, size: float, score: float = 0.9, **attributes: str | float) -> Entity:
    box = Box(x1=x, y1=y, x2=x + size, y2=y + size)
    told: dict[str, Any] = {"image_id": "img-1", "model": "m", "call_id": "c", "tool": "detect"}
    return Entity(id=f"c/{label}/{x}", label=label, box=box, score=score, attributes=attributes, **told)


@pytest.fixture(scope="module")
def scene() -> SceneGraph:
    """A row of a small dog, a cat and a large dog, and a book on a bed far below."""
    entities = (
        seen("dog", 0, 0, 20, 0.5, colour="brown"),
        seen("cat", 30, 0, 20, colour="grey"),
        seen("dog", 60, 0, 40, colour="grey"),
        seen("book", 20, 388, 20),
        seen("bed", 0, 400, 100),
    )
    search = Search(image_id="img-1", label="*", model="m", call_id="c", tool="detect")
    return fold([Observation(text="", entities=entities, searches=(search,))])


def ask(scene: SceneGraph, **question: object) -> tuple[str, object, str]:
    reply = answer(scene, TypeAdapter[Any](Question).validate_python(question))
    return reply.text, reply.value, " ".join(reply.evidence)


@pytest.mark.parametrize(
    ("question", "text", "value", "evidence"),
    [
        ({"op": "select", "where": {"label": "animal"}, "by": "area"}, "dog-2 cat-1 dog-1", 3, "dog-2 cat-1 dog-1"),
        ({"op": "select", "by": "left", "limit": 2}, "bed-1 dog-1 and 3 more", 2, "bed-1 dog-1"),
        ({"op": "select", "where": {"label": "car"}}, "none", 0, "img-1"),
        ({"op": "select", "where": {"attributes": {"colour": "grey"}}}, "cat-1 dog-2", 2, "cat-1 dog-2"),
        ({"op": "select", "where": {"label": "animal", "min_score": 0.8}}, "cat-1 dog-2", 2, "cat-1 dog-2"),
        ({"op": "select", "where": {"label": "animal", "without": {"label": "dog"}}}, "cat-1", 1, "cat-1"),
        ({"op": "select", "where": {"ids": ["cat-1", "bed-1"]}}, "bed-1 cat-1", 2, "bed-1 cat-1"),
    ],
)
def test_select(scene: SceneGraph, question: dict[str, Any], text: str, value: int, evidence: str) -> None:
    told, ids, borne_out = ask(scene, **question)
    assert (told, borne_out) == (text, evidence)
    assert isinstance(ids, list)
    assert len(ids) == value


def test_relations_may_be_nested_and_turned_round(scene: SceneGraph) -> None:
    between = {"predicate": "between", "to": {"label": "dog"}}
    assert ask(scene, op="count", where={"related": [between]}) == ("1", 1, "cat-1")
    carries = {"predicate": "on", "to": {"label": "book"}, "reverse": True}
    assert ask(scene, op="select", where={"related": [carries]})[0] == "bed-1"
    left = {"predicate": "left_of", "to": {"related": [between]}}
    assert ask(scene, op="select", where={"label": "dog", "related": [left]})[0] == "dog-1"


def test_compare_and_group(scene: SceneGraph) -> None:
    dogs, cats = {"label": "dog"}, {"label": "cat"}
    assert ask(scene, op="compare", first=dogs, second=cats)[:2] == ("first: 2 and 1 by count", "first")
    assert ask(scene, op="compare", first=cats, second=dogs, by="area")[:2] == (
        "second: 400 and 2000 by area",
        "second",
    )
    assert ask(scene, op="compare", first=cats, second=dogs, by="score")[1] == "equal"
    assert ask(scene, op="group", where={"label": "animal"})[:2] == ("dog 2, cat 1", {"dog": 2, "cat": 1})
    assert ask(scene, op="group", by="hypernym")[1] == {"animal": 3, "book": 1, "furniture": 1}
    assert ask(scene, op="group", by="colour")[1] == {"grey": 2, "unknown": 2, "brown": 1}


def test_how_things_hang_together(scene: SceneGraph) -> None:
    near = {"predicates": ["near"]}
    path = ask(scene, op="path", start="dog-1", goal="dog-2", **near)
    assert path == ("cat-1 near dog-1; cat-1 near dog-2", ["cat-1 near dog-1", "cat-1 near dog-2"], "dog-1 cat-1 dog-2")
    assert ask(scene, op="path", start="dog-1", goal="bed-1", **near) == ("none", [], "dog-1 bed-1")
    assert ask(scene, op="neighbours", of="book-1", predicates=["on"])[:2] == ("book-1 on bed-1", ["bed-1"])
    assert ask(scene, op="neighbours", of="dog-1", steps=2, **near)[1] == ["cat-1", "dog-2"]


def test_what_cannot_be_asked(scene: SceneGraph) -> None:
    with pytest.raises(ValueError, match="no 'dog-9' in the scene"):
        ask(scene, op="path", start="dog-9", goal="dog-1")
    with pytest.raises(ValidationError):
        ask(scene, op="sum")
