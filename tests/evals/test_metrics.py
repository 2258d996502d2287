from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.diorama.cases import Call
from evals.diorama.world import ask_about
from evals.metrics.answers import is_right
from evals.metrics.argument_f1 import argument_f1
from evals.metrics.interval import ratio
from evals.metrics.tool_f1 import tool_f1
from evals.metrics.valid_calls import is_valid, schemas_of, snapshot
from tools.registry import load_tools


def detect(*labels: str, image: str = "img-1") -> Call:
    return Call(tool="detect", arguments={"image_id": image, "labels": list(labels)})


def query(**arguments: object) -> Call:
    return Call(tool="query_scene", arguments=arguments)


ANSWER = Call(tool="answer", arguments={"text": "None.", "value": None, "evidence": []})
GOLD: list[list[Call]] = [
    [call for step in plan for call in step]
    for seed in range(1400, 1430)
    for plan in ask_about(seed).case.accepted_plans
    if plan
]


def test_gold_scores_one() -> None:
    assert len(GOLD) >= 30
    for plan in GOLD:
        assert tool_f1([*plan, ANSWER], [plan]) == (1, 1, 1)
        assert argument_f1([*reversed(plan), ANSWER], [plan]) == (1, 1, 1)


def test_mutants_of_gold_score_below_one() -> None:
    strange = Call(tool="recognise", arguments={"image_id": "img-1"})
    for plan in GOLD:
        for place, call in enumerate(plan):
            dropped = plan[:place] + plan[place + 1 :]
            repeated = [*plan, call]
            renamed = [*dropped, call.model_copy(update={"tool": "recognise"})]
            for mutant in (dropped, repeated, [*plan, strange], renamed):
                assert tool_f1(mutant, [plan]).f1 < 1
                assert argument_f1(mutant, [plan]).f1 < 1
            for name in call.arguments:
                wrong = call.model_copy(update={"arguments": {**call.arguments, name: "wrong"}})
                fewer = call.model_copy(update={"arguments": {k: v for k, v in call.arguments.items() if k != name}})
                for changed in (wrong, fewer):
                    assert tool_f1([*dropped, changed], [plan]).f1 == 1
                    assert argument_f1([*dropped, changed], [plan]).f1 < 1


def test_nothing_is_right_where_nothing_was_due() -> None:
    for score in (tool_f1, argument_f1):
        assert score([], [[]]) == (1, 1, 1)
        assert score([ANSWER], [[]]).f1 == 1
        assert score([detect("dog")], [[]]).f1 == 0
        assert score([], [[detect("dog")]]).f1 == 0
        assert score([], [[detect("dog")], []]).f1 == 1


@pytest.mark.parametrize(
    ("made", "due", "precision", "recall"),
    [
        ([detect("dog"), detect("cat")], [detect("dog")], 0.5, 1),
        ([detect("dog")], [detect("dog"), query(op="count", label="dog")], 1, 0.5),
        ([detect("dog"), detect("dog"), query(op="count", label="dog")], [detect("dog"), detect("dog")], 2 / 3, 1),
        ([query(op="count", label="dog")], [detect("dog")], 0, 0),
    ],
)
def test_tools_are_counted_as_multisets(made: list[Call], due: list[Call], precision: float, recall: float) -> None:
    score = tool_f1(made, [due])
    assert score[:2] == pytest.approx((precision, recall))
    expected = 2 * precision * recall / (precision + recall) if precision + recall else 0
    assert score.f1 == pytest.approx(expected)


@pytest.mark.parametrize(
    ("made", "due", "f1"),
    [
        ([detect("Dogs", "cat")], [detect("cat", "dog")], 1),  # order, number and case of labels say nothing
        ([detect("thing")], [detect()], 1),  # both look for everything
        ([detect("dog", "dog")], [detect("dog")], 0.5),
        ([detect("dog", image="img-2")], [detect("dog")], 0.5),
        ([detect("cat"), detect("dog")], [detect("dog"), detect("cat")], 1),  # matched, whatever the order
        ([detect("cat"), detect("owl")], [detect("dog"), detect("cat")], 0.75),
        ([query(op="count", label="", colour=None)], [query(op="count", label="thing")], 1),  # null is absent
        ([query(op="count", label="dog", other="")], [query(op="count", label="dog")], 1),
        ([query(op="count", label="dog", colour="red")], [query(op="count", label="dog")], 0.8),
        ([query(op="count", label="dog")], [query(op="exists", label="dog")], 0.5),
        ([Call(tool="segment", arguments={"image_id": "img-1", "labels": ["dog"]})], [detect("dog")], 0),
        ([query(value=True)], [query(value=1)], 0),  # a boolean is no number
        ([query(value=1.0)], [query(value=1)], 1),
    ],
)
def test_arguments_are_compared_by_type(made: list[Call], due: list[Call], f1: float) -> None:
    assert argument_f1(made, [due]).f1 == pytest.approx(f1)
    assert argument_f1(due, [made]).f1 == pytest.approx(f1)


