from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from inspect_ai.log import read_eval_log
from rich.console import Console

from evals.diorama.world import make_diorama
from evals.metrics.interval import Metric
from evals.metrics.map50 import Pair
from evals.suites import detector, diorama
from evals.suites.bench import asking, questions_of
from evals.suites.options import Options
from evals.suites.report import Report, report_of, show
from evals.suites.runner import run

if TYPE_CHECKING:
    from finetune.teacher import Teacher
    from tests.evals.conftest import World

Worlds = Callable[..., "World"]

COLOUR, COUNT, EXISTS, OTHER_COUNT, LIST = 1001, 1004, 1006, 1010, 1013
SEEDS = (COLOUR, 1002, COUNT, EXISTS, OTHER_COUNT, LIST)


def ask(world: World, folder: Path, **changes: Any) -> Report:
    """What the suite reports of a world, which need not be one of neighbouring seeds."""
    questions = questions_of(world.items, folder / "pictures")
    options = Options(out=folder, **changes)
    ran = run("diorama", questions, asking(world.bench()), diorama.grade, options)
    return report_of("diorama", ran.results, (*diorama.NAMES, "seconds_per_query"), ran.interrupted)


async def garbage(teacher: Teacher, request: httpx.Request) -> httpx.Response:
    """What is no chat completion."""
    return httpx.Response(200, text="<html>")


async def purple(teacher: Teacher, request: httpx.Request) -> httpx.Response:
    """The teacher's plan, but not its answer."""
    return rewritten(await teacher.handle_async_request(request), {"value": "purple"})


async def gives_up(teacher: Teacher, request: httpx.Request) -> httpx.Response:
    """Answers at once that nothing can be told."""
    teacher.case = teacher.case.model_copy(update={"accepted_plans": [[]]})
    return await teacher.handle_async_request(request)


def rewritten(response: httpx.Response, changes: dict[str, Any]) -> httpx.Response:
    body = response.json()
    for call in body["choices"][0]["message"]["tool_calls"]:
        if call["function"]["name"] == "answer":
            call["function"]["arguments"] = json.dumps(json.loads(call["function"]["arguments"]) | changes)
    return httpx.Response(200, json=body)


def test_gold_scores_one_and_is_logged(world: Worlds, tmp_path: Path) -> None:
    report = ask(world(SEEDS), tmp_path, concurrency=4)
    assert [one.trial.question.id.partition("-")[0] for one in report.results] == [str(seed) for seed in SEEDS]
    assert [one.why for one in report.results] == [None] * len(SEEDS)
    for name in diorama.NAMES:
        assert report.metrics[name].value == 1, name
    assert report.metrics["answer_accuracy_heldout"].n == 2
    assert report.metrics["answer_accuracy"].n == len(SEEDS)
    assert report.failures == []
    assert report.errors == 0
    (path,) = (tmp_path / "inspect").glob("*.eval")
    log = read_eval_log(str(path))
    assert log.status == "success"
    assert log.results is not None
    assert {one.name: one.metrics["mean"].value for one in log.results.scores}["tool_f1"] == 1
    offered = [one["function"]["name"] for one in (log.samples or [])[0].store["trial"]["offered"]]
    assert offered == ["detect", "segment", "query_scene", "answer"]


def test_known_mistakes_give_known_figures(world: Worlds, tmp_path: Path) -> None:
    made = world(SEEDS, blind={OTHER_COUNT})
    ids = {item.dioramas[0].truth.seed: item.case.id for item in made.items}
    made.instead = {ids[COLOUR]: purple, ids[COUNT]: garbage, ids[EXISTS]: gives_up}
    report = ask(made, tmp_path)
    why = {one.trial.question.id: one.why for one in report.results if one.why}
    owed = {ids[COLOUR]: "reasoning", ids[COUNT]: "error", ids[EXISTS]: "routing", ids[OTHER_COUNT]: "tool"}
    assert why == owed

    calls = sum(len(one.trial.steps) or 1 for one in report.results)
    values = {name: metric.value for name, metric in report.metrics.items()}
    assert values["answer_accuracy"] == pytest.approx(2 / 6)
    assert values["answer_accuracy_heldout"] == pytest.approx(1 / 2)
    assert values["answer_accuracy_trained"] == pytest.approx(1 / 4)
    assert values["tool_f1"] == values["argument_f1"] == pytest.approx(4 / 6)
    assert values["valid_calls"] == pytest.approx((calls - 1) / calls)
    assert report.errors == 1
    assert [one.id for one in report.failures] == list(why)
    assert report.by_kind["count"].model_dump() == {"value": 0, "low": 0, "high": 0, "n": 2}
    assert report.failures[0].got.endswith("is not purple")
    assert "no chat completion" in report.failures[1].got


