from typing import Any

import pytest
from pydantic import ValidationError

from graphs.query import SceneQuery, ask
from graphs.scene import SceneGraph, fold
from graphs.types import Box, Entity, Observation, Search


def seen(label: str, x: float, y: float, size: float, image_id: str = "img-1", **attributes: str | float) -> Entity:
    return Entity(
        id=f"c/{label}/{x}",
        label=label,
        image_id=image_id,
        box=Box(x1=x, y1=y, x2=x + size, y2=y + size),
        score=0.9,
        attributes=attributes,
        model="m",
        call_id="c",
        tool="detect",
    )


@pytest.fixture
def scene() -> SceneGraph:
    """Two dogs, the larger left of and above a tree; a cat in the tree; everything was looked for in img-1 only."""
    entities = (
        seen("dog", 0, 0, 20, colour="brown", area_share=0.034),
        seen("dog", 300, 300, 10, colour="grey"),
        seen("tree", 100, 100, 60, colour="green"),
        seen("cat", 110, 110, 12),
    )
    searches = (
        Search(image_id="img-1", label="*", model="m", call_id="c", tool="detect"),
        Search(image_id="img-2", label="dog", model="m", call_id="d", tool="detect"),
    )
    return fold([Observation(text="", entities=entities, searches=searches)])


@pytest.mark.parametrize(
    ("query", "text", "value", "evidence"),
    [
        ({"op": "count", "label": "dog"}, "count = 2: dog-1 dog-2", 2, "dog-1 dog-2"),
        ({"op": "count", "label": "animal"}, "count = 3: cat-1 dog-1 dog-2", 3, "cat-1 dog-1 dog-2"),
        ({"op": "count", "label": "car"}, "count = 0", 0, "img-1"),
        ({"op": "count", "label": "dog", "colour": "red"}, "count = 0", 0, "img-1 img-2"),
        ({"op": "exists", "label": "dog", "colour": "grey"}, "yes: dog-2", True, "dog-2"),
        ({"op": "exists", "label": "car"}, "no", False, "img-1"),
        ({"op": "list", "label": "animal"}, "dog 2, cat 1: cat-1 dog-1 dog-2", ["dog", "cat"], "cat-1 dog-1 dog-2"),
        ({"op": "list", "label": "car"}, "none", [], "img-1"),
        ({"op": "largest", "label": ""}, "largest = tree: tree-1", "tree", "tree-1"),
        ({"op": "largest", "label": "animal"}, "largest = dog: dog-1", "dog", "dog-1"),
        ({"op": "largest", "label": "car"}, "none", None, "img-1"),
        (
            {"op": "relation", "label": "dog", "other": "tree"},
            "left_of, above: dog-1 tree-1",
            ["left_of", "above"],
            "dog-1 tree-1",
        ),
        (
            {"op": "relation", "label": "dog", "other": "dog"},
            "left_of, above: dog-1 dog-2",
            ["left_of", "above"],
            "dog-1 dog-2",
        ),
        ({"op": "relation", "label": "dog", "other": "car"}, "none", None, "img-1"),
        ({"op": "attribute", "label": "dog"}, "dog-1 brown 3.4%\ndog-2 grey", ["brown", "grey"], "dog-1 dog-2"),
        ({"op": "attribute", "label": "cat"}, "cat-1", [], "cat-1"),
        ({"op": "attribute", "label": "car"}, "none", [], "img-1"),
        (
            {"op": "count", "label": "animal", "relation": "inside", "other": "plant"},
            "count = 1: cat-1",
            1,
            "cat-1",
        ),
        ({"op": "exists", "label": "dog", "relation": "right_of", "other": "tree"}, "yes: dog-2", True, "dog-2"),
        ({"op": "exists", "label": "tree", "relation": "inside", "other": "cat"}, "no", False, "img-1"),
    ],
)
def test_answers(scene: SceneGraph, query: dict[str, Any], text: str, value: object, evidence: str) -> None:
    finding = ask(scene, SceneQuery(**query))
    assert finding.text == text
    assert finding.value == value
    assert type(finding.value) is type(value)
    assert finding.evidence == tuple(evidence.split())


def test_relation_without_any_predicate_names_the_pair() -> None:
    entities = (seen("bed", 0, 0, 100), seen("cat", 80, 80, 40))
    scene = fold([Observation(text="", entities=entities)])
    finding = ask(scene, SceneQuery(op="relation", label="bed", other="cat"))
    assert "near" in finding.text
    apart = (seen("bed", 0, 0, 100), seen("cat", 20, 300, 100))
    finding = ask(fold([Observation(text="", entities=apart)]), SceneQuery(op="relation", label="cat", other="bed"))
    assert finding.text == "below: cat-1 bed-1"


def test_relation_is_asked_within_one_image() -> None:
    entities = (
        seen("dog", 0, 0, 90, "img-2"),
        seen("dog", 0, 0, 10, "img-1"),
        seen("tree", 50, 0, 30, "img-1"),
    )
    scene = fold([Observation(text="", entities=entities)])
    small = next(e.id for e in scene.find("dog") if e.image_id == "img-1")
    assert ask(scene, SceneQuery(op="relation", label="dog", other="tree")).evidence == (small, "tree-1")


@pytest.mark.parametrize(
    "query",
    [
        {"op": "relation", "label": "dog"},
        {"op": "count", "label": "dog", "relation": "near"},
        {"op": "count", "label": "dog", "other": "cat"},
        {"op": "count", "label": "dog", "relation": "beside", "other": "cat"},
        {"op": "sum", "label": "dog"},
    ],
)
def test_incomplete_queries_are_refused(query: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SceneQuery(**query)


def test_the_largest_covers_most_where_all_have_outlines_and_has_the_largest_box_else() -> None:
    wide = seen("kite", 0, 0, 40, area_share=0.01)
    full = seen("box", 100, 0, 30, area_share=0.03)
    query = SceneQuery(op="largest", label="thing")
    assert ask(fold([Observation(text="", entities=(wide, full))]), query).evidence == ("box-1",)
    unsure = seen("cat", 200, 0, 10)
    assert ask(fold([Observation(text="", entities=(wide, full, unsure))]), query).evidence == ("kite-1",)


def test_shares_of_different_images_are_not_compared() -> None:
    dog = seen("dog", 0, 0, 300, area_share=0.0075)
    cat = seen("cat", 0, 0, 30, area_share=0.56).model_copy(update={"image_id": "img-2"})
    query = SceneQuery(op="largest", label="thing")
    assert ask(fold([Observation(text="", entities=(dog, cat))]), query).evidence == ("dog-1",)
