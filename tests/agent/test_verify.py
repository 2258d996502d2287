from __future__ import annotations

import pytest
from langchain_core.messages import AnyMessage, ToolMessage
from pydantic import ValidationError

from agent.case import Value
from agent.prompt import question
from agent.verify import Answer, verify
from graphs.scene import SceneGraph, fold
from graphs.types import Box, Entity, ImageRef, Observation, Search

IMAGES = [ImageRef(id=f"img-{n}", sha256="0" * 64, width=64, height=48, path="a.png") for n in (1, 2)]


def dog(number: int) -> Entity:
    box = Box(x1=10 * number, y1=0, x2=10 * number + 5, y2=9)
    return Entity(
        id=f"call-1/{number}",
        label="dog",
        image_id="img-1",
        box=box,
        score=0.9,
        attributes={"colour": "brown", "area_share": 0.034},
        model="m",
        call_id="call-1",
        tool="detect",
    )


SEEN = Observation(
    text="dog 2",
    entities=(dog(1), dog(2)),
    searches=(Search(image_id="img-1", label="dog", model="m", call_id="call-1", tool="detect"),),
)
MESSAGES: list[AnyMessage] = [
    ToolMessage("dog 2", tool_call_id="call-1", artifact=SEEN.dump()),
    ToolMessage("no such", tool_call_id="call-2", status="error"),
]
SCENE: SceneGraph = fold([SEEN], IMAGES)


def reason(value: Value, *evidence: str) -> str | None:
    return verify(Answer(text="It is so.", value=value, evidence=evidence), SCENE, MESSAGES)


@pytest.mark.parametrize(
    ("value", "evidence"),
    [
        (2, ["dog-1", "dog-2"]),
        (2, ["dog-1", "dog-2", "dog-1", "img-1"]),
        (True, ["dog-1", "dog-2"]),
        (False, ["dog-1", "dog-2"]),
        (3.4, ["dog-1"]),
        ("brown", ["dog-1"]),
        (["dog"], ["dog-1", "dog-2"]),
        (0, ["img-1"]),
        (False, ["img-1"]),
        ([], ["img-1"]),
        ("none", ["img-1"]),
        (None, []),
    ],
)
def test_evidence_that_bears_the_answer_out(value: Value, evidence: list[str]) -> None:
    assert reason(value, *evidence) is None


@pytest.mark.parametrize(
    ("value", "evidence", "told"),
    [
        (2, ["dog-1", "dog-3"], "no such id in the scene: dog-3"),
        (None, ["unicorn-1"], "no such id in the scene: unicorn-1"),
        (None, ["dog-1"], "evidence must be empty"),
        (2, [], "needs evidence"),
        (0, [], "needs evidence"),
        (False, [], "needs evidence"),
        ("brown", [], "needs evidence"),
        (3, ["dog-1", "dog-2"], "value is 3 but 2 entities are cited"),
        (2, ["dog-1", "dog-1"], "value is 2 but 1 entities are cited"),
        (0, ["dog-1"], "value is 0 but 1 entities are cited"),
        (1, ["dog-2"], "dog: the scene holds 2, not 1"),
        (3.9, ["dog-1"], "no tool has measured 3.9"),
        ("red", ["dog-1"], "dog-1 is not red"),
        ("cat", ["dog-1"], "no tool has told of 'cat'"),
        (["dog", "cat"], ["dog-1", "dog-2"], "what is cited is: dog"),
        (["dog"], ["dog-1"], "leave nothing out: dog-2"),
        (2, ["img-1"], "cite the entities"),
        (True, ["img-1"], "cite the entities"),
        (["dog"], ["img-1"], "cite the entities"),
        (0, ["img-2"], "nobody has looked in img-2 yet"),
        (0, ["img-1", "img-2"], "nobody has looked in img-2 yet"),
    ],
)
def test_evidence_that_does_not(value: Value, evidence: list[str], told: str) -> None:
    assert told in (reason(value, *evidence) or "")


