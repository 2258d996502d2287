import json

import pytest
from pydantic import ValidationError

from graphs.scene import SceneGraph, fold
from graphs.taxonomy import normalise
from graphs.types import Box, Entity, ImageRef, Mask, Observation, Relation, Search

Corners = tuple[float, float, float, float]
MASK = Mask(size=(100, 100), counts="0:R2")


def seen(
    label: str,
    corners: Corners,
    call_id: str = "c1",
    score: float = 0.9,
    image_id: str = "img-1",
    tool: str = "detect",
    mask: Mask | None = None,
    model: str = "m",
    **attributes: str | float,
) -> Entity:
    x1, y1, x2, y2 = corners
    return Entity(
        id=f"{call_id}/{label}/{corners}",
        label=label,
        image_id=image_id,
        box=Box(x1=x1, y1=y1, x2=x2, y2=y2),
        mask=mask,
        score=score,
        attributes=attributes,
        model=model,
        call_id=call_id,
        tool=tool,
    )


def observed(*entities: Entity, **fields: object) -> Observation:
    return Observation.model_validate({"text": "", "entities": entities, **fields})


def search(label: str, image_id: str = "img-1") -> Search:
    return Search(image_id=image_id, label=label, model="m", call_id="c1", tool="detect")


def test_ids_count_per_label_from_left_to_right_and_on_across_observations() -> None:
    scene = fold(
        [
            observed(seen("dog", (50, 0, 60, 10)), seen("dog", (5, 9, 15, 19)), seen("cat", (5, 1, 15, 8))),
            observed(seen("dog", (0, 80, 10, 90), "c2"), seen("traffic light", (0, 0, 5, 20), "c2")),
        ]
    )
    assert [(e.id, e.box.x1) for e in scene.entities()] == [
        ("cat-1", 5),
        ("dog-1", 5),
        ("dog-2", 50),
        ("dog-3", 0),
        ("traffic_light-1", 0),
    ]


def test_a_second_sighting_merges() -> None:
    first = seen("dog", (0, 0, 10, 10), score=0.5, colour="brown")
    second = seen("dog", (0, 0, 10, 9), "c2", 0.8, tool="segment", mask=MASK, area_share=0.1, colour="grey")
    scene = fold([observed(first), observed(second)])
    [dog] = scene.entities()
    assert dog.score == 0.8  # one model saw it twice: it is as sure as its better sighting
    assert (dog.box, dog.mask, dog.tool, dog.call_id) == (second.box, MASK, "segment", "c2")
    assert dog.attributes == {"colour": "grey", "area_share": 0.1}
    assert [(w.tool, w.call_id, w.score, w.mask) for w in dog.witnesses] == [
        ("detect", "c1", 0.5, None),
        ("segment", "c2", 0.8, MASK),
    ]


def test_a_weaker_sighting_adds_what_was_missing_and_no_more() -> None:
    first = seen("dog", (0, 0, 10, 10), score=0.8, colour="brown")
    second = seen("dog", (0, 0, 10, 9), "c2", 0.5, mask=MASK, colour="grey", area_share=0.1)
    [dog] = fold([observed(first), observed(second)]).entities()
    assert (dog.box, dog.mask, dog.call_id) == (first.box, MASK, "c1")
    assert dog.attributes == {"colour": "brown", "area_share": 0.1}


@pytest.mark.parametrize(
    "other",
    [
        seen("dog", (0, 0, 10, 5.9), "c2"),
        seen("cat", (0, 0, 10, 10), "c2"),
        seen("dog", (0, 0, 10, 10), "c2", image_id="img-2"),
        seen("dog", (0, 0, 10, 9), "c1"),
    ],
    ids=["iou below 0.6", "other label", "other image", "same call"],
)
def test_what_does_not_merge(other: Entity) -> None:
    assert len(fold([observed(seen("dog", (0, 0, 10, 10))), observed(other)]).entities()) == 2


