from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from evals.adapters import bfcl, gta
from evals.diorama.world import ask_about
from evals.suites import diorama, grading, planner, robustness, selftest
from evals.suites.mutants import mutants
from evals.suites.selftest import Gold, Verdict, judge
from evals.trial import Question, Result, Score, Trial

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="public data lies in ../shared/data, which is not there")

QUESTIONS = [Question.model_validate(ask_about(seed).case.model_dump()) for seed in range(2100, 2145)]


def verdicts(golds: list[Gold]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for gold in golds:
        found.setdefault(gold.suite, []).append(judge(gold))
    return found


def assert_sound(found: dict[str, list[Verdict]]) -> None:
    for name, group in found.items():
        assert [one.id for one in group if one.score < 1] == [], name
        assert [(one.id, one.missed) for one in group if one.missed] == [], name
        assert sum(one.mutants.total() for one in group) >= 500, name


def test_graders_of_the_agent_tell_gold_from_mutants() -> None:
    # step by step there is one gold a question; whole runs have one for each plan, suite and condition
    golds = [
        *selftest.agents(QUESTIONS[:34]),
        *(one for one in selftest.agents(QUESTIONS[34:]) if "forced" in one.suite),
    ]
    found = verdicts(golds)
    assert found.keys() == {"planner, forced", "diorama", "planner", "robustness", "abstention", "safety"}
    assert [one.misfits for group in found.values() for one in group if one.misfits] == []
    assert_sound(found)


def test_graders_of_what_is_seen_tell_gold_from_mutants() -> None:
    found: dict[str, list[Verdict]] = {}
    for seed in range(2100, 2130):
        for one in selftest.sights(seed):
            found.setdefault(one.suite, []).append(one)
    assert found.keys() == {"detector", "graph"}
    assert_sound(found)


@needs_data
def test_graders_of_public_data_tell_gold_from_mutants() -> None:
    tasks = bfcl.read(DATA / "bfcl")
    assert Counter(task.question.kind for task in tasks) == {
        "simple_python": 400, "multiple": 200, "parallel": 200, "parallel_multiple": 200, "irrelevance": 240
    }  # fmt: skip
    golds = [Gold("bfcl", bfcl.gold(task), bfcl.grade, ordered=False) for task in tasks[::20]]
    golds += [Gold("gta", gta.gold(task), gta.grade, twice=True) for task in gta.read_tasks(DATA / "gta-sample")[:4]]
    assert_sound(verdicts(golds))


@needs_data
def test_gold_of_bfcl_is_right_by_both_graders() -> None:
    for task in bfcl.read(DATA / "bfcl")[::5]:
        result = bfcl.grade(bfcl.gold(task))
        assert (result.score("ours"), result.score("bfcl")) == (1, 1), task.question.id


@needs_data
def test_gold_of_gta_replayed_is_right() -> None:
    results = [gta.grade(gta.gold(task)) for task in gta.read_tasks(DATA / "gta-sample")]
    for name in gta.NAMES[:4]:
        assert {one.value for result in results for one in result.scores if one.name == name and one.weight} == {1.0}


def test_a_grader_that_sees_nothing_is_caught() -> None:
    def blind(trial: Trial) -> Result:
        return Result(trial=trial, scores=[Score(name="answer_accuracy", value=1.0)])

    gold = next(one for one in selftest.agents(QUESTIONS[:3]) if one.suite == "diorama")
    verdict = judge(gold._replace(grade=blind))
    assert verdict.below.total() == 0
    assert len(verdict.missed) == verdict.mutants.total() > 0
    report = selftest.report([verdict], False)
    assert report.metrics["mutants_below_diorama"].value == 0
    assert len(report.failures) == len(verdict.missed)


def test_gold_that_does_not_fit_its_schemas_is_told() -> None:
    question = QUESTIONS[0]
    trial = grading.gold(question, question.accepted_plans[0], [])
    verdict = judge(Gold("diorama", trial, diorama.grade))
    assert verdict.misfits
    assert verdict.score < 1


def test_every_kind_of_mistake_is_made() -> None:
    question = next(one for one in QUESTIONS if one.kind == "related")
    trial = grading.gold(question, question.accepted_plans[0], [])
    kinds = {one.kind for one in mutants(trial, ordered=True)}
    assert kinds == {
        "dropped", "repeated", "added", "renamed", "wrong id", "wrong argument", "argument left out",
        "argument invented", "reordered", "wrong answer",
    }  # fmt: skip


def test_variations_keep_ids_apart() -> None:
    for vary in (robustness.vary, lambda questions: [*map(planner.forced, questions), *questions]):
        ids = [one.id for one in vary(QUESTIONS)]
        assert len(ids) == len(set(ids)) == 2 * len(QUESTIONS)
