from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.diorama.cases import Call
from evals.metrics import abstention, comparators, data_flow, efficiency, order, pass_k, triples
from evals.metrics.arguments import argument_name_f1, argument_value_accuracy
from evals.metrics.called import f1_of
from evals.metrics.interval import paired
from evals.metrics.matching import matched
from evals.metrics.schema import misfit
from evals.metrics.tool_f1 import micro, tool_counts
from evals.metrics.valid_calls import forbidden, invented
from evals.trial import Step
from tools import masks


def call(tool: str, **arguments: Any) -> Call:
    return Call(tool=tool, arguments=arguments)


def steps(*names: str) -> list[Call]:
    return [call(name) for name in names]


@pytest.mark.parametrize(
    ("kind", "one", "other", "agree"),
    [
        ("number", 2, 2.0, True),
        ("number", "1,000", 1000, True),
        ("number", "50%", "50", True),
        ("number", "-2", -2, True),
        ("number", 2, 2.1, False),
        ("number", True, 1, False),
        ("number", "two", 2, False),
        ("box", [0, 0, 10, 10], "(0, 0, 10, 9)", True),
        ("box", [0, 0, 10, 10], [5, 5, 15, 15], False),
        ("box", [0, 0, 10, 10], "everywhere", False),
        ("box", {"x1": 0, "y1": 0, "x2": 4, "y2": 4}, [0, 0, 4, 4], True),
        ("expression", "599 * 3", "3*599", True),
        ("expression", "sqrt(16)", "math.sqrt(4 ** 2)", True),
        ("expression", "2^3", "8", True),
        ("expression", "1/0", "1/0", True),  # no value, but the same words
        ("expression", "__import__('os')", "1", False),
        ("name", " New  York", "new york", True),
        ("name", "left_of", "right_of", False),
        ("text", "the price of an apple", "price of an apple", True),
        ("text", "the price of an apple", "weather tomorrow", False),
    ],
)
def test_values_are_compared_by_type(kind: comparators.Type, one: Any, other: Any, agree: bool) -> None:
    assert comparators.same(kind, one, other) is agree
    assert comparators.same(kind, other, one) is agree


def test_images_are_the_same_by_content() -> None:
    hashes = {"img-1": "a", "img-2": "a", "img-3": "b"}
    assert comparators.same("image", "img-1", "img-2", hashes=hashes)
    assert not comparators.same("image", "img-1", "img-3", hashes=hashes)
    assert not comparators.same("image", "img-1", "img-9", hashes=hashes)


def test_masks_are_the_same_from_half_on() -> None:
    whole, half, less = (np.zeros((10, 10), dtype=np.bool_) for _ in range(3))
    whole[:], half[:5], less[:4] = True, True, True
    coded = [masks.encode(mask).model_dump() for mask in (whole, half, less)]
    assert comparators.same("mask", coded[0], coded[1])
    assert not comparators.same("mask", coded[0], coded[2])


@given(st.text(max_size=40))
def test_evaluating_never_raises(text: str) -> None:
    value = comparators.evaluate(text)
    assert value is None or isinstance(value, float)


def test_matching_is_the_best_and_not_greedy() -> None:
    pairs = matched([{1, 2}, {1}], [1, 2], lambda had, due: float(due in had))
    assert sorted(pairs) == [(0, 1, 1.0), (1, 0, 1.0)]
    assert matched([], [1], lambda *_: 1.0) == []


def test_names_and_values_of_arguments_are_told_apart() -> None:
    plan = [call("query_scene", op="count", label="dog")]
    assert argument_name_f1([call("query_scene", op="exists", label="cat")], [plan]).f1 == 1
    assert argument_value_accuracy([call("query_scene", op="count", label="cat")], [plan]) == (1, 2)
    assert argument_name_f1([call("query_scene", op="count")], [plan]).recall == 0.5
    assert argument_value_accuracy([call("detect")], [plan]) == (0, 0)
    boxes = [[call("look", box=[0, 0, 10, 10])]]
    near = [call("look", box=[0, 0, 10, 9])]
    assert argument_value_accuracy(near, boxes) == (0, 1)
    assert argument_value_accuracy(near, boxes, {"box": "box"}) == (1, 1)


