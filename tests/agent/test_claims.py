from __future__ import annotations

import pytest

from agent.claims import Claim, Extreme
from agent.reading import read


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("There are 3 dogs.", [Claim("dog", 3)]),
        ("There are two dogs and no cats.", [Claim("dog", 2), Claim("cat", 0)]),
        ("Is there a dog?", [Claim("dog")]),
        ("There are 2 loaves of bread.", [Claim("bread", 2)]),
        ("There are 2 red dogs.", [Claim("dog", 2, "red")]),
        ("How many of the dogs are red?", [Claim("dog", colour="red")]),
        ("Count the dogs that are red.", [Claim("dog", colour="red")]),
        ("How many dogs of the colour red are there?", [Claim("dog", colour="red")]),
        ("Out of the dogs, how many are red?", [Claim("dog", colour="red")]),
        ("Am I right that a dog is left of the cat?", [Claim("dog", relation="left_of", other="cat")]),
        ("The dog is left of the cat, right?", [Claim("dog", relation="left_of", other="cat")]),
        ("Is it right of the cat?", [Claim("cat")]),
        ("The dog is not red.", [Claim("dog", colour="red", denied=True)]),
        ("A red dog and a blue ball", [Claim("dog", colour="red"), Claim("ball", colour="blue")]),
        ("The dog is left of the tree.", [Claim("dog", None, None, "left_of", "tree")]),
        ("No, the dog is not next to the tree.", [Claim("dog", None, None, "near", "tree", True)]),
        ("Count the dogs higher than the tree.", [Claim("dog", None, None, "above", "tree")]),
        (
            "Look at the picture. Left of the tree, how many dogs are there?",
            [Claim("dog", None, None, "left_of", "tree")],
        ),
        ("Is a dog among the objects?", [Claim("dog")]),
        ("What do you find under the tree?", [Claim("thing", None, None, "below", "tree")]),
        ("There are 2 dogs above the tree.", [Claim("dog", 2, None, "above", "tree")]),
        (
            "There are 1 dog, 2 cats below the tree.",
            [Claim("dog", 1, None, "below", "tree"), Claim("cat", 2, None, "below", "tree")],
        ),
        ("There is nothing above the tree.", [Claim("thing", 0, None, "above", "tree")]),
        ("Left of the tree is a dog.", [Claim("dog", None, None, "left_of", "tree")]),
        ("Are there more dogs than cats?", [Claim("dog"), Claim("cat")]),
        ("There are more than two dogs.", [Claim("dog", 2, bound=">")]),
        ("There are no more than two dogs.", [Claim("dog", 2, bound="<=")]),
        ("There are 2 out of 3 red dogs.", [Claim("dog", 2, "red")]),
        ("There are 3 dogs: 2 red and 1 blue.", [Claim("dog", 3), Claim("dog", 2, "red"), Claim("dog", 1, "blue")]),
        ("How many animals apart from the dogs are there?", [Claim("animal", without="dog")]),
        ("How many dogs are not red?", [Claim("dog", without="red")]),
        ("There is one more dog than cats.", [Claim("dog"), Claim("cat")]),
        ("What is red?", [Claim("thing", colour="red")]),
        ("有几只狗?", []),
        ("Come to the window.", []),
    ],
)
def test_what_a_sentence_claims(text: str, claims: list[Claim]) -> None:
    assert list(read(text).claims) == claims


@pytest.mark.parametrize(
    ("text", "strangers"),
    [
        ("There are 2 giraffes.", ["giraffes"]),
        ("There is 1 crab right of the truck.", ["crab"]),
        ("The dog stands on the grass.", ["grass"]),
        ("There are more zebras in img-1.", ["zebras"]),
        ("The largest of the two pictures shows a big brown dog.", []),
        ("3 pieces of food on the left side of the image", []),
    ],
)
def test_nouns_that_no_label_explains(text: str, strangers: list[str]) -> None:
    assert list(read(text).strangers) == strangers


def test_what_else_a_sentence_says() -> None:
    assert read("img-2 shows more dogs: 3, the other 1.").numbers == (3, 1)
    assert read("img-2 shows more dogs").ids == ("img-2",)
    assert read("It covers 3.4% of the image.").shares == (3.4,)
    assert read("Do the dogs outnumber the cats?").compared == ">"
    assert read("Are there fewer dogs than cats?").compared == "<"
    assert read("Which thing is the largest?").extreme == Extreme("size", 1)
    assert read("What colour is the second smallest car?").extreme == Extreme("size", -1, 1)
    assert read("What colour is the leftmost car?").extreme == Extreme("x", -1)
    assert read("What colour is the car on the right?").extreme == Extreme("x", 1)
    assert read("What colour is the car on the right of the dog?").extreme is None
    assert (read("Yes, it is.").opening, read("No, it is not.").opening, read("No dog.").opening) == (True, False, None)
    assert read("There is a zebra.", ["zebra"]).labels == ("zebra",)


@pytest.mark.parametrize(
    "text",
    [
        "Is the count of dogs higher than the count of trees?",
        "Is there a larger number of dogs than of trees?",
        "Are the dogs in the majority over the trees?",
    ],
)
def test_comparisons_of_numbers_are_no_places(text: str) -> None:
    reading = read(text)
    assert reading.compared == ">"
    assert not [claim for claim in reading.claims if claim.relation]


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("Do the dogs outnumber the cats?", "whether"),
        ("Is there a dog?", "whether"),
        ("Do you know how many dogs there are?", None),
        ("Can you count the dogs?", None),
        ("How many dogs are there?", "what"),
        ("What do you think of my dog?", "what"),
        ("What of the dog, is it red?", None),
        ("How many dogs there are.", None),
    ],
)
def test_what_questions_want(question: str, asks: str | None) -> None:
    assert read(question).asks == asks


@pytest.mark.parametrize(
    ("question", "outlined"),
    [
        ("Could you mask out the cars?", True),
        ("Outline the dogs.", True),
        ("Give me masks of the dogs.", True),
        ("How many people wear a mask?", False),
        ("How many dogs are there?", False),
    ],
)
def test_which_questions_want_outlines(question: str, outlined: bool) -> None:
    assert read(question).outlined is outlined
