from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from evals.adapters import bfcl_rules, coco, mnms, vqa
from evals.adapters.files import chosen, folder
from evals.diorama.cases import Call
from evals.suites import detector
from evals.suites.bench import asking
from evals.suites.options import Options
from evals.trial import Reply, Step, Trial
from tools.captioner import Said
from tools.catalog import ModelEntry, Source
from tools.catalog.changes import choose, keep
from tools.detector import Detection
from tools.errors import UserError
from tools.masks import decode
from tools.models import Models

if TYPE_CHECKING:
    from tests.evals.conftest import World

Worlds = Callable[..., "World"]


def written(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return path


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 48), "red").save(path)


def test_a_data_folder_must_be_named_and_be_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give --data: the folder with GQA"):
        folder(Options(out=tmp_path), "GQA")
    with pytest.raises(UserError, match="no folder"):
        folder(Options(out=tmp_path, data=tmp_path / "none"), "GQA")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[1,", "is no JSON"),
        ('[["Is it red?", "yes"]]', "is not in the form that is read here: 0"),
        (None, "cannot read"),
    ],
)
def test_files_that_are_not_in_form_are_one_clear_line(tmp_path: Path, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / "test").mkdir()
        (tmp_path / "test" / "questions.json").write_text(text)
    with pytest.raises(UserError, match=told) as raised:
        vqa.read_easy(tmp_path)
    assert "\n" not in str(raised.value)


def test_rows_are_drawn_by_the_seed_in_their_own_order() -> None:
    rows = list(range(100))
    drawn = chosen(rows, 7, 10)
    assert drawn == sorted(drawn) == chosen(rows, 7, 10) != chosen(rows, 8, 10)
    assert chosen(rows, 7, 1000) == rows


def test_easy_vqa_is_asked_and_judged_by_its_answers(world: Worlds, tmp_path: Path) -> None:
    rows = [["what shape is in the image?", "circle", 0], ["is there a red shape?", "yes", 0]]
    written(tmp_path / "test" / "questions.json", rows)
    picture(tmp_path / "test" / "images" / "0.png")
    questions = vqa.read_easy(tmp_path)
    assert [(one.answer, one.kind) for one in questions] == [("circle", "word"), (True, "yes/no")]

    def declines(request: httpx.Request) -> httpx.Response:
        arguments = json.dumps({"text": "Unknown.", "value": None, "evidence": []})
        call = {"id": "c", "type": "function", "function": {"name": "answer", "arguments": arguments}}
        message = {"role": "assistant", "content": "", "tool_calls": [call]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return httpx.Response(200, json={"id": "0", "object": "x", "created": 0, "model": "x", "choices": [choice]})

    options = Options(out=tmp_path / "run")
    report = vqa.run_suite("easy-vqa", asking(world([]).bench_of(declines)), questions, {}, options)
    assert report.metrics["answer_accuracy"].value == 0
    assert report.metrics["answer_accuracy"].n == 2
    assert {one.why for one in report.failures} == {"abstained"}


class Circles:
    """Stands in for a model of answers: sees a circle in everything."""

    name = "circles"

    def __call__(self, image: Image.Image, question: str = "") -> Said:
        return Said("circle", 0.9)


def test_easy_vqa_is_put_to_the_tool_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path))
    source = Source(kind="file", location=str(tmp_path))
    keep(ModelEntry(name="circles", task="describe", backend="timm-blip", sources=(source,), licence="MIT"))
    choose("circles")
    rows = [["what shape is in the image?", "circle", 0], ["is there a red shape?", "yes", 0]]
    written(tmp_path / "test" / "questions.json", rows)
    picture(tmp_path / "test" / "images" / "0.png")
    told = vqa.telling(Models(lambda entry: Circles()))
    report = vqa.run_suite("easy-vqa-tool", told, vqa.read_easy(tmp_path), {}, Options(out=tmp_path / "run"))
    assert report.metrics["answer_accuracy"].value == 0.5
    assert report.metrics["valid_calls"].value == 1
    assert [one.trial.reply and one.trial.reply.evidence for one in report.results] == [["picture-1"]] * 2


