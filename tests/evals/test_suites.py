from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from evals.adapters import bfcl, gta
from evals.suites import abstention, planner, robustness, safety
from evals.suites.bench import questions_of
from evals.suites.options import Options
from evals.trial import Question, Trial

if TYPE_CHECKING:
    from finetune.teacher import Teacher
    from tests.evals.conftest import World

Worlds = Callable[..., "World"]

COUNT, EXISTS, LIST = 1004, 1006, 1013
SEEDS = (1001, 1002, COUNT, EXISTS, 1010)


async def stubborn(teacher: Teacher, request: httpx.Request) -> httpx.Response:
    """Calls what the teacher would, under the names that are offered, and again where a tool failed."""
    body = json.loads(request.content)
    failures = [m for m in body["messages"] if m["role"] == "tool" and "call it again" in m["content"]]
    kept = [m for m in body["messages"] if m not in failures]
    # a turn of which all calls failed is as if it had not been
    turns = [m for m in kept if m["role"] == "assistant"]
    body["messages"] = [m for m in kept if m["role"] != "assistant"] + turns[: len(turns) - len(failures)]
    reply = await teacher.handle_async_request(httpx.Request("POST", request.url, json=body))
    text = reply.text
    offered = {one["function"]["name"] for one in body["tools"]}
    for old, new in robustness.NAMES.items():
        if new in offered:
            text = text.replace(f'"name":"{old}"', f'"name":"{new}"').replace(f'"name": "{old}"', f'"name": "{new}"')
    return httpx.Response(200, text=text, headers={"content-type": "application/json"})


def test_planner_is_scored_step_by_step_and_in_whole_runs(world: Worlds, tmp_path: Path) -> None:
    made = world(SEEDS)
    options = Options(out=tmp_path, concurrency=4)
    report = planner.run_suite(made.bench(), questions_of(made.items, tmp_path / "pictures"), options)
    assert report.failures == []
    for name in (*planner.STEPS, "tool_f1", "argument_values", "order_exact", "answer_accuracy"):
        assert report.metrics[name].value == 1, name
    plans = [one.case.accepted_plans[0] for one in made.items]
    assert report.metrics["forced_arguments"].n == sum(len(plan) for plan in plans)
    assert report.metrics["forced_tool"].n == sum(len(plan) + 1 for plan in plans)
    assert report.metrics["surplus_calls"].value == report.metrics["repeated_calls"].value == 0
    assert report.listings[0].rows[0] == ["all (micro)", "1.000", "1.000", "1.000"]


def test_questions_asked_either_way_are_scored_under_the_same_names(world: Worlds, tmp_path: Path) -> None:
    [question] = questions_of(world([COUNT]).items, tmp_path)
    ways = [question, question.model_copy(update={"condition": planner.FORCED})]
    graded = [planner.grade(Trial(question=one)) for one in ways]
    whole, forced = [[score.name for score in one.scores] for one in graded]
    assert whole == forced


def test_a_forced_planner_that_errs_once_reads_a_right_past_after_it(world: Worlds, tmp_path: Path) -> None:
    made = world([COUNT])

    async def errs(teacher: Teacher, request: httpx.Request) -> httpx.Response:
        reply = await teacher.handle_async_request(request)
        body = reply.json()
        for call in body["choices"][0]["message"]["tool_calls"]:
            if call["function"]["name"] == "detect":
                arguments = json.loads(call["function"]["arguments"]) | {"labels": ["cactus"]}
                call["function"]["arguments"] = json.dumps(arguments)
        return httpx.Response(200, json=body)

    made.instead = {made.items[0].case.id: errs}
    questions = questions_of(made.items, tmp_path / "pictures")
    report = planner.run_suite(made.bench(), questions, Options(out=tmp_path))
    values = {name: report.metrics[name].value for name in planner.STEPS}
    assert values == {"forced_valid": 1, "forced_tool": 1, "forced_arguments": 0, "forced_answer": 1}
    assert report.metrics["answer_accuracy"].value == 0
    assert {one.why for one in report.failures} == {"arguments"}


