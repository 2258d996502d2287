"""Which evidence an answer must have, of which kind its value is, and what else every answer is held to."""

from __future__ import annotations

import pytest
from langchain_core.messages import AnyMessage, ToolMessage
from pydantic import ValidationError

from agent.case import Value
from agent.prompt import question
from agent.verify import Answer, verify
from graphs.scene import SceneGraph, fold
from graphs.types import Box, Entity, Observation, Search
from tests.agent.scenes import IMAGES, thing


def dog(number: int) -> Entity:
    one = thing(number, "dog", "brown", Box(x1=10 * number, y1=0, x2=10 * number + 5, y2=9))
    return one.model_copy(update={"attributes": {**one.attributes, "area_share": 0.034}})


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
