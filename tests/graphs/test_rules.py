import pytest

from graphs.consistency import problems
from graphs.rules import Rule, read
from graphs.scene import SceneGraph, fold
from graphs.types import Box, Entity, Observation, Relation, Search

Corners = tuple[float, float, float, float]


def seen(label: str, corners: Corners, call_id: str = "c1", model: str = "m", **attributes: str | float) -> Entity:
    x1, y1, x2, y2 = corners
    return Entity(
        id=f"{call_id}/{label}/{corners}",
        label=label,
        image_id="img-1",
        box=Box(x1=x1, y1=y1, x2=x2, y2=y2),
        score=0.8,
        attributes=attributes,
        model=model,
        call_id=call_id,
        tool="detect",
    )


RIDER, BICYCLE = seen("person", (10, 0, 20, 25)), seen("bicycle", (5, 15, 30, 40))
WALKERS = [seen("person", (x, 0, x + 10, 25)) for x in (100, 150, 200)]


def scene(rules: str, *entities: Entity, relations: tuple[Relation, ...] = ()) -> SceneGraph:
    return fold([Observation(text="", entities=entities, relations=relations)], rules=read(rules))


def derived(graph: SceneGraph) -> list[str]:
    return [str(relation) for relation in graph.relations() if relation.source == "rule"]


def test_a_relation_follows_and_names_its_reasons() -> None:
    graph = scene("person on bicycle => person riding bicycle", RIDER, BICYCLE, *WALKERS)
    [riding] = [relation for relation in graph.relations() if relation.source == "rule"]
    assert str(riding) == "person-1 riding bicycle-1"
    assert riding.because == ("person-1 on bicycle-1",)
    assert riding.model == "person on bicycle => person riding bicycle"
    on = next(relation for relation in graph.relations() if relation.predicate == "on")
    assert riding.score == on.score
    [edge] = [edge for edge in graph.to_json()["edges"] if edge["key"] == "riding"]
    assert (edge["basis"], edge["because"]) == ("rule", ["person-1 on bicycle-1"])


def test_a_count_makes_an_event_that_its_things_are_part_of() -> None:
    graph = scene("count(person) > 3 => crowd", RIDER, *WALKERS)
    [crowd] = graph.events()
    assert (crowd.id, crowd.source, crowd.image_ids) == ("event:crowd-1", "rule", ("img-1",))
    assert crowd.participants == ("person-1", "person-2", "person-3", "person-4")
    parts = {edge["source"] for edge in graph.to_json()["edges"] if edge["key"] == "part_of"}
    assert parts == set(crowd.participants)
    assert scene("count(person) > 3 => crowd", *WALKERS).events() == []


def test_conclusions_feed_other_rules_whatever_their_order() -> None:
    rules = "person riding bicycle and count(person) >= 2 => cycling\nperson on bicycle => person riding bicycle"
    graph = scene(rules, RIDER, BICYCLE, WALKERS[0])
    assert [event.label for event in graph.events()] == ["cycling"]
    assert derived(graph) == ["person-1 riding bicycle-1"]


def test_labels_are_wide_and_two_of_one_label_are_told_apart() -> None:
    dogs = [seen("dog", (0, 0, 10, 10)), seen("dog", (12, 0, 22, 10))]
    assert derived(scene("animal#1 left_of animal#2 => animal#1 before animal#2", *dogs)) == ["dog-1 before dog-2"]


def test_a_term_means_one_thing_throughout() -> None:
    rule = "person on bicycle and bicycle near tree => person passing tree"
    tree, far = seen("tree", (32, 0, 50, 40)), seen("tree", (300, 0, 320, 40))
    assert derived(scene(rule, RIDER, BICYCLE, tree, far)) == ["person-1 passing tree-1"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("person on bicycle", "write one `=>`"),
        ("person bicycle => x", "'person bicycle' is no condition"),
        ("count(person) is 3 => x", "is no condition"),
        ("dog near dog => x", "say which dog is which: dog#1 near dog#2"),
        ("person on bicycle => dog riding bicycle", "'dog' is in the conclusion"),
        ("person on bicycle => riding it", "is no conclusion"),
        ("traffic light above car => x", "is no condition"),
    ],
)
def test_what_cannot_be_read_is_said_clearly(rule: str, words: str) -> None:
    with pytest.raises(ValueError, match="rule") as error:
        Rule.parse(rule)
    assert words in str(error.value)
    with pytest.raises(ValueError, match="line 2: rule"):
        read(f"# a comment\n{rule}")


def test_impossible_pairs_are_named() -> None:
    dog, cat = seen("dog", (0, 0, 10, 10)), seen("cat", (50, 0, 60, 10))
    inside = Relation(subject=dog.id, predicate="inside", object=cat.id, source="model")
    back = inside.model_copy(update={"subject": cat.id, "object": dog.id})
    right = inside.model_copy(update={"predicate": "right_of"})
    graph = scene("dog left_of cat => impossible", dog, cat, relations=(inside, back, right))
    found = {(one.kind, one.text) for one in problems(graph)}
    assert found == {
        ("impossible", "cat-1 inside dog-1 and dog-1 inside cat-1: one excludes the other"),
        ("impossible", "dog-1 left_of cat-1 and dog-1 right_of cat-1: one excludes the other"),
        ("impossible", "cat-1 right_of dog-1 and dog-1 right_of cat-1: one excludes the other"),
        ("rule", "dog-1 left_of cat-1: the rule 'dog left_of cat => impossible' calls it impossible"),
    }


def test_an_impossible_number_is_named() -> None:
    graph = scene("count(person) > 1 => impossible", RIDER, BICYCLE, *WALKERS)
    [found] = problems(graph)
    assert found.kind == "rule"
    assert found.text.endswith("the rule 'count(person) > 1 => impossible' calls it impossible")
    assert len(found.ids) == 1 + len(WALKERS)


def test_sightings_that_contradict_each_other_are_kept_and_named() -> None:
    dog = seen("dog", (0, 0, 10, 10), colour="brown")
    cat = seen("cat", (0, 0, 10, 10), "c2", model="n")
    grey = seen("dog", (0, 0, 10, 10), "c3", model="o", colour="grey")
    graph = fold([Observation(text="", entities=(one,)) for one in (dog, cat, grey)])
    assert [(one.kind, one.ids) for one in problems(graph)] == [
        ("label", ("cat-1", "dog-1")),
        ("attribute", ("dog-1",)),
    ]
    assert problems(graph)[1].text == "dog-1 has colour brown (detect, m) and grey (detect, o)"
    assert ("cat-1", "dog-1", "contradicts") in graph.network().edges(keys=True)


def test_what_one_call_saw_side_by_side_is_no_contradiction() -> None:
    assert problems(scene("", seen("dog", (0, 0, 10, 10)), seen("cat", (0, 0, 10, 10)))) == []


def test_a_sound_scene_has_no_problems() -> None:
    assert problems(scene("person on bicycle => person riding bicycle", RIDER, BICYCLE, *WALKERS)) == []


def test_that_there_is_none_follows_where_somebody_has_looked() -> None:
    told = {"model": "m", "call_id": "c1", "tool": "detect"}
    looked = [Search(image_id=name, label=label, **told) for name, label in (("img-2", "person"), ("img-3", "dog"))]
    observation = Observation(text="", entities=(BICYCLE, RIDER), searches=tuple(looked))
    graph = fold([observation], rules=read("count(person) = 0 => unmanned"))
    assert [event.image_ids for event in graph.events()] == [("img-2",)]