@pytest.mark.parametrize("tool", ["query_scene", "ask_scene"])
def test_what_the_scene_was_asked_is_no_evidence_of_its_own(tool: str) -> None:
    asked = ToolMessage("2", name=tool, tool_call_id="call-3", artifact=Observation(text="2").dump())
    answer = Answer(text="There are two dogs.", value=2, evidence=("img-1",))
    assert verify(answer, SCENE, [*MESSAGES, asked]) == "cite the entities that show it, not only the image"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_answer_says_something(text: str) -> None:
    with pytest.raises(ValidationError):
        Answer(text=text, value=None, evidence=())


@pytest.mark.parametrize(
    ("given", "kind"), [("2", int), ("2.5", float), ("true", bool), ('"2"', str), ("null", type(None))]
)
def test_a_value_keeps_its_type(given: str, kind: type) -> None:
    answer = Answer.model_validate_json(f'{{"text": "x", "value": {given}, "evidence": []}}')
    assert type(answer.value) is kind


@pytest.mark.parametrize(
    ("query", "value"), [("What colours do the dogs have?", ["brown"]), ("Which animals are there?", ["dog"])]
)
def test_a_list_leaves_out_nothing_that_was_asked_for(query: str, value: Value) -> None:
    messages = [question(IMAGES[:1], query), *MESSAGES]
    some, every = (
        verify(Answer(text="Here they are.", value=value, evidence=ids), SCENE, messages)
        for ids in (("dog-1",), ("dog-1", "dog-2"))
    )
    assert some is not None
    assert "leave nothing out: dog-2" in some
    assert every is None


@pytest.mark.parametrize(
    ("query", "told", "value", "reason"),
    [
        ("What color is the shape?", "blue", "blue", None),
        ("What color is the shape?", "blue", "red", "picture-1 is not red"),
        ("What color is the frame?", "blue", "blue", "picture-1 is not blue"),
        ("What shape is in the image?", "circle", "circle", None),
        ("What shape is in the image?", "circle", "triangle", "no tool has told of 'triangle'"),
        ("Is there a triangle?", "no", False, None),
        ("Is there a triangle?", "no", True, "value is true but what is cited says the opposite"),
        ("Is there a triangle?", "yes", True, None),
        ("Is there a triangle?", "yes", False, "value is false but what is cited says the opposite"),
        ("Look at the picture. Is there a triangle? I need to know.", "yes", True, None),
        ("Is the picture blurred?", "no", False, None),
        ("Is the cat asleep?", "yes", True, None),
        ("Is the cat asleep?", "yes", False, "value is false but what is cited says the opposite"),
        ("What is the cat doing?", "sleeping", "sleeping", None),
    ],
)
def test_an_answer_that_a_model_gave_bears_out_that_answer_to_that_question(
    query: str, told: str, value: Value, reason: str | None
) -> None:
    asked = query.lower().replace("frame", "shape").removeprefix("look at the picture. ").partition("?")[0] + "?"
    seen = dog(1).model_copy(update={"label": "picture", "attributes": {asked: told}, "tool": "describe"})
    observed = Observation(text=f"{asked} {told}", entities=(seen,))
    messages: list[AnyMessage] = [
        question(IMAGES[:1], query),
        ToolMessage(observed.text, name="describe", tool_call_id="call-1", artifact=observed.dump()),
    ]
    answer = Answer(text="It is so.", value=value, evidence=("picture-1",))
    assert verify(answer, fold([observed], IMAGES[:1]), messages) == reason


@pytest.mark.parametrize(
    ("query", "value", "told"),
    [
        ("What do you think of the dogs?", True, "the question wants no yes or no"),
        ("Is there a dog?", True, None),
        ("Could you mask out the dogs?", True, "outlines are asked for, and dog-1 has none yet: call segment"),
        ("How many dogs wear a mask?", 2, "no tool has told which are so ('wear')"),
        ("How many dogs are there?", 2, None),
    ],
)
def test_a_value_is_of_the_kind_that_was_asked_for(query: str, value: Value, told: str | None) -> None:
    messages = [question(IMAGES[:1], query), *MESSAGES]
    answer = Answer(text="There they are.", value=value, evidence=("dog-1", "dog-2"))
    assert (verify(answer, SCENE, messages) or "").startswith(told or "")
    assert (verify(answer, SCENE, messages) is None) is (told is None)


