from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from evals.diorama import phrases
from evals.diorama.cases import WEIGHTS, Call, Case, make_case
from evals.diorama.sprites import SPRITES
from evals.diorama.truth import Truth
from evals.diorama.world import ask_about, make_diorama, write_world
from evals.metrics.valid_calls import is_valid, schemas_of, snapshot
from graphs.relations import PREDICATES, relate
from graphs.taxonomy import CATEGORIES, HYPERNYMS, is_known
from graphs.types import Entity
from tools import masks
from tools.registry import load_tools

SEEDS = range(1200, 1210)


@pytest.fixture(scope="module")
def truths() -> list[Truth]:
    return [make_diorama(seed).truth for seed in SEEDS]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_seed_always_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        list(write_world(tmp_path / name, seed, 3))
    first = files(tmp_path / "a")
    assert first == files(tmp_path / "b")
    assert first.keys() >= {
        "cases.jsonl",
        *(f"scene-{seed}{end}" for seed in (7, 8, 9) for end in (".png", ".truth.json")),
    }
    other = files(tmp_path / "c")
    assert first["scene-8.png"] == other["scene-8.png"]
    assert first["scene-8.truth.json"] == other["scene-8.truth.json"]
    assert first["scene-7.png"] != first["scene-8.png"]


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    list(write_world(tmp_path, 20, 3, per_scene=4))
    cases = [Case.model_validate_json(line) for line in (tmp_path / "cases.jsonl").read_text().splitlines()]
    assert len({case.id for case in cases}) == len(cases) > 3
    for case in cases:
        assert all((tmp_path / name).exists() for name in case.images)
    truth = Truth.model_validate_json((tmp_path / "scene-20.truth.json").read_text())
    assert truth == make_diorama(20).truth


def test_each_category_has_pictures() -> None:
    assert len(CATEGORIES) == 48
    assert set(SPRITES) == set(CATEGORIES)
    assert all(SPRITES.values())


def test_boxes_areas_and_size_classes_are_those_of_the_masks(truths: list[Truth]) -> None:
    for truth in truths:
        seen = [masks.decode(thing.mask) for thing in truth.objects]
        for thing, mask in zip(truth.objects, seen, strict=True):
            rows, columns = np.nonzero(mask)
            assert mask.shape == (truth.height, truth.width)
            assert thing.box.xyxy == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert thing.area == mask.sum()
            share = mask.mean()
            assert thing.size == ("small" if share < 0.015 else "medium" if share < 0.06 else "large")
        assert not any((a & b).any() for a, b in combinations(seen, 2))


def test_what_lies_free_is_not_occluded_and_some_things_are(truths: list[Truth]) -> None:
    for truth in truths:
        for number, thing in enumerate(truth.objects):
            assert 0 <= thing.occlusion < 1
            later = truth.objects[number + 1 :]
            if thing.occlusion:
                assert any(np.minimum(thing.box.x2, o.box.x2) >= np.maximum(thing.box.x1, o.box.x1) for o in later)
    assert any(thing.occlusion > 0.05 for truth in truths for thing in truth.objects)
    assert all(truth.objects[-1].occlusion == 0 for truth in truths)


def test_relations_are_those_that_the_scene_graph_works_out(truths: list[Truth]) -> None:
    for truth in truths:
        entities = [
            Entity(id=o.id, label=o.category, image_id="img-1", box=o.box, score=1, model="m", call_id="c", tool="t")
            for o in truth.objects
        ]
        worked_out = {
            (one.subject, one.predicate, one.object) for one in relate(entities) if one.predicate in PREDICATES
        }
        assert set(truth.relations) == worked_out
    assert {name for truth in truths for _, name, _ in truth.relations} >= {"left_of", "above", "near", "overlaps"}


@pytest.fixture(scope="module")
def cases(truths: list[Truth]) -> list[Case]:
    """Questions of every kind, trained and held out, as far as these scenes allow them."""
    made: list[Case] = []
    for kind in WEIGHTS:
        for held_out in (False, True):
            for number in range(len(truths) - 1):
                case = make_case(kind, truths[number:], np.random.default_rng(number), held_out)
                made += [case] if case else []
    return made


def test_every_kind_can_be_asked(cases: list[Case]) -> None:
    assert {(case.kind, case.held_out) for case in cases} == {(kind, on) for kind in WEIGHTS for on in (False, True)}
    assert not any("{" in case.query for case in cases)


def test_accepted_plans_fit_the_schemas_of_the_tools(cases: list[Case]) -> None:
    schemas = schemas_of(snapshot(load_tools()))
    calls = [call for case in cases for plan in case.accepted_plans for step in plan for call in step]
    assert len(calls) > len(cases)
    assert [call for call in calls if not is_valid(call, schemas)] == []
    assert not is_valid(Call(tool="query_scene", arguments={"op": "sum", "label": "dog"}), schemas)


def test_plans_look_for_what_is_known_unless_the_question_is_about_the_unknown(cases: list[Case]) -> None:
    for case in cases:
        labels = [
            label for step in case.accepted_plans[0] for call in step for label in call.arguments.get("labels", [])
        ]
        assert all(is_known(label) != (case.kind == "unknown") for label in labels), case


def test_answers_are_plain_typed_values_that_read_back_as_they_were(cases: list[Case]) -> None:
    for case in cases:
        again = Case.model_validate_json(case.model_dump_json())
        assert again == case
        assert type(again.answer) is type(case.answer)
    by_kind = {case.kind: case for case in cases}
    kinds = {"count": int, "exists": bool, "list": list, "colour": str, "area": float, "abstain": type(None)}
    assert {kind: type(by_kind[kind].answer) for kind in kinds} == kinds  # type: ignore[index]


def plain(phrase: str) -> str:
    return "".join(letter for letter in phrase.casefold() if letter.isalnum() or letter in "{} ")


def test_phrasings_that_are_held_out_are_not_trained() -> None:
    trained = {plain(phrase) for phrasings in phrases.PHRASES.values() for phrase in phrasings}
    held_out = {plain(phrase) for phrasings in phrases.HELD_OUT.values() for phrase in phrasings}
    assert len(held_out) > 30
    assert not trained & held_out
    assert not set(phrases.UNKNOWN_LABELS) & set(phrases.HELD_OUT_UNKNOWN)
    assert not {*phrases.UNKNOWN_LABELS, *phrases.HELD_OUT_UNKNOWN} & {*CATEGORIES, *HYPERNYMS}


def test_every_second_question_is_held_out() -> None:
    assert [ask_about(seed).case.held_out for seed in range(1300, 1304)] == [False, True, False, True]
    assert ask_about(1300).case == ask_about(1300).case


def test_truth_is_json_that_others_can_read(truths: list[Truth]) -> None:
    data = json.loads(truths[0].model_dump_json())
    assert data.keys() == {"image", "seed", "width", "height", "objects", "relations", "texts"}
    assert data["objects"][0].keys() == {
        *("id", "category", "hypernyms", "colour", "size", "box", "mask", "area", "occlusion")
    }