def test_tools_are_counted_over_all_calls() -> None:
    counts = [tool_counts(steps("a", "a", "b"), [steps("a", "b")]), tool_counts(steps("b"), [steps("c")])]
    found = micro(counts)
    assert found["a"] == f1_of(1, 2, 1)
    assert found["b"] == f1_of(1, 2, 1)
    assert found["c"].recall == 0
    assert found[""] == f1_of(2, 4, 3)


PLAN = [steps("a"), steps("b", "c"), steps("d")]


@pytest.mark.parametrize(
    ("made", "exact", "kept", "partial"),
    [
        ("abcd", True, 1.0, 1.0),
        ("acbd", True, 0.75, 1.0),
        ("abcde", False, 1.0, 1.0),
        ("bcda", False, 0.75, 0.4),
        ("abd", False, 0.75, 0.6),
        ("", False, 0.0, 0.0),
    ],
)
def test_order(made: str, exact: bool, kept: float, partial: float) -> None:
    calls = steps(*made)
    assert order.exact_order(calls, [PLAN]) is exact
    assert order.subsequence(calls, [PLAN]) == kept
    assert order.partial_order(calls, [PLAN]) == pytest.approx(partial)


def test_order_is_the_best_over_the_plans_and_empty_plans_want_nothing() -> None:
    assert order.exact_order(steps("d"), [PLAN, [steps("d")]])
    assert order.exact_order([], [[]])
    assert order.subsequence([], [[]]) == order.partial_order([], [[]]) == 1
    assert order.partial_order([], [[steps("a")]]) == 0


def test_edges_lead_from_what_gives_to_what_takes() -> None:
    made = [
        Step(tool="edit", gives=["img-2"]),
        Step(tool="detect", arguments={"image_id": "img-2"}, gives=["dog-1"]),
        Step(tool="answer", arguments={"evidence": ["dog-1", "img-2"]}),
    ]
    due = [call("edit"), call("detect", image_id="<node-0>"), call("answer", evidence=["<node-1>"])]
    found = data_flow.edges_made(made)
    assert found == Counter(
        {("edit", "detect", "image_id"): 1, ("edit", "answer", "evidence"): 1, ("detect", "answer", "evidence"): 1}
    )
    assert data_flow.data_flow_f1(found, data_flow.edges_due(due)) == f1_of(2, 3, 2)


def test_an_artefact_must_be_passed_on() -> None:
    edit = Step(tool="edit", gives=["img-2"])
    used, unused = (Step(tool="detect", arguments={"image_id": name}) for name in ("img-2", "img-1"))
    assert data_flow.passed_on([edit, used]) == 1
    assert data_flow.passed_on([edit, unused]) == 0
    assert data_flow.passed_on([used, edit]) == 0
    assert data_flow.passed_on([used]) is None


def test_efficiency() -> None:
    assert efficiency.repeated(steps("a", "a", "b")) == 1
    assert efficiency.surplus(steps("a", "b", "c", "answer"), [steps("a"), steps("a", "b")]) == 2
    assert efficiency.surplus([], [steps("a")]) == 0
    failed = [Step(tool="a", error="no"), Step(tool="a")]
    assert efficiency.recovered(failed, True) == 1
    assert efficiency.recovered(failed, False) == 0
    assert efficiency.recovered(failed[1:], True) is None
    assert efficiency.recovered([Step(tool="answer", error="rejected")], True) is None


def test_inventions_and_forbidden_calls() -> None:
    schemas: dict[str, dict[str, Any]] = {"a": {"properties": {"x": {}}}}
    assert invented([call("a", x=1, y=2), call("b", z=1)], schemas) == (1, 1)
    assert forbidden(steps("a", "b", "b"), ["b"]) == {"b": 2}


def test_abstention_gives_no_credit_for_failures() -> None:
    held = [
        abstention.Held("relevant", "answered", 2),
        abstention.Held("relevant", "abstained", 0),
        abstention.Held("irrelevant", "abstained", 1),
        abstention.Held("irrelevant", "failed", 3),
        abstention.Held("missing_tool", "answered", 1),
    ]
    table = abstention.confusion(held)
    assert table["irrelevant"] == {"answered": 0, "abstained": 1, "failed": 1}
    rates = {name: one.value for name, one in abstention.rates(held).items()}
    assert rates == {"abstention_precision": 0.5, "abstention_recall": pytest.approx(1 / 3), "over_calls": 2}
    assert abstention.did(None, "gave up", None) == abstention.did(None, None, "raised") == "failed"
    assert abstention.did(False, None, None) == "answered"