def test_merging_takes_the_nearest_of_several() -> None:
    scene = fold(
        [
            observed(seen("dog", (0, 0, 10, 10)), seen("dog", (2, 0, 12, 10))),
            observed(seen("dog", (2, 0, 12, 10), "c2")),
        ]
    )
    assert [len(e.witnesses) for e in scene.entities()] == [1, 2]


def test_find_by_hypernym_colour_and_image() -> None:
    scene = fold(
        [
            observed(
                seen("dog", (0, 0, 9, 9), colour="brown"),
                seen("cat", (20, 0, 29, 9), colour="grey"),
                seen("car", (40, 0, 49, 9), colour="grey"),
                seen("dog", (60, 0, 69, 9), image_id="img-2"),
            )
        ]
    )

    def ids(**filters: str) -> list[str]:
        return [e.id for e in scene.find(**filters)]

    assert ids() == ids(label="thing") == ["car-1", "cat-1", "dog-1", "dog-2"]
    assert ids(label="animal") == ["cat-1", "dog-1", "dog-2"]
    assert ids(label="animal", colour="grey") == ["cat-1"]
    assert ids(label="dog", image_id="img-2") == ["dog-2"]
    assert scene.images() == ["img-1", "img-2"]


@pytest.mark.parametrize(
    ("looked", "label", "expected"),
    [
        ([], "dog", False),
        (["dog"], "dog", True),
        (["animal"], "dog", True),
        (["*"], "dog", True),
        (["*"], "", True),
        (["dog"], "cat", False),
        (["dog"], "animal", False),
        (["dog"], "", False),
        (["bee", "butterfly"], "insect", True),
        (["dog"], "giraffe", False),
        (["giraffe"], "giraffe", True),
    ],
)
def test_searched(looked: list[str], label: str, expected: bool) -> None:
    scene = fold([observed(searches=[search(term) for term in looked])])
    assert scene.searched(label) is expected
    assert scene.searched(label, "img-1") is expected
    assert scene.searched(label, "img-2") is False


def test_half_a_search_in_each_of_two_images_is_none() -> None:
    scene = fold([observed(searches=[search("bee"), search("butterfly", "img-2")])])
    assert not scene.searched("insect")


def test_digest_of_a_call_does_not_change_when_later_calls_see_more() -> None:
    scene = fold([observed(seen("dog", (0.4, 0, 10.6, 10), score=0.5, colour="brown"), seen("cat", (50, 0, 60, 10)))])
    before = scene.digest("c1")
    assert before == "cat-1 50,0,60,10\ndog-1 0,0,11,10 brown"
    scene.add(observed(seen("dog", (0, 0, 12, 10), "c2", 0.9, area_share=0.0344)))
    assert scene.digest("c1") == before
    assert scene.digest("c2") == "dog-1 0,0,12,10 3.4%"
    assert scene.digest() == "cat-1 50,0,60,10\ndog-1 0,0,12,10 brown 3.4%"
    assert [e.id for e in scene.entities_of_call("c2")] == ["dog-1"]
    assert scene.digest("unheard of") == ""


def test_relations_follow_the_boxes_as_they_change() -> None:
    scene = fold([observed(seen("dog", (0, 0, 10, 10), score=0.5), seen("cat", (13, 0, 23, 10)))])
    assert ("dog-1", "left_of", "cat-1") in triples(scene)
    scene.add(observed(seen("tree", (0, 50, 10, 90), "c2")))
    assert ("dog-1", "above", "tree-1") in triples(scene)


def test_geometry_that_no_longer_holds_is_gone() -> None:
    scene = fold([observed(seen("cat", (0, 0, 100, 100), score=0.5), seen("dog", (96, 0, 130, 100)))])
    assert ("cat-1", "left_of", "dog-1") in triples(scene)
    scene.add(observed(seen("cat", (0, 0, 120, 100), "c2", 0.9)))
    assert ("cat-1", "left_of", "dog-1") not in triples(scene)


def triples(scene: SceneGraph) -> set[tuple[str, str, str]]:
    return {(r.subject, r.predicate, r.object) for r in scene.relations()}