def test_a_number_that_is_written_in_the_picture_is_no_count() -> None:
    sign = dog(3).model_copy(update={"label": "text", "attributes": {"text": "5"}, "tool": "read_text"})
    read = Observation(text="5", entities=(sign,))
    messages = [*MESSAGES, ToolMessage("5", name="read_text", tool_call_id="call-3", artifact=read.dump())]
    scene = fold([SEEN, read], IMAGES)
    for evidence in (("dog-1", "dog-2"), ("img-1",)):
        answer = Answer(text="There are 5.", value=5, evidence=evidence)
        assert verify(answer, scene, [question(IMAGES[:1], "How many dogs are there?"), *messages]) is not None
    answer = Answer(text="It says 5.", value=5, evidence=("text-1",))
    assert verify(answer, scene, [question(IMAGES[:1], "Which number is on the sign?"), *messages]) is None


STREET = (
    ("dog", "brown", 0, "img-1"), ("dog", "black", 20, "img-1"), ("cat", "white", 40, "img-1"),
    ("car", "red", 10, "img-1"), ("car", "blue", 30, "img-1"), ("dog", "brown", 50, "img-2"),
)  # fmt: skip


def judged(query: str, value: Value, evidence: str, text: str = "So it is.") -> str | None:
    """What is said of an answer about two pictures in which everything was searched."""
    seen = []
    for place, (label, colour, x, image) in enumerate(STREET):
        box = Box(x1=x, y1=10 * place, x2=x + 9, y2=10 * place + 9)
        one = dog(1).model_copy(update={"id": f"{place}", "label": label, "image_id": image, "box": box})
        seen.append(one.model_copy(update={"attributes": {"colour": colour}}))
    searches = tuple(
        Search(image_id=image.id, label="*", model="m", call_id="call-1", tool="detect") for image in IMAGES
    )
    told = Observation(text="all", entities=tuple(seen), searches=searches)
    messages: list[AnyMessage] = [
        question(IMAGES, query),
        ToolMessage("all", tool_call_id="call-1", artifact=told.dump()),
    ]
    return verify(Answer(text=text, value=value, evidence=tuple(evidence.split())), fold([told], IMAGES), messages)


DOGS, ALL_DOGS, CARS = "dog-1 dog-2", "dog-1 dog-2 dog-3", "car-1 car-2"


@pytest.mark.parametrize(
    ("query", "right", "shown"),
    [
        ("Is there no horse?", True, "img-1"),
        ("Is there no cat?", False, "cat-1"),
        ("Is there a dog but no cat?", False, "cat-1"),
        ("Isn't there a cat?", True, "cat-1"),
        ("Is the cat not white?", False, "cat-1"),
        ("Are there more than three dogs?", False, "img-1"),
        ("Are there more than two dogs?", True, ALL_DOGS),
        ("Are there fewer than two cars?", False, "img-1"),
        ("Are there exactly two dogs?", False, "img-1"),
        ("Are there four dogs?", False, "img-1"),
        ("Are both cars red?", False, "img-1"),
        ("Are all the dogs brown?", False, "img-1"),
        ("Is there a dog and a horse?", False, "img-1"),
        ("Is there a dog and a cat?", True, "dog-1 cat-1"),
        ("Is there a horse or a cat?", True, "cat-1"),
        ("Are there as many dogs as cats?", False, f"{ALL_DOGS} cat-1"),
        ("Are there more red cars than cats?", False, "car-1 cat-1"),
        ("Is there a cat in img-1?", True, "cat-1"),
        ("Is there a cat in img-2?", False, "img-2"),
        ("Is there a cat in the second picture?", False, "img-2"),
        ("Are there more dogs in img-1 than in img-2?", True, ALL_DOGS),
        ("Are there more dogs in img-2 than in img-1?", False, ALL_DOGS),
    ],
)
def test_a_yes_or_no_is_true_of_all_that_the_question_says(query: str, right: bool, shown: str) -> None:
    assert judged(query, right, shown) is None
    assert judged(query, not right, shown) is not None


