"""Which evidence an answer gets whose value is right, and that no other answer gets any."""

import pytest
from langchain_core.messages import AnyMessage, ToolMessage

from agent.case import Value
from agent.citing import cited_right
from agent.prompt import question
from agent.verify import Answer, verify
from graphs.scene import fold
from graphs.types import Box, Entity, ImageRef, Observation, Search

IMAGE = ImageRef(id="img-1", sha256="0" * 64, width=100, height=50, path="a.png")


def thing(label: str, number: int) -> Entity:
    return Entity(
        id=f"call-1/{label}{number}", label=label, image_id="img-1", box=Box(x1=number, y1=0, x2=number + 4, y2=9),
        score=0.9, attributes={"colour": "red" if number == 10 else "grey"}, model="m", call_id="call-1", tool="detect",
    )  # fmt: skip


SEEN = Observation(
    text="dog 3, cat 2, tree 1",
    entities=(*(thing("dog", 10 * n) for n in (1, 2, 3)), thing("cat", 40), thing("cat", 50), thing("tree", 80)),
    searches=(Search(image_id="img-1", label="*", model="m", call_id="call-1", tool="detect"),),
)
SCENE = fold([SEEN], [IMAGE])
DOGS = ("dog-1", "dog-2", "dog-3")
CATS = ("cat-1", "cat-2")


@pytest.mark.parametrize(
    ("query", "text", "value", "cited", "evidence"),
    [
        ("How many dogs are there?", "There are 3 dogs.", 3, ("dog-1",), DOGS),
        ("How many dogs are there?", "There are 3 dogs.", 3, (*DOGS, "tree-1"), DOGS),
        ("How many dogs are there?", "There are 2 dogs.", 2, ("dog-1", "dog-2"), None),
        ("How many dogs are there?", "There are 3 dogs.", 3, ("dog-1", "dog-9"), None),
        ("How many dogs are red?", "There is 1 red dog.", 1, DOGS, ("dog-1",)),
        ("Are there more dogs than cats?", "Yes, there are 3 dogs and 2 cats.", True, DOGS, (*CATS, *DOGS)),
        ("Are there more cats than dogs?", "Yes, there are 2 cats and 3 dogs.", True, (*CATS, *DOGS), None),
        ("How many dogs and cats are there?", "There are 5.", 5, DOGS, (*CATS, *DOGS)),
        ("How many dogs and cats are there?", "There are 3.", 3, CATS, None),
        ("How many dogs are asleep?", "There are 3.", 3, ("dog-1",), None),
        ("What is there?", "Dogs, cats and a tree.", ["dog", "cat", "tree"], DOGS, (*CATS, *DOGS, "tree-1")),
        ("What is there?", "Dogs and cats.", ["dog", "cat"], (*DOGS, *CATS), None),
        ("Is there a horse?", "No, there is no horse.", False, DOGS, ("img-1",)),
        ("Is there a dog?", "No, there is no dog.", False, ("img-1",), None),
        ("How many dogs are there?", "The tools cannot tell.", None, DOGS, None),
    ],
)
def test_only_what_bears_the_answer_out_is_cited(
    query: str, text: str, value: Value, cited: tuple[str, ...], evidence: tuple[str, ...] | None
) -> None:
    messages: list[AnyMessage] = [
        question([IMAGE], query),
        ToolMessage(SEEN.text, name="detect", tool_call_id="call-1", artifact=SEEN.dump()),
    ]
    answer = Answer(text=text, value=value, evidence=cited)
    assert verify(answer, SCENE, messages) is not None
    amended = cited_right(answer, SCENE, messages)
    assert (amended and amended.evidence) == evidence
    if amended is not None:
        assert (amended.text, amended.value) == (text, value)
        assert verify(amended, SCENE, messages) is None
