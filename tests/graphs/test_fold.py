"""The fold's laws: any order, any split and any repeat of observations gives the same graph."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphs.rules import read
from graphs.scene import SceneGraph, fold
from graphs.types import Box, Entity, Event, ImageRef, Mask, Observation, Relation, Search

LABELS = ("dog", "cat", "mammal", "thing", "traffic light")
IMAGES = ("img-1", "img-2", "img-10")
# Two squares that share most of their pixels, and a few pixels apart.
MASKS = (
    None,
    Mask(size=(10, 10), counts=";8200000000000009"),
    Mask(size=(10, 10), counts=":820000000000000:"),
    Mask(size=(10, 10), counts="9190W2"),
)
RULES = read("dog near cat => dog meeting cat\ncount(mammal) > 1 => herd")


@st.composite
def sighting(draw: st.DrawFn, call_id: str, number: int) -> Entity:
    x, y, width, height = (draw(st.integers(0, 6)), draw(st.integers(0, 6)), *[draw(st.integers(3, 9))] * 2)
    return Entity(
        id=f"{call_id}/{number}",
        label=draw(st.sampled_from(LABELS)),
        image_id=draw(st.sampled_from(IMAGES)),
        box=Box(x1=x, y1=y, x2=x + width, y2=y + height),
        mask=draw(st.sampled_from(MASKS)),
        score=draw(st.sampled_from((0.4, 0.5, 0.9))),
        attributes=draw(st.sampled_from(({}, {"colour": "brown"}, {"colour": "grey", "area_share": 0.1}))),
        model=draw(st.sampled_from(("m", "n"))),
        call_id=call_id,
        tool=draw(st.sampled_from(("detect", "segment"))),
    )


@st.composite
def call(draw: st.DrawFn, number: int) -> Observation:
    name = f"call-{number}"
    seen = [draw(sighting(name, place)) for place in range(draw(st.integers(0, 4)))]
    ids = [one.id for one in seen] + ["call-1/0"]
    pairs = draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=2)) if seen else []
    told = {"call_id": name, "tool": "describe", "model": draw(st.sampled_from(("m", "n"))), "score": 0.7}
    image = ImageRef(id="img-10", sha256="0" * 64, width=20, height=20, origin="crop", parent="img-1", path="a.png")
    return Observation(
        text="",
        entities=tuple(seen),
        relations=tuple(Relation(subject=a, predicate="likes", object=b, source="model", **told) for a, b in pairs),
        events=tuple(Event(id=f"e{a}", label="ride", participants=(a, b), **told) for a, b in pairs),
        images=(image,) if draw(st.booleans()) else (),
        searches=(Search(image_id="img-2", label="dog", model="m", call_id=name, tool="detect"),),
    )


@st.composite
def transcripts(draw: st.DrawFn) -> tuple[list[Observation], list[Observation]]:
    """A transcript, and the same taken apart, repeated in part and shuffled."""
    calls = [draw(call(number)) for number in draw(st.sampled_from(((1, 2), (1, 2, 3), (2, 10, 11))))]
    parts: list[Observation] = []
    for one in calls:
        cut = draw(st.integers(0, len(one.entities)))
        parts.append(one.model_copy(update={"entities": one.entities[:cut], "relations": (), "images": ()}))
        parts.append(one.model_copy(update={"entities": one.entities[cut:], "events": (), "searches": ()}))
    parts += draw(st.lists(st.sampled_from([*calls, *parts]), max_size=3))
    return calls, draw(st.permutations(parts))


@settings(max_examples=40, deadline=None)
@given(transcripts(), st.booleans())
def test_any_order_split_and_repeat_gives_the_same_graph(
    given: tuple[list[Observation], list[Observation]], read_between: bool
) -> None:
    calls, parts = given
    scene = SceneGraph(rules=RULES)
    for part in parts:
        scene.add(part)
        if read_between:
            scene.relations()
    whole = SceneGraph(rules=RULES)
    for one in calls:
        whole.add(one)
    assert scene.to_json() == whole.to_json()
    assert scene.images() == whole.images()


@settings(max_examples=15, deadline=None)
@given(transcripts())
def test_what_is_written_reads_back_the_same(given: tuple[list[Observation], list[Observation]]) -> None:
    scene = SceneGraph(rules=RULES)
    for part in given[1]:
        scene.add(part)
    assert sets(SceneGraph.from_json(scene.to_json())) == sets(scene)


def sets(scene: SceneGraph) -> dict[str, list[str]]:
    """A scene's nodes and edges, in no order."""
    return {key: sorted(map(str, rows)) for key, rows in scene.to_json().items() if key in ("nodes", "edges")}


def seen(call_id: str, label: str = "dog", x: float = 0, score: float = 0.5, **fields: object) -> Observation:
    box = Box(x1=x, y1=0, x2=x + 10, y2=10)
    told = {"model": "m", "tool": "detect", "image_id": "img-1", "mask": None} | fields
    entity = {"id": f"{call_id}/0", "label": label, "box": box, "score": score, "call_id": call_id} | told
    return Observation.model_validate({"text": "", "entities": [entity]})


def test_ids_stay_when_a_later_call_is_folded_after_a_reading() -> None:
    scene = fold([seen("call-2"), seen("call-3", x=50)])
    assert [(one.id, one.box.x1) for one in scene.entities()] == [("dog-1", 0), ("dog-2", 50)]
    scene.add(seen("call-10", x=90))
    assert [(one.id, one.box.x1) for one in scene.entities()] == [("dog-1", 0), ("dog-2", 50), ("dog-3", 90)]
    scene.add(seen("call-1", x=130))
    assert [(one.id, one.box.x1) for one in scene.entities()][0] == ("dog-1", 130)


def test_two_models_make_surer_and_one_model_twice_does_not() -> None:
    [once] = fold([seen("c1"), seen("c2", tool="segment")]).entities()
    assert once.score == 0.5
    [twice] = fold([seen("c1"), seen("c2", score=0.6, model="n"), seen("c3", score=0.4)]).entities()
    assert twice.score == pytest.approx(1 - 0.5 * 0.4)


def test_a_hypernym_agrees_and_the_more_telling_label_stands() -> None:
    [dog] = fold([seen("c1", "animal"), seen("c2", "dog", model="n")]).entities()
    assert (dog.id, dog.label, len(dog.witnesses)) == ("animal-1", "dog", 2)
    assert [witness.label for witness in dog.witnesses] == ["animal", "dog"]


def test_where_both_have_masks_their_overlap_decides() -> None:
    _, one, two, apart = MASKS
    assert len(fold([seen("c1", mask=one), seen("c2", mask=two)]).entities()) == 1
    assert len(fold([seen("c1", mask=one), seen("c2", mask=apart)]).entities()) == 2


def test_a_relation_may_come_before_its_things() -> None:
    told = Relation(subject="c1/0", predicate="likes", object="c2/0", source="model", model="m", score=0.5)
    again = told.model_copy(update={"model": "n", "call_id": "c9"})
    scene = SceneGraph()
    scene.add(Observation(text="", relations=(told, again)))
    assert scene.relations() == []
    assert scene.unknown() == ["relation likes names 'c1/0'", "relation likes names 'c2/0'"]
    scene.add(seen("c1"))
    scene.add(seen("c2", "cat", x=50))
    likes = scene.relations()[0]
    assert (str(likes), likes.score) == ("dog-1 likes cat-1", 0.75)