@pytest.mark.parametrize(
    "query",
    ["Is the cat bigger than the car?", "Is the cat on the car?", "Is the cat asleep?", "Is the cat touching the car?"],
)
@pytest.mark.parametrize("value", [True, False])
def test_that_things_are_there_says_no_more_of_them(query: str, value: bool) -> None:
    assert "no tool has told whether it is so" in (judged(query, value, "cat-1") or "")


@pytest.mark.parametrize(
    ("query", "value", "right", "wrong"),
    [
        ("How many dogs are in img-1?", 2, DOGS, ALL_DOGS),
        ("How many dogs are in img-2?", 1, "dog-3", "dog-1"),
        ("How many cats does the first picture show?", 1, "cat-1", "img-1"),
    ],
)
def test_a_number_is_that_of_the_image_which_is_named(query: str, value: int, right: str, wrong: str) -> None:
    assert judged(query, value, right) is None
    assert judged(query, len(wrong.split()), wrong) is not None


@pytest.mark.parametrize(
    "text",
    [
        "No, I cannot see any horse.",
        "No, a horse is not visible.",
        "No, a horse was not found.",
        "No, the picture is without a horse.",
    ],
)
def test_none_is_said_in_many_ways(text: str) -> None:
    assert judged("Is there a horse?", False, "img-1", text) is None
    assert judged("Is there a dog?", False, "img-1", text.replace("horse", "dog")) is not None


@pytest.mark.parametrize(
    ("query", "value", "shown", "text"),
    [
        ("What colour is the cat?", "white", "cat-1", "The cat is white, not black."),
        ("How many cars are red?", 1, "car-1", "One of the two cars is red."),
        ("How many cats are there?", 1, "cat-1", "There is 1 cat. The cat is not in a car."),
        ("How many cars are white?", 0, "img-1", "None of the cars is white."),
        ("Is there a horse or a cow?", False, "img-1", "No, there are no horses or cows."),
    ],
)
def test_what_is_not_so_is_no_claim_that_it_is(query: str, value: Value, shown: str, text: str) -> None:
    assert judged(query, value, shown, text) is None


@pytest.mark.parametrize("line", ["BEWARE OF THE DOG", "GATE B-12", "NO PARKING 8AM-6PM", "2 FOR 1"])
def test_what_a_sign_says_is_quoted_and_no_claim(line: str) -> None:
    sign = dog(1).model_copy(update={"label": "text", "attributes": {"text": line}, "tool": "read_text"})
    told = Observation(text=f"1 line\n{line}", entities=(sign,))
    messages: list[AnyMessage] = [
        question(IMAGES[:1], "What does the sign say?"),
        ToolMessage(told.text, name="read_text", tool_call_id="call-1", artifact=told.dump()),
    ]
    answer = Answer(text=f'The sign says "{line}".', value=line, evidence=("text-1",))
    assert verify(answer, fold([told], IMAGES[:1]), messages) is None


def test_an_answer_holds_nothing_that_a_terminal_obeys() -> None:
    assert Answer(text="a\x1b]0;owned\x07b\x1b[2Jc\nd", value=None, evidence=()).text == "a]0;ownedb[2Jc\nd"


def test_what_is_not_there_is_named() -> None:
    assert judged("Is there a dog and a horse?", True, "dog-1") == "horse: the scene shows no such thing"
    assert judged("Is there no horse and no cat?", True, "img-1") == "cat: the scene shows no such thing"


PARK = (
    ("dog", "brown", (10, 300, 90, 360)), ("dog", "black", (120, 300, 180, 350)),
    ("dog", "white", (520, 300, 640, 400)),
    ("cat", "white", (200, 320, 240, 350)), ("cat", "grey", (260, 320, 300, 350)),
    ("car", "red", (10, 100, 110, 160)), ("car", "blue", (200, 100, 420, 200)), ("car", "red", (500, 100, 560, 140)),
    ("person", None, (440, 220, 480, 360)),
)  # fmt: skip
THREE, CATS, PARKED = "dog-1 dog-2 dog-3", "cat-1 cat-2", "car-1 car-2 car-3"