@pytest.mark.parametrize(
    ("due", "value", "right"),
    [
        (True, "yes", True),
        (True, True, True),
        (True, 1, False),
        (3, 3, True),
        (3, "3", True),
        (1, True, False),
        ("circle", "Circle", True),
        ("circle", ["circle"], True),
        ("circle", ["circle", "triangle"], False),
        ("dog", "dogs", True),
        ("circle", None, False),
    ],
)
def test_answers_in_words_are_compared_by_type(due: object, value: Any, right: bool) -> None:
    assert vqa.is_answer(due, Reply(text="", value=value)) is right


def test_clevr_and_gqa_are_read_as_published(tmp_path: Path) -> None:
    asked = {
        "question": "How many cubes?",
        "answer": "2",
        "image_filename": "a.png",
        "program": [{"function": "count"}],
    }
    written(tmp_path / "questions" / "CLEVR_val_questions.json", {"questions": [asked]})
    (clevr,) = vqa.read_clevr(tmp_path)
    assert (clevr.answer, clevr.kind) == (2, "count")
    assert Path(clevr.images[0]) == tmp_path / "images" / "val" / "a.png"

    row = {"imageId": "7", "question": "Is the dog left of the car?", "answer": "no", "types": {"structural": "verify"}}
    written(tmp_path / "val_balanced_questions.json", {"1": row})
    thing = {
        "name": "dogs",
        "relations": [{"name": "to the left of", "object": "b"}, {"name": "eyeing", "object": "b"}],
    }
    scene = {"objects": {"a": thing, "b": {"name": "car", "relations": []}}}
    written(tmp_path / "val_sceneGraphs.json", {"7": scene})
    questions, truths = vqa.read_gqa(tmp_path)
    assert (questions[0].answer, questions[0].kind) == (False, "verify")
    assert truths == {"gqa-1": [("dog", "left_of", "car")]}


def test_triples_of_a_scene_come_with_the_surest_first() -> None:
    nodes = [
        {"id": "img-1"},
        *({"id": f"{n}-1", "label": n, "score": s} for n, s in (("dog", 0.9), ("car", 0.5), ("cat", 0.8))),
    ]
    edges = [
        {"source": "dog-1", "target": "img-1", "key": "in"},
        {"source": "dog-1", "target": "car-1", "key": "near"},
        {"source": "dog-1", "target": "cat-1", "key": "left_of"},
    ]
    assert vqa.ranked({"nodes": nodes, "edges": edges}) == [("dog", "left_of", "cat"), ("dog", "near", "car")]


def test_coco_counts_what_the_detector_knows(tmp_path: Path) -> None:
    picture(tmp_path / "val2017" / "1.png")
    instances = coco.Instances.model_validate(
        {
            "images": [{"id": 1, "file_name": "1.png", "width": 64, "height": 48}],
            "categories": [{"id": 18, "name": "dog"}, {"id": 90, "name": "toothbrush"}],
            "annotations": [
                {
                    "image_id": 1,
                    "category_id": 18,
                    "bbox": [8, 8, 16, 16],
                    "segmentation": [[8, 8, 24, 8, 24, 24, 8, 24]],
                },
                {"image_id": 1, "category_id": 90, "bbox": [0, 0, 5, 5]},
                {"image_id": 1, "category_id": 18, "bbox": [0, 0, 5, 5], "iscrowd": 1},
            ],
        }
    )
    known = coco.known_of(instances, ["dog", "cat"])
    assert known == {18: "dog"}
    (one,) = coco.annotated(instances, instances.images, tmp_path / "val2017", known)
    assert [thing.label for thing in one.true] == ["dog"]
    assert one.true[0].mask is not None
    mask = decode(one.true[0].mask)
    assert mask.sum() == 256

    def sees(image: Image.Image, labels: Any) -> list[Detection]:
        return [Detection("dog", 0.9, (8.0, 8.0, 24.0, 24.0), mask)]

    metrics = detector.metrics([coco.look(sees, one, {"dog"})])
    assert metrics["box_map50"].value == metrics["mask_map50"].value == 1
    with pytest.raises(UserError, match="knows none"):
        coco.known_of(instances, ["sofa"])