def test_an_answer_that_was_rejected_is_no_abstention(world: Worlds, tmp_path: Path) -> None:
    made = world([COUNT])

    async def invented(teacher: Teacher, request: httpx.Request) -> httpx.Response:
        return rewritten(await teacher.handle_async_request(request), {"value": 9})

    made.instead = {made.items[0].case.id: invented}
    made.items[0] = made.items[0]._replace(case=made.items[0].case.model_copy(update={"answer": None}))
    (result,) = ask(made, tmp_path).results
    assert result.trial.reply is not None
    assert result.trial.reply.value is None
    assert result.trial.gave_up is not None
    assert not result.correct


def test_the_detector_is_measured_on_the_scenes(world: Worlds) -> None:
    made = world(SEEDS[:4], blind={SEEDS[0]})
    pairs: list[Pair] = []
    detector.look_at(made.models().get("segment"), map(make_diorama, SEEDS[:4]), pairs.append)
    assert len(pairs) == 4
    assert pairs[0].found == []
    assert all(len(one.true) == len(one.found) for one in pairs[1:])
    metrics = detector.metrics(pairs)
    assert metrics["box_map50"].value is not None
    assert 0 < metrics["box_map50"].value < 1
    assert metrics["mask_map50"].n == 4
    assert detector.metrics(pairs[1:])["mask_map50"].value == 1


def test_the_report_is_a_table_and_a_line_of_json(world: Worlds, tmp_path: Path) -> None:
    made = world([COLOUR, COUNT])
    made.instead = {made.items[0].case.id: purple}
    maps = {name: Metric(value=0.5, low=0.4, high=0.6, n=3) for name in ("box_map50", "mask_map50")}
    results = ask(made, tmp_path).results
    report = report_of("diorama", results, (*diorama.NAMES, maps, "seconds_per_query"), False)
    line = json.loads(report.line())
    assert line.keys() == {"suite", "metrics", "errors"}
    assert line["suite"] == "diorama"
    assert list(line["metrics"]) == [*diorama.NAMES, "box_map50", "mask_map50", "seconds_per_query"]
    assert line["metrics"]["box_map50"] == {"value": 0.5, "low": 0.4, "high": 0.6, "n": 3}
    assert "\n" not in report.line()

    console = Console(width=200)
    with console.capture() as captured:
        show(report, console)
    printed = captured.get()
    for part in ("answer_accuracy", "0.400 to 0.600", made.items[0].case.query, "is not purple", "reasoning"):
        assert part in printed


def test_nothing_done_is_a_report_too() -> None:
    report = report_of("diorama", [], diorama.NAMES, True)
    assert json.loads(report.line())["metrics"]["answer_accuracy"] == {"value": None, "low": None, "high": None, "n": 0}


def test_several_tries_at_a_question(world: Worlds, tmp_path: Path) -> None:
    made = world(range(COUNT, COUNT + 1))
    wrong: list[bool] = []

    async def every_second(teacher: Teacher, request: httpx.Request) -> httpx.Response:
        reply = await teacher.handle_async_request(request)
        if '"answer"' not in reply.text:
            return reply
        wrong.append(len(wrong) % 2 == 1)
        return rewritten(reply, {"value": None, "evidence": []}) if wrong[-1] else reply

    made.instead = {made.items[0].case.id: every_second}
    options = Options(out=tmp_path, map_scenes=0, tries=2, concurrency=1)
    report = diorama.run_suite(made.bench(), range(COUNT, COUNT + 1), options)
    values = {name: report.metrics[name].value for name in ("answer_accuracy", "pass_at_2", "pass_hat_2")}
    assert values == {"answer_accuracy": 0.5, "pass_at_2": 1, "pass_hat_2": 0}


def test_who_sees_the_truth_is_wrong_by_planning_alone(
    world: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = range(SEEDS[0], SEEDS[0] + 4)
    made = world(seeds, blind=set(seeds))
    monkeypatch.setattr(diorama, "deployed", lambda model: made.bench())
    report = diorama.truth_suite(seeds[0], len(seeds), Options(out=tmp_path))
    assert [one.why for one in report.results] == [None] * len(seeds)
    assert {report.metrics[name].value for name in diorama.NAMES} == {1}