def parked(query: str, value: Value, evidence: str, text: str = "So it is.") -> str | None:
    """What is said of an answer about one picture in which everything was searched."""
    seen = []
    for place, (label, colour, (x1, y1, x2, y2)) in enumerate(PARK):
        colours = {"colour": colour} if colour else {}
        given = {"id": f"{place}", "label": label, "box": Box(x1=x1, y1=y1, x2=x2, y2=y2), "attributes": colours}
        seen.append(dog(1).model_copy(update=given))
    looked = Search(image_id="img-1", label="*", model="m", call_id="call-1", tool="detect")
    told = Observation(text="all", entities=tuple(seen), searches=(looked,))
    image = IMAGES[0].model_copy(update={"width": 640, "height": 480})
    messages: list[AnyMessage] = [
        question([image], query),
        ToolMessage("all", tool_call_id="call-1", artifact=told.dump()),
    ]
    return verify(Answer(text=text, value=value, evidence=tuple(evidence.split())), fold([told], [image]), messages)


@pytest.mark.parametrize(
    ("query", "value", "right", "wrong"),
    [
        ("What colour is the dog to the right of the person?", ("white", "brown"), "dog-3", "dog-1"),
        ("What colour is the largest car?", ("blue", "red"), "car-2", "car-1"),
        ("What colour is the second largest car?", ("red", "blue"), "car-1", "car-2"),
        ("What colour is the leftmost car?", ("red", "blue"), "car-1", "car-2"),
        ("What colour is the car on the left?", ("red", "blue"), "car-1", "car-2"),
        ("Which animal is grey?", ("cat", "dog"), "cat-2", "dog-1"),
        ("What is grey?", ("cat", "dog"), "cat-2", "dog-1"),
        ("What is right of the person?", ("dog", "cat"), "dog-3", "cat-1"),
        ("Which animal is right of the person?", ("dog", "dog"), "dog-3", "dog-2"),
        ("Which is larger, the dog or the car?", ("car", "dog"), "car-2", "dog-3"),
        ("Which are there more of, dogs or cats?", ("dog", "cat"), THREE, CATS),
        ("Which animal is most common?", ("dog", "cat"), THREE, CATS),
        ("How many dogs are there?", (3, "dog"), THREE, "dog-1"),
        ("How many dogs and cats are there?", (5, 3), f"{THREE} {CATS}", THREE),
        ("How many animals are there apart from the dogs?", (2, 5), CATS, f"{THREE} {CATS}"),
        ("How many animals other than dogs are there?", (2, 3), CATS, THREE),
        ("How many cars are not red?", (1, 2), "car-2", "car-1 car-3"),
        ("How many non-red cars are there?", (1, 2), "car-2", "car-1 car-3"),
        ("Is there any car that is not red?", (True, False), "car-2", "car-1 car-3"),
        ("Is there anything other than dogs?", (True, False), f"{CATS} {PARKED} person-1", "img-1"),
        ("How many more dogs than cats are there?", (1, 3), f"{THREE} {CATS}", THREE),
        ("How many kinds of animals are there?", (2, 5), f"{THREE} {CATS}", f"{THREE} {CATS}"),
        ("How many colours do the cars have?", (2, 3), PARKED, PARKED),
        ("Are there no more than two dogs?", (False, True), THREE, "dog-1 dog-2"),
        ("Are there at least as many dogs as cats?", (True, False), f"{THREE} {CATS}", f"{THREE} {CATS}"),
        ("Are most of the cars red?", (True, False), "car-1 car-3", "car-2"),
        ("Are most of the cars blue?", (False, True), PARKED, "car-2"),
        ("Is the largest car blue?", (True, False), "car-2", "car-1"),
        ("Is there neither a horse nor a cow?", (True, False), "img-1", "img-1"),
        ("Are there both dogs and cats?", (True, False), f"{THREE} {CATS}", "img-1"),
    ],
)
def test_an_answer_is_about_what_the_question_singles_out(
    query: str, value: tuple[Value, Value], right: str, wrong: str
) -> None:
    assert parked(query, value[0], right) is None
    assert parked(query, value[1], wrong) is not None