def test_told_relations_get_readable_ids() -> None:
    man, horse = seen("person", (0, 0, 9, 9)), seen("horse", (0, 0, 20, 20))
    rides = Relation(subject=man.id, predicate="rides", object=horse.id, score=0.7, source="model")
    scene = fold([observed(man, horse, relations=[rides])])
    assert scene.relations()[0] == rides.model_copy(update={"subject": "person-1", "object": "horse-1"})
    lost = Relation(subject="person-1", predicate="rides", object="c9/0", source="model")
    with pytest.raises(KeyError, match="c9/0"):
        fold([observed(man, horse), observed(relations=[lost])])


def test_geometry_is_not_told() -> None:
    near = Relation(subject="dog-1", predicate="near", object="cat-1", source="geometry")
    with pytest.raises(ValueError, match="near"):
        fold([observed(seen("dog", (0, 0, 9, 9)), seen("cat", (0, 0, 9, 9)), relations=[near])])


def test_what_was_told_stands_in_the_json_where_geometry_says_the_same() -> None:
    dog, cat = seen("dog", (0, 0, 9, 9)), seen("cat", (12, 0, 21, 9))
    near = Relation(subject=dog.id, predicate="near", object=cat.id, score=0.6, source="model")
    scene = fold([observed(dog, cat, relations=[near])])
    assert SceneGraph.from_json(scene.to_json()).relations() == scene.relations()


def test_json_round_trip() -> None:
    ref = ImageRef(id="img-1", sha256="0" * 64, width=100, height=100, path="a.png")
    man, horse = seen("person", (0, 0, 9, 9), mask=MASK, colour="red"), seen("horse", (0, 0, 20, 20))
    rides = Relation(subject=man.id, predicate="rides", object=horse.id, score=0.7, source="model")
    scene = fold([observed(man, horse, relations=[rides], searches=[search("animal")])], [ref])
    data = json.loads(json.dumps(scene.to_json()))
    assert {edge["key"] for edge in data["edges"]} >= {"in", "rides", "inside", "near"}
    back = SceneGraph.from_json(data)
    assert back.to_json() == scene.to_json()
    assert back.entities() == scene.entities()
    assert back.image("img-1") == ref
    assert back.searched("horse")
    for graph in (scene, back):
        graph.add(observed(seen("horse", (80, 80, 99, 99), "c3")))
        assert graph.get("horse-2") is not None


def test_looking_up_ids() -> None:
    ref = ImageRef(id="img-1", sha256="0" * 64, width=100, height=100, path="a.png")
    scene = fold([observed(seen("dog", (0, 0, 9, 9), image_id="img-2"))], [ref])
    assert "dog-1" in scene
    assert "img-1" in scene
    assert "dog-2" not in scene
    assert scene.get("img-1") is None
    assert scene.get("dog-2") is None
    assert scene.image("img-1") == ref
    assert scene.image("img-2") is None
    assert scene.image("dog-1") is None


def test_an_image_keeps_its_id_whatever_things_are_called() -> None:
    scene = fold([observed(seen("img", (0, 0, 9, 9)), seen("dog", (20, 0, 29, 9)))])
    assert scene.images() == ["img-1"]
    assert [entity.id for entity in scene.entities()] == ["dog-1", "img-2"]


def test_an_entity_of_others_that_has_no_number_is_refused() -> None:
    written = json.loads(json.dumps(fold([observed(seen("dog", (0, 0, 9, 9)))]).to_json()).replace("dog-1", "dog"))
    with pytest.raises(ValueError, match="dog is no id of an entity"):
        SceneGraph.from_json(written)


@pytest.mark.parametrize("bad", [{"x1": float("nan")}, {"x2": float("inf")}, {"x2": 0}])
def test_boxes_are_finite_and_have_an_area(bad: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Box(**{"x1": 0.0, "y1": 0.0, "x2": 9.0, "y2": 9.0, **bad})


def test_a_lone_s_is_a_word() -> None:
    assert normalise("s") == "s"


def test_an_area_share_that_is_no_number_is_not_shown() -> None:
    scene = fold([observed(seen("dog", (0, 0, 9, 9), colour="brown", area_share="huge"))])
    assert scene.digest() == "dog-1 0,0,9,9 brown"