def test_recall_of_triples_counts_them_all() -> None:
    true = [("dog", "near", "car"), ("dog", "near", "car"), ("cat", "above", "car")]
    ranked = [("dog", "near", "car"), ("sky", "above", "car"), ("cat", "above", "car")]
    assert triples.recall_at(ranked, true, 3) == pytest.approx(2 / 3)
    assert triples.recall_at(ranked, true, 1) == pytest.approx(1 / 3)
    assert triples.mean_recall_at([(ranked, true)], 3) == pytest.approx((1 + 1 / 2) / 2)
    assert triples.recall_at(ranked, [], 3) is None


def test_a_predicate_of_one_scene_counts_as_much_as_one_of_nine() -> None:
    common, rare = [("dog", "near", "car")], [("dog", "inside", "car")]
    assert triples.mean_recall_at([*[(common, common)] * 9, ([], rare)], 50) == pytest.approx(0.5)
    assert triples.mean_recall_at([(common, [])], 50) is None


def test_several_tries() -> None:
    assert pass_k.pass_at_k(4, 1, 1) == pass_k.pass_hat_k(4, 1, 1) == 0.25
    assert pass_k.pass_at_k(4, 2, 2) == pytest.approx(5 / 6)
    assert pass_k.pass_hat_k(4, 2, 2) == pytest.approx(1 / 6)
    assert pass_k.pass_at_k(4, 3, 2) == 1
    with pytest.raises(ValueError, match="no such tries"):
        pass_k.pass_at_k(2, 1, 3)


def test_a_paired_change_is_sharper_than_two_intervals() -> None:
    old = [(float(n % 2), 1.0) for n in range(60)]
    new = [(1.0 if n < 12 else value, 1.0) for n, (value, _) in enumerate(old)]
    change = paired(old, new)
    assert change is not None
    assert (change.before, change.after, change.n) == (0.5, 0.6, 60)
    assert change.significant
    assert change.low > 0
    assert change.p < 0.05
    same = paired(old, old)
    assert same is not None
    assert (same.low, same.high, same.p) == (0, 0, 1)
    assert not same.significant
    assert paired([], []) is None
    assert paired([(1.0, 0.0)], [(1.0, 0.0)]) is None


SCHEMA = {
    "type": "object",
    "properties": {
        "op": {"enum": ["count", "list"]},
        "labels": {"type": "array", "items": {"type": "string", "maxLength": 3}, "maxItems": 2},
        "k": {"type": "integer", "minimum": 1},
        "of": {"anyOf": [{"$ref": "#/$defs/Box"}, {"type": "null"}]},
    },
    "required": ["op"],
    "additionalProperties": False,
    "$defs": {"Box": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}},
}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"op": "count", "labels": ["dog"], "k": 2.0, "of": {"x": 1}}, None),
        ({"op": "count", "of": None}, None),
        ({}, "op missing"),
        ({"op": "sum"}, "op: 'sum' is none of"),
        ({"op": "list", "labels": "dog"}, "labels: 'dog' is no array"),
        ({"op": "list", "labels": ["hound"]}, "labels[0]: 5 is above maxLength 3"),
        ({"op": "list", "labels": ["a", "b", "c"]}, "above maxItems"),
        ({"op": "list", "k": 0}, "k: 0 is below minimum 1"),
        ({"op": "list", "k": True}, "k: True is no integer"),
        ({"op": "list", "k": 1.5}, "is no integer"),
        ({"op": "list", "of": {}}, "x missing"),
        ({"op": "list", "size": 1}, "size unknown"),
        ("count", "is no object"),
    ],
)
def test_schemas(value: Any, told: str | None) -> None:
    fault = misfit(value, SCHEMA)
    assert (fault is None) == (told is None)
    assert told is None or told in str(fault)