@pytest.mark.parametrize(
    ("query", "value", "shown", "text"),
    [
        ("What colour is the largest car?", "blue", "car-2", "The largest car is red."),
        ("What colour is the largest car?", "blue", "car-2", "Red."),
        ("How many cats are there?", 2, CATS, "There are three."),
        ("How many cats are there?", 2, CATS, "There are 3 dogs."),
        ("Are there more than three dogs?", False, THREE, "No, there are more than three dogs."),
        ("How many cars are there?", 3, PARKED, "There are 3 cars: 1 red and 2 blue."),
        ("How many dogs are there?", 3, THREE, "There are 3 dogs and no cats."),
    ],
)
def test_a_text_says_no_other_than_the_value(query: str, value: Value, shown: str, text: str) -> None:
    assert parked(query, value, shown) is None
    assert parked(query, value, shown, text) is not None


@pytest.mark.parametrize(
    ("query", "value", "shown"),
    [
        ("Is there a unicorn?", True, "dog-1"),
        ("Can you see a zebra?", True, "dog-1"),
        ("Is there a zebra?", False, "img-1"),
        ("How many zebras are there?", 3, THREE),
        ("How many zebras are there?", 0, "img-1"),
    ],
)
def test_what_nobody_knows_is_not_judged_by_other_things(query: str, value: Value, shown: str) -> None:
    assert (parked(query, value, shown) or "").startswith("nobody knows")


@pytest.mark.parametrize(
    ("query", "value", "shown"),
    [
        ("How many dogs are sleeping?", 3, THREE),
        ("How many dogs are on the couch?", 3, THREE),
        ("How many people are wearing hats?", 1, "person-1"),
        ("How many legs do the dogs have?", 3, THREE),
        ("Out of the dogs, how many are asleep?", 3, THREE),
        ("How many dogs are not left of the person?", 2, "dog-1 dog-2"),
        ("Is the brown dog sitting?", True, "dog-1"),
        ("Are two dogs sleeping?", True, "dog-1 dog-2"),
        ("Is the person in the red car?", True, "person-1 car-1"),
        ("Is the cat asleep next to the dog?", True, "cat-1 dog-2"),
        ("Are the cats the same size?", True, CATS),
        ("Is the dog the same colour as the car?", True, f"{THREE} {PARKED}"),
        ("Are the dog and the cat on the same side?", True, f"{THREE} {CATS}"),
        ("Does the cat cover more of the picture than the car?", False, f"{CATS} {PARKED}"),
    ],
)
def test_what_no_tool_told_of_things_is_not_known(query: str, value: Value, shown: str) -> None:
    assert (parked(query, value, shown) or "").startswith("no tool has told")


@pytest.mark.parametrize(
    ("query", "value", "shown"),
    [
        ("How many dogs can you see in the park?", 3, THREE),
        ("How many dogs are there in total?", 3, THREE),
        ("Could you count up all the dogs?", 3, THREE),
        ("How many of the dogs are on the left side of the person?", 2, "dog-1 dog-2"),
        ("Say how many dogs the scene holds.", 3, THREE),
        ("How many red or blue cars are there?", 3, PARKED),
        ("How many dogs are brown or black?", 2, "dog-1 dog-2"),
        ("Are all the blue cars left of the person?", True, "car-2"),
    ],
)
def test_words_that_ask_no_more_of_things(query: str, value: Value, shown: str) -> None:
    assert parked(query, value, shown) is None


