import pytest

from evals.diorama.prompts import DRAWN, EMPTY, PHRASES, Kind, sample_prompt
from evals.diorama.render import paint
from graphs.taxonomy import CATEGORIES
from graphs.types import Box, Entity
from tools import wanted


@pytest.mark.parametrize("kind", ["one_object", "two_objects", "relation", "three_objects", "empty"])
def test_a_prompt_says_what_its_scene_shows(kind: Kind) -> None:
    for seed in range(30):
        prompted = sample_prompt(seed, kind)
        seen = [
            Entity(
                id=str(i), label=one.category, image_id="", score=1, model="", call_id="", tool="",
                box=Box(x1=one.box[0], y1=one.box[1], x2=one.box[0] + one.box[2], y2=one.box[1] + one.box[3]),
            )
            for i, one in enumerate(prompted.scene.objects)
        ]  # fmt: skip
        asked = wanted.read(prompted.text)

        assert tuple(label for label, _ in asked.things) == prompted.labels
        assert [predicate for _, predicate, _ in asked.relations] == (
            [prompted.predicate] if prompted.predicate else []
        )
        assert wanted.check(asked, seen).missing == ()


def test_the_same_seed_paints_the_same() -> None:
    first, again = (paint(sample_prompt(7).scene).image for _ in range(2))

    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != paint(sample_prompt(8).scene).image.tobytes()
    assert sample_prompt(7).text == sample_prompt(7).text


def test_every_category_is_drawn_and_every_relation_said() -> None:
    assert tuple(DRAWN) == CATEGORIES
    assert {sample_prompt(seed, "relation").predicate for seed in range(60)} == set(PHRASES)
    assert sample_prompt(1, "empty").text == EMPTY