def test_mnms_gold_is_right_and_edges_count(tmp_path: Path) -> None:
    plan = [
        {"id": 0, "name": "image captioning", "args": {"image": "1.jpg"}},
        {"id": 1, "name": "text summarization", "args": {"text": "<node-0>.text"}},
    ]
    row = {"id": 3, "user_request": "Sum up what 1.jpg shows.", "plan": plan}
    (tmp_path / "plans.jsonl").write_text(json.dumps(row))
    (task,) = mnms.read_tasks(tmp_path)
    offered = mnms.offered_by([task])
    assert [one["function"]["name"] for one in offered] == ["image_captioning", "text_summarization"]
    steps = [Step(tool=call.tool, arguments=call.arguments) for call in task.question().plans[0]]
    gold = Trial(question=task.question(), offered=offered, steps=steps)
    assert {mnms.grade(gold).score(name) for name in mnms.NAMES} == {1}
    cut = gold.model_copy(update={"steps": [steps[0], steps[1].model_copy(update={"arguments": {"text": "A dog."}})]})
    scores = mnms.grade(cut)
    assert scores.score("tool_f1") == scores.score("argument_name_f1") == 1
    assert scores.score("edge_f1") == 0
    assert scores.why == "argument_f1"


SCHEMA = {"f": {"properties": {"x": {"type": "number"}, "s": {"type": "string"}}, "required": ["x"]}}


def call(**arguments: Any) -> Call:
    return Call(tool="f", arguments=arguments)


@pytest.mark.parametrize(
    ("made", "due", "ours", "theirs"),
    [
        ([call(x=2)], [call(x=[2.0])], True, True),
        ([call(x=2.0000000001)], [call(x=[2.0])], True, False),
        ([call(x=2, s="A-B")], [call(x=[2], s=["ab"])], False, True),
        ([call(x=2, s=" New  York")], [call(x=[2], s=["new york"])], True, True),
        ([call(x="2")], [call(x=[2])], False, False),
        ([call()], [call(x=[2])], False, False),
        ([call(x=2)], [call(x=[2], s=["", "a"])], True, True),
        ([call(x=2)], [call(x=[2], s=["a"])], False, False),
        ([call(x=2, y=1)], [call(x=[2])], False, False),
        ([call(x=2), call(x=2)], [call(x=[2])], False, False),
        # the first of these fits both, so that a greedy pairing uses up what only it could have had
        ([call(x=1), call(x=2)], [call(x=[1, 2]), call(x=[1])], True, False),
    ],
)
def test_the_two_rules_of_bfcl(made: list[Call], due: list[Call], ours: bool, theirs: bool) -> None:
    assert (bfcl_rules.ours(made, due, SCHEMA, declined=False) is None) is ours
    assert (bfcl_rules.official(made, due, SCHEMA) is None) is theirs


def test_irrelevance_wants_a_refusal_that_can_be_read() -> None:
    assert bfcl_rules.official([], [], SCHEMA) is None
    assert bfcl_rules.ours([], [], SCHEMA, declined=False) == "did not decline"
    assert bfcl_rules.ours([], [], SCHEMA, declined=True) is None
    assert bfcl_rules.ours([call(x=1)], [], SCHEMA, declined=True) == "called f"


@pytest.mark.parametrize(
    ("given", "due", "same"),
    [
        ("2023-10-15", "2023-11-14", False),
        ("123-456-7890", "124-457-7890", False),
        ("2023-10-15", "2023-10-15", True),
        ("(1+2)*3", "3*(2+1)", True),
        ("2*(3+4)", "14", True),
    ],
)
def test_a_date_is_no_sum(given: str, due: str, same: bool) -> None:
    assert (bfcl_rules.ours([call(x=given)], [call(x=[due])], SCHEMA, declined=False) is None) is same