def test_the_best_of_the_accepted_plans_counts() -> None:
    short, long = [detect("dog")], [detect("dog"), query(op="count", label="dog")]
    for plan in (short, long):
        assert tool_f1(plan, [short, long]).f1 == argument_f1(plan, [short, long]).f1 == 1
    assert tool_f1(long, [short]).f1 < 1


CALLS = st.lists(
    st.one_of(
        st.builds(lambda labels: detect(*labels), st.lists(st.sampled_from(["dog", "cat", "owl"]), max_size=2)),
        st.builds(lambda op: query(op=op, label="dog"), st.sampled_from(["count", "exists"])),
    ),
    max_size=5,
)


@given(CALLS, CALLS)
def test_scores_are_shares_and_swap(made: Sequence[Call], due: Sequence[Call]) -> None:
    for score in (tool_f1, argument_f1):
        one, other = score(made, [due]), score(due, [made])
        assert all(0 <= part <= 1 for part in one)
        assert (one.precision, one.recall) == (other.recall, other.precision) or not made or not due


@pytest.mark.parametrize(
    ("call", "valid"),
    [
        (detect("dog"), True),
        (detect(), True),
        (detect("giraffe"), True),  # unknown, but a label
        (query(op="count", label="dog"), True),
        (query(op="count", label="dog", colour=None), True),
        (ANSWER, True),
        (Call(tool="recognise"), False),
        (Call(tool="detect", arguments={"image_id": "img-1"}), False),
        (Call(tool="detect", arguments={"image_id": "img-1", "labels": "dog"}), False),
        (Call(tool="detect", arguments={"image_id": "img-1", "labels": [], "size": 3}), False),
        (query(op="sum", label="dog"), False),
        (query(op="count", label="dog", colour="beige"), False),
    ],
)
def test_valid_calls(call: Call, valid: bool) -> None:
    assert is_valid(call, schemas_of(snapshot(load_tools()))) is valid


@pytest.mark.parametrize(
    ("expected", "got", "tolerance", "right"),
    [
        (2, 2, 0, True),
        (2, 3, 0, False),
        (2, 2.0, 0, True),
        (2, "2", 0, False),
        (1, True, 0, False),
        (True, 1, 0, False),
        (True, True, 0, True),
        (False, None, 0, False),
        (0, None, 0, False),
        (0, False, 0, False),
        ("red", "red", 0, True),
        ("red", "Red", 0, False),
        ("red", ["red"], 0, False),
        (["red"], "red", 0, False),
        (["red", "blue"], ["blue", "red"], 0, True),
        (["red", "blue"], ["blue", "red", "red"], 0, True),
        (["red", "blue"], ["red"], 0, False),
        ([], [], 0, True),
        ([], None, 0, False),
        (10.0, 11.7, 0.15, True),
        (10.0, 11.9, 0.15, False),
        (10.0, 8.3, 0.15, True),
        (0.2, 0.5, 0.15, True),
        (0.2, 0.6, 0.15, False),
        (10.0, math.nan, 0.15, False),
        (10.0, True, 0.15, False),
        (None, None, 0, True),
        (None, 0, 0, False),
        (None, "none", 0, False),
    ],
)
def test_answers(expected: object, got: object, tolerance: float, right: bool) -> None:
    assert is_right(expected, got, tolerance=tolerance) is right  # type: ignore[arg-type]


def test_an_answer_of_null_cites_nothing() -> None:
    assert not is_right(None, None, ["img-1"])
    assert is_right(2, 2, ["dog-1", "dog-2"])


def test_the_interval_of_a_share_is_as_wide_as_the_normal_one() -> None:
    metric = ratio([1, 0] * 50)
    assert (metric.value, metric.n) == (0.5, 100)
    assert metric.low == pytest.approx(0.5 - 0.098, abs=0.015)
    assert metric.high == pytest.approx(0.5 + 0.098, abs=0.015)
    assert metric == ratio([1, 0] * 50)


def test_a_ratio_weighs_by_its_wholes() -> None:
    metric = ratio([3, 0], [3, 1])
    assert (metric.value, metric.n, metric.low, metric.high) == (0.75, 4, 0, 1)


def test_nothing_measured_is_no_figure() -> None:
    assert ratio([]).model_dump() == ratio([0], [0]).model_dump() == {"value": None, "low": None, "high": None, "n": 0}
