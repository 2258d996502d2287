from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from rich.console import Console

from evals.diorama.world import make_diorama
from evals.metrics.interval import Metric
from evals.metrics.map50 import Pair
from evals.suites import detector, diorama
from evals.suites.diorama import Result, run_suite
from evals.suites.report import show

if TYPE_CHECKING:
    from finetune.teacher import Teacher
    from tests.evals.conftest import World

Worlds = Callable[..., "World"]

COLOUR, COUNT, EXISTS, OTHER_COUNT, LIST = 1001, 1004, 1006, 1010, 1013
SEEDS = (COLOUR, 1002, COUNT, EXISTS, OTHER_COUNT, LIST)


def run(world: World, **options: Any) -> list[Result]:
    seeds = [item.dioramas[0].truth.seed for item in world.items]
    return asyncio.run(run_suite(world.agent(), world.models(), seeds, **options))


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


def test_gold_scores_one(world: Worlds) -> None:
    results = run(world(SEEDS))
    assert [one.why for one in results] == [None] * len(SEEDS)
    report = diorama.report(results, {})
    for name in ("valid_calls", "tool_f1", "argument_f1", "answer_accuracy", "answer_accuracy_heldout"):
        assert report.metrics[name].value == 1, name
    assert report.metrics["answer_accuracy_heldout"].n == 2
    assert report.metrics["answer_accuracy"].n == len(SEEDS)
    assert report.failures == []
    assert report.errors == 0


def test_known_mistakes_give_known_figures(world: Worlds) -> None:
    made = world(SEEDS, blind={OTHER_COUNT})
    ids = {item.dioramas[0].truth.seed: item.case.id for item in made.items}
    made.instead = {ids[COLOUR]: purple, ids[COUNT]: garbage, ids[EXISTS]: gives_up}
    seen: list[Result] = []
    results = run(made, each=seen.append)
    assert {one.case.id for one in seen} == {one.case.id for one in results} == set(ids.values())
    why = {one.case.id: one.why for one in results if one.why}
    assert why == {ids[COLOUR]: "answer", ids[COUNT]: "error", ids[EXISTS]: "plan", ids[OTHER_COUNT]: "perception"}

    report = diorama.report(results, {})
    calls = sum(one.calls for one in results)
    values = {name: metric.value for name, metric in report.metrics.items()}
    assert values["answer_accuracy"] == pytest.approx(2 / 6)
    assert values["answer_accuracy_heldout"] == pytest.approx(1 / 2)
    assert values["tool_f1"] == values["argument_f1"] == pytest.approx(4 / 6)
    assert values["valid_calls"] == pytest.approx((calls - 1) / calls)
    assert report.errors == 1
    assert [one.id for one in report.failures] == list(why)
    assert report.by_kind["count"].model_dump() == {"value": 0, "low": 0, "high": 0, "n": 2}
    assert report.failures[0].got.endswith("is not purple")
    assert "no chat completion" in report.failures[1].got


def test_an_answer_that_was_rejected_is_no_abstention(world: Worlds) -> None:
    made = world([COUNT])

    async def invented(teacher: Teacher, request: httpx.Request) -> httpx.Response:
        return rewritten(await teacher.handle_async_request(request), {"value": 9})

    made.instead = {made.items[0].case.id: invented}
    made.items[0] = made.items[0]._replace(case=made.items[0].case.model_copy(update={"answer": None}))
    (result,) = run(made)
    assert result.run is not None
    assert result.run.answer.value is None
    assert result.run.error is not None
    scored = diorama.scored(made.items[0].case, result.run, 0.1, {})
    assert not scored.correct


def test_the_order_of_results_is_that_of_the_seeds(world: Worlds) -> None:
    made = world(SEEDS)
    results = run(made, concurrency=4)
    assert [one.case.id for one in results] == [item.case.id for item in made.items]
    assert all(one.seconds > 0 for one in results)


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


def test_the_report_is_a_table_and_a_line_of_json(world: Worlds) -> None:
    made = world([COLOUR, COUNT])
    made.instead = {made.items[0].case.id: purple}
    maps = {name: Metric(value=0.5, low=0.4, high=0.6, n=3) for name in ("box_map50", "mask_map50")}
    report = diorama.report(run(made), maps)
    line = json.loads(report.line())
    assert line.keys() == {"suite", "metrics", "errors"}
    assert line["suite"] == "diorama"
    names = ["valid_calls", "tool_f1", "argument_f1", "answer_accuracy", "answer_accuracy_heldout", "box_map50"]
    assert list(line["metrics"]) == [*names, "mask_map50", "seconds_per_query"]
    assert line["metrics"]["box_map50"] == {"value": 0.5, "low": 0.4, "high": 0.6, "n": 3}
    assert "\n" not in report.line()

    console = Console(width=200)
    with console.capture() as captured:
        show(report, console)
    printed = captured.get()
    for part in ("answer_accuracy", "0.400 to 0.600", made.items[0].case.query, "is not purple", "answer"):
        assert part in printed


def test_nothing_done_is_a_report_too() -> None:
    report = diorama.report([], detector.metrics([]))
    assert json.loads(report.line())["metrics"]["answer_accuracy"] == {"value": None, "low": None, "high": None, "n": 0}
