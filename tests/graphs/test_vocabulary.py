import pytest

from graphs.taxonomy import CATEGORIES
from graphs.vocabulary import Vocabulary

COCO = ("person", "bicycle", "car", "bus", "bird", "cat", "dog", "bear", "zebra", "sports ball", "wine glass", "cup",
        "dining table", "potted plant", "tv", "laptop", "mouse", "keyboard", "cell phone", "scissors")  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "label", "names"),
    [
        ("people", "person", {"person"}),
        ("Buses", "bus", {"bus"}),
        ("wine glasses", "wine glass", {"wine glass"}),
        ("sofa", None, set()),
        ("television", "tv", {"tv"}),
        ("smartphones", "cell phone", {"cell phone"}),
        ("phone", "phone", {"cell phone"}),
        ("table", "table", {"dining table"}),
        ("ball", "ball", {"sports ball"}),
        ("animal", "animal", {"bird", "cat", "dog", "bear", "zebra"}),
        ("owl", "bird", {"bird"}),
        ("sparrows", "bird", {"bird"}),
        ("puppy", "dog", {"dog"}),
        ("scissors", "scissor", {"scissors"}),
        ("computer mouse", "computer mouse", {"mouse"}),
        ("thing", "thing", set(COCO)),
        ("", "thing", set(COCO)),
        ("dragon", None, set()),
    ],
)
def test_words_map_to_the_classes_of_a_photo_model(asked: str, label: str | None, names: set[str]) -> None:
    vocabulary = Vocabulary(COCO)
    assert vocabulary.find(asked) == label
    if label is not None:
        assert vocabulary.names(label) == names


def test_a_computer_mouse_is_no_animal_but_the_mouse_of_the_dioramas_is() -> None:
    assert Vocabulary(COCO).label("mouse") == "computer mouse"
    assert "mouse" not in Vocabulary(COCO).names("animal")
    assert Vocabulary().label("mouse") == "mouse"
    assert "mouse" in Vocabulary().names("animal")


def test_other_spellings_of_classes() -> None:
    vocabulary = Vocabulary(("aeroplane", "Sofa", "Traffic_Light"))
    assert [vocabulary.label(name) for name in ("aeroplane", "Sofa", "Traffic_Light")] == [
        "airplane", "couch", "traffic light",
    ]  # fmt: skip
    assert vocabulary.names("vehicle") == {"aeroplane"}
    assert vocabulary.names("couch") == {"Sofa"}


def test_every_category_stands_for_itself() -> None:
    vocabulary = Vocabulary()
    assert [vocabulary.find(name) for name in CATEGORIES] == list(CATEGORIES)
    assert [vocabulary.label(name) for name in CATEGORIES] == list(CATEGORIES)
    # The words that the embedded planner was trained to see refused.
    for word in ("giraffe", "wolf", "television", "phone", "table", "scissors", "squirrel", "goat"):
        assert vocabulary.find(word) is None


def test_the_nearest_are_labels_of_the_model() -> None:
    assert Vocabulary().nearest("hors")[0] == "horse"
    assert Vocabulary(COCO).nearest("zebrra")[0] == "zebra"
    assert Vocabulary(("anchor", "buoy")).nearest("qqq") == ["anchor", "buoy"]