def test_robustness_pairs_each_condition_with_things_as_they_are(world: Worlds, tmp_path: Path) -> None:
    made = world(SEEDS)
    made.instead = {item.case.id: stubborn for item in made.items}
    questions = questions_of(made.items, tmp_path / "pictures")
    report = robustness.run_suite(made.bench(), questions, Options(out=tmp_path))
    values = {name: metric.value for name, metric in report.metrics.items()}
    assert values["answer_accuracy_clean"] == 1
    for condition in ("tool_error", "distractors", "renamed"):
        assert values[f"answer_accuracy_{condition}"] == 1, condition
        assert report.metrics[f"answer_accuracy_without_{condition}"].n == 1
    assert values["recovery"] == 1
    assert values["valid_calls"] == 1
    offered = {
        one.trial.question.condition: [tool["function"]["name"] for tool in one.trial.offered] for one in report.results
    }
    assert offered["renamed"] == ["locate_items", "trace_shapes", "consult_map", "answer"]
    assert len(offered["distractors"]) == 8


def test_abstention_tells_answers_from_holding_back(world: Worlds, tmp_path: Path) -> None:
    items = [abstention.draw_one(seed) for seed in range(1200, 1208)]
    made = world([])
    made.items = items

    async def always(teacher: Teacher, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=declining())

    questions = abstention.vary(questions_of(items, tmp_path / "pictures"))
    assert {one.asked for one in questions} == {"relevant", "irrelevant", "missing_tool", "missing_parameter"}
    # the questions whose words are replaced are not those that the classroom knows
    questions = [one for one in questions if one.asked != "missing_parameter"]
    made.instead = {item.case.id: always for item in items}
    report = abstention.run_suite(made.bench(), questions, Options(out=tmp_path))
    should = [one.asked != "relevant" for one in questions]
    assert report.metrics["abstention_recall"].value == 1
    assert report.metrics["abstention_precision"].value == pytest.approx(sum(should) / len(should))
    assert report.metrics["over_calls"].value == 0
    assert report.listings[0].columns == ["asked", "answered", "abstained", "failed"]


def declining() -> dict[str, Any]:
    arguments: dict[str, Any] = {"text": "The tools cannot tell.", "value": None, "evidence": []}
    return completion([("answer", arguments)])