@pytest.mark.parametrize(
    ("query", "value", "shown", "text"),
    [
        ("Are there more than two dogs?", True, THREE, "Yes, there are more than two dogs."),
        ("Are there fewer than five dogs?", True, THREE, "Yes, there are fewer than five dogs: 3."),
        ("Are there more than five dogs?", False, THREE, "No, there are not more than five dogs."),
        ("Is there a cat?", True, "cat-1", "Yes, at least one cat is visible."),
        ("How many dogs are there?", 3, THREE, "The detect tool found 3 dogs."),
        ("How many animals are there?", 5, f"{THREE} {CATS}", "There are 5. Three of them are dogs and two are cats."),
        ("Are there more dogs than cats?", True, f"{THREE} {CATS}", "Yes, there are more dogs than cats: 3 vs. 2."),
        ("How many cars are red?", 2, "car-1 car-3", "2 out of 3 cars are red."),
        ("How many dogs are there?", 3, THREE, "There are 3 dogs: two on the left and one on the far right."),
        ("How many animals are there?", 5, f"{THREE} {CATS}",
         "5 animals: three dogs (brown, black and white) and two cats"),
        ("How many cars are there?", 3, PARKED, "There are 3 cars: 2 red and 1 blue."),
        ("How many cars are there?", 3, PARKED, "There are 3 cars, 2 of which are red."),
        ("Are there any red cars?", True, "car-1 car-3", "Yes, 2."),
        ("How many cats are there?", 2, CATS, "There are cats: a white one and a grey one."),
        ("How many dogs are there?", 3, THREE, "There are 3 dogs and no horses."),
        ("How many animals are there?", 5, f"{THREE} {CATS}", "There are 3 dogs and 2 cats."),
        ("What colour is the largest car?", "blue", "car-2", "The largest of the three cars is blue."),
        ("How many cars are not red?", 1, "car-2", "One car is not red; it is blue."),
        ("How many more dogs than cats are there?", 1, f"{THREE} {CATS}", "There is one more dog than cats."),
        ("Is there a horse?", False, "img-1", "No, horses are absent from this image."),
    ],
)  # fmt: skip
def test_true_texts_are_read_as_true(query: str, value: Value, shown: str, text: str) -> None:
    assert parked(query, value, shown, text) is None


@pytest.mark.parametrize(
    ("query", "value", "right", "wrong"),
    [
        ("How many dogs are in the last image?", (1, 2), "dog-3", DOGS),
        ("How many dogs are in image 2?", (1, 2), "dog-3", DOGS),
        ("How many dogs are in picture two?", (1, 2), "dog-3", DOGS),
        ("How many dogs are there in total?", (3, 2), ALL_DOGS, DOGS),
        ("How many dogs are there altogether in both images?", (3, 1), ALL_DOGS, "dog-3"),
        ("Is there a cat in the last picture?", (False, True), "img-2", "cat-1"),
        ("Is there a cat in both images?", (False, True), "img-2", "cat-1"),
        ("Is there a dog in both images?", (True, True), "dog-1 dog-3", "dog-1"),
        ("What colour is the dog in image 2?", ("brown", "brown"), "dog-3", "dog-1"),
        ("Are there more dogs in the first picture than in the second?", (True, False), ALL_DOGS, ALL_DOGS),
        ("Are there more dogs in the second picture than in the first?", (False, True), ALL_DOGS, ALL_DOGS),
        ("Which image has no cat?", ("img-2", "img-1"), "img-2", "cat-1"),
        ("Which images do not show a cat?", (["img-2"], ["img-1"]), "img-2", "img-1"),
        ("Which image shows exactly one dog?", ("img-2", "img-1"), "dog-3", DOGS),
        ("How many pictures show a cat?", (1, 2), "cat-1", "img-1 img-2"),
        ("How many pictures show a dog?", (2, 3), ALL_DOGS, ALL_DOGS),
        ("How many more dogs are in img-1 than in img-2?", (1, 2), ALL_DOGS, DOGS),
    ],
)
def test_which_images_a_question_is_about(query: str, value: tuple[Value, Value], right: str, wrong: str) -> None:
    assert judged(query, value[0], right) is None
    assert judged(query, value[1], wrong) is not None


def test_a_text_names_images_by_number() -> None:
    assert judged("How many dogs are in image 2?", 1, "dog-3", "There is 1 dog in image 2.") is None
