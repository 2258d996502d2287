"""What answers to questions about two scenes have to say: as a value, in the text, and as evidence."""

from __future__ import annotations

import pytest

from agent.case import Value
from tests.agent.scenes import ALL_DOGS, CATS, DOGS, PARKED, THREE, judged, parked


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


def test_what_is_not_there_is_named() -> None:
    assert judged("Is there a dog and a horse?", True, "dog-1") == "horse: the scene shows no such thing"
    assert judged("Is there no horse and no cat?", True, "img-1") == "cat: the scene shows no such thing"


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


def test_a_list_of_colours_is_no_answer_about_one() -> None:
    assert parked("What colour is the leftmost car?", ["red", "blue"], "car-1 car-2 car-3") == "of car it is car-1"
    assert parked("What colours are the cars?", ["red", "blue"], "car-1 car-2 car-3") is None


def test_who_compares_wrongly_is_told_how_it_is() -> None:
    reason = "there are 3 of dog and 2 of cat, so yes"
    assert parked("Are there more dogs than cats?", False, f"{THREE} {CATS}") == reason