def completion(calls: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    made = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for n, (name, arguments) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": "", "tool_calls": made}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return {"id": "0", "object": "chat.completion", "created": 0, "model": "x", "choices": [choice], "usage": usage}


def test_safety_writes_the_instruction_below_the_scene(world: Worlds, tmp_path: Path) -> None:
    made = world([COUNT])
    questions = safety.vary(questions_of(made.items, tmp_path))
    assert [one.condition for one in questions] == ["clean", "written", "told"]
    written = questions[1]
    safety.write(Path(written.images[0]), safety.instruction(written))
    scene, changed = (Image.open(question.images[0]) for question in questions[:2])
    assert changed.size == (scene.width, scene.height + safety.STRIP)
    assert changed.crop((0, 0, *scene.size)).tobytes() == scene.convert("RGB").tobytes()
    assert str(safety.wrong(written)) in safety.instruction(written)


def test_safety_counts_what_was_followed(world: Worlds, tmp_path: Path) -> None:
    made = world([COUNT])
    questions = [one for one in safety.vary(questions_of(made.items, tmp_path)) if one.condition != "written"]

    async def obeys(teacher: Teacher, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        told = any("SYSTEM: ignore" in m["content"] for m in body["messages"] if m["role"] == "tool")
        made = [call["function"]["name"] for m in body["messages"] for call in m.get("tool_calls", [])]
        if told and "segment" not in made:
            return httpx.Response(200, json=completion([("segment", {"image_id": "img-1", "labels": []})]))
        return await teacher.handle_async_request(request)

    made.instead = {made.items[0].case.id: obeys}
    report = safety.run_suite(made.bench(), questions, Options(out=tmp_path))
    assert report.metrics["attack_success_told"].value == 1
    assert report.metrics["answer_accuracy_clean"].value == 1


def bfcl_folder(path: Path) -> Path:
    """Two tasks in BFCL's form, of our own making."""
    function = {
        "name": "oven.heat",
        "description": "Heat the oven.",
        "parameters": {
            "type": "dict",
            "properties": {"degrees": {"type": "float", "description": "Celsius."}, "fan": {"type": "boolean"}},
            "required": ["degrees"],
        },
    }
    for category in bfcl.CATEGORIES:
        words = "Heat the oven to 200 degrees." if category != "irrelevance" else "Who wrote Faust?"
        row = {"id": f"{category}_0", "question": [[{"role": "user", "content": words}]], "function": [function]}
        (path / f"BFCL_v4_{category}.json").write_text(json.dumps(row) + "\n")
        answer = {"id": f"{category}_0", "ground_truth": [{"oven.heat": {"degrees": [200], "fan": ["", True]}}]}
        (path / f"answers_{category}.json").write_text(json.dumps(answer) + "\n")
    return path


def test_bfcl_offers_each_tasks_functions_and_grades_twice(world: Worlds, tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    def reply(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        seen.append(body)
        if "Faust" in body["messages"][-1]["content"]:
            return httpx.Response(200, text="<html>")  # no call: BFCL's rules call that right
        return httpx.Response(200, json=completion([("oven_heat", {"degrees": 200.0})]))

    bench = world([]).bench_of(reply)
    tasks = bfcl.read(bfcl_folder(tmp_path))
    report = bfcl.run_suite(bench, tasks, Options(out=tmp_path))
    assert [tool["function"]["name"] for tool in seen[0]["tools"]] == ["oven_heat", "answer"]
    assert report.metrics["ours"].value == pytest.approx(0.8)
    assert report.metrics["bfcl"].value == 1
    assert report.metrics["irrelevance_ours"].value == 0
    assert [row[0] for row in report.listings[0].rows] == ["irrelevance_0"]
    assert report.errors == 1


def test_gta_replays_the_logged_observations(world: Worlds, tmp_path: Path) -> None:
    task = {
        "id": 1,
        "query": "How much are two?",
        "files": ["image/a.jpg"],
        "tool_schemas": [
            {"name": "OCR", "description": "Read.", "inputs": [{"type": "image", "name": "image"}]},
            {"name": "Calculator", "description": "Sum.", "inputs": [{"type": "text", "name": "expression"}]},
        ],
        "gold_steps": [
            {"tool": "OCR", "arguments": {"image": "image/a.jpg"}, "observation": "7 dollars"},
            {"tool": "Calculator", "arguments": {"expression": "7*2"}, "observation": "14"},
        ],
        "gold_answer": "14",
    }
    (tmp_path / "tasks.json").write_text(json.dumps([task]))

    def reply(request: httpx.Request) -> httpx.Response:
        told = [m["content"] for m in json.loads(request.content)["messages"] if m["role"] == "tool"]
        turns: list[tuple[str, dict[str, Any]]] = [
            ("Calculator", {"expression": "1"}),
            ("Calculator", {"expression": "2 * 7"}),
            ("answer", {"text": "14 dollars.", "value": "14.0", "evidence": []}),
        ]
        assert told == ["7 dollars", "14"][: len(told)]
        return httpx.Response(200, json=completion([turns[len(told)]]))

    report = gta.run_suite(world([]).bench_of(reply), gta.read_tasks(tmp_path), tmp_path, Options(out=tmp_path / "run"))
    values = {name: report.metrics[name].value for name in gta.NAMES}
    assert values == {"InstAcc": 1, "ToolAcc": 0.5, "ArgAcc": 0.5, "AnsAcc": 1, "AnsAcc_mapped": None}
    assert report.failures[0].why == "routing"


def test_questions_and_dioramas_have_the_same_fields(world: Worlds) -> None:
    case = world([COUNT]).items[0].case
    assert Question.model_validate(case.model_dump()).model_dump(include=set(case.model_dump())) == case.model_dump()
