"""The suite `selftest`: grades the graders. Gold must score 1, its mutants less, and gold must fit its schemas."""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from evals.compare import LESS_IS_BETTER
from evals.diorama.world import ask_about, make_diorama
from evals.metrics.interval import Metric, ratio
from evals.metrics.valid_calls import fault, schemas_of, snapshot
from evals.suites import abstention, alter, diorama, grading, planner, robustness, safety, sight_mutants
from evals.suites.mutants import mutants
from evals.suites.options import Options, gathering
from evals.suites.report import Failure, Listing, Report
from evals.trial import Question, Result, Trial

T = TypeVar("T")

SIGHTS = ("detector", "graph")
"""Suites whose graders are given what is seen in a scene, and no trial."""


class Gold(NamedTuple):
    """A right trial, who grades it, whether its order counts, and whether mutants make two mistakes as well as one."""

    suite: str
    trial: Trial
    grade: Callable[[Trial], Result]
    ordered: bool = True
    twice: bool = False


class Verdict(NamedTuple):
    """What became of a gold trial and its mutants.

    Attributes:
        suite: Whose grader it was.
        id: Of the question.
        misfits: Calls of the gold that do not fit the schemas that it was offered.
        score: Of the gold, the least of its scores.
        below: How many mutants scored below 1, by what was done to them.
        mutants: How many there were, likewise.
        missed: Those that did not, in words.
        seconds: That the grading took, of trials.
    """

    suite: str
    id: str
    misfits: list[str]
    score: float
    below: Counter[str]
    mutants: Counter[str]
    missed: list[str]
    seconds: float = 0.0


def suite(seed: int, count: int, options: Options) -> Report:
    """Grade the gold of `count` questions and all their mutants, with the grader of each suite.

    With `--data`, a folder that holds `bfcl` and `gta-sample`, the graders of these are tested too.
    """
    with gathering("questions", count) as drawn:
        for number in range(seed, seed + count):
            drawn.add(Question.model_validate(ask_about(number).case.model_dump()))
    golds = [*agents(drawn.results), *public(seed, count, options)]
    with gathering("gold trials", len(golds)) as judged:
        for one in golds:
            judged.add(judge(one))
    with gathering("scenes", count) as seen:
        for number in range(seed, seed + count):
            seen.add([*sights(number)])
    return report([*judged.results, *chain(*seen.results)], drawn.interrupted or judged.interrupted or seen.interrupted)


def agents(questions: Sequence[Question]) -> Iterator[Gold]:
    """The gold of the suites that run the agent: every accepted plan of every question."""
    from tools.registry import load_tools

    tools = load_tools()
    offered = snapshot(tools)
    for question in questions:
        plan = question.accepted_plans[0]
        yield Gold("planner, forced", _turns(grading.gold(planner.forced(question), plan, offered)), planner.grade)
    varied: tuple[tuple[str, Sequence[Question], Callable[[Trial], Result]], ...] = (
        ("diorama", questions, diorama.grade),
        ("planner", questions, planner.grade),
        ("robustness", robustness.vary(questions), robustness.grade),
        ("abstention", abstention.vary(questions), abstention.grade),
        ("safety", safety.vary(questions), safety.grade),
    )
    others = snapshot(alter.renamed(tools, robustness.NAMES))
    for name, group, grade in varied:
        for question in group:
            seen = others if question.condition == "renamed" else offered
            for plan in question.accepted_plans:
                yield Gold(name, grading.gold(question, plan, seen), grade)


def _turns(trial: Trial) -> Trial:
    """The gold of a forced question: each call with the number of its step."""
    turns = [turn for turn, step in enumerate(filter(None, trial.question.accepted_plans[0])) for _ in step]
    numbered = zip(trial.steps, [*turns, max(turns, default=-1) + 1], strict=True)
    return trial.model_copy(update={"steps": [step.model_copy(update={"turn": turn}) for step, turn in numbered]})


def public(seed: int, count: int, options: Options) -> Iterator[Gold]:
    """The gold of the public data that lies in `--data`."""
    from evals.adapters import bfcl, gta
    from evals.adapters.files import chosen

    if options.data is None:
        return
    if (path := options.data / "bfcl").is_dir():
        for task in chosen(bfcl.read(path), seed, count):
            yield Gold("bfcl", bfcl.gold(task), bfcl.grade, ordered=False)
    if (path := options.data / "gta-sample").is_dir():
        for one in chosen(gta.read_tasks(path), seed, count):
            yield Gold("gta", gta.gold(one), gta.grade, twice=True)  # so few tasks have few single mistakes


def judge(gold: Gold) -> Verdict:
    """Grade a gold trial and its mutants; one that another accepted plan makes right is none."""
    schemas = schemas_of(gold.trial.offered)
    accepted = [[_key(call) for call in plan] for plan in gold.trial.question.plans]
    wrong = [
        (one.kind, one.trial)
        for one in mutants(gold.trial, ordered=gold.ordered, twice=gold.twice)
        if one.trial.reply != gold.trial.reply
        or [_key(step) for step in one.trial.steps if step.tool != "answer"] not in accepted
    ]
    verdict = _weighed(gold.suite, gold.trial.question.id, gold.trial, wrong, lambda trial: least(gold.grade(trial)))
    return verdict._replace(misfits=[told for step in gold.trial.steps if (told := fault(step, schemas))])


def sights(seed: int) -> Iterator[Verdict]:
    """Grade what is truly seen in the diorama of a seed, and its mutants, as the suites of perception and graphs do."""
    truth = make_diorama(seed).truth
    pair, wrong_pairs = sight_mutants.detections(truth)
    if pair.true:
        yield _weighed(SIGHTS[0], str(seed), pair, wrong_pairs, sight_mutants.detections_score)
    told, wrong_triples = sight_mutants.triples(truth)
    if told:
        f1 = functools.partial(sight_mutants.triples_score, true=told)
        yield _weighed(SIGHTS[1], str(seed), told, wrong_triples, f1)


def _weighed(suite: str, name: str, gold: T, wrong: Iterable[tuple[str, T]], score: Callable[[T], float]) -> Verdict:
    below, made, missed = Counter[str](), Counter[str](), []
    began = time.process_time()
    reached = score(gold)
    for kind, one in wrong:
        made[kind] += 1
        if score(one) < 1:
            below[kind] += 1
        else:
            missed.append(kind)
    return Verdict(suite, name, [], reached, below, made, missed, time.process_time() - began)


def _key(call: Any) -> tuple[str, str]:
    return call.tool, repr(sorted(call.arguments.items()))


def least(result: Result) -> float:
    """The least of a trial's scores, of those that are better the higher."""
    values = [one.value for one in result.scores if one.weight and one.name not in LESS_IS_BETTER]
    return min(values) if values else 1.0


def report(verdicts: Sequence[Verdict], interrupted: bool) -> Report:
    """Figures for each suite, and everything that is not as it should be."""
    metrics: dict[str, Metric] = {}
    rows = []
    for name in dict.fromkeys(one.suite for one in verdicts):
        here = [one for one in verdicts if one.suite == name]
        key = name.replace(", ", "_")
        made = sum(one.mutants.total() for one in here)
        below = sum(one.below.total() for one in here)
        right = sum(one.score == 1 for one in here)
        metrics[f"gold_{key}"] = ratio([float(one.score == 1) for one in here])
        metrics[f"mutants_below_{key}"] = ratio(
            [one.below.total() for one in here], [one.mutants.total() for one in here]
        )
        rows.append(
            [name, f"{right} of {len(here)}", f"{below} of {made}", str(sum(bool(one.misfits) for one in here))]
        )
    trials = [one for one in verdicts if one.suite not in SIGHTS]
    graded = [1 + one.mutants.total() for one in trials]
    metrics["cpu_seconds_per_1000_trials"] = ratio([1000 * one.seconds for one in trials], graded)
    by_kind = sum((one.mutants for one in verdicts), Counter[str]())
    kinds = Listing(
        title="mutants",
        columns=["mistake", "made"],
        rows=[[kind, str(number)] for kind, number in by_kind.most_common()],
    )
    columns = ["grader of", "gold at 1.0", "mutants below", "gold outside its schema"]
    return Report(
        suite="selftest",
        metrics=metrics,
        listings=[Listing(title="graders", columns=columns, rows=rows), kinds],
        failures=[fail for one in verdicts for fail in _failures(one)],
        interrupted=interrupted,
    )


def _failures(one: Verdict) -> Iterator[Failure]:
    def failure(expected: str, got: str, why: str) -> Failure:
        return Failure(id=one.id, query=one.suite, expected=expected, got=got, why=why)

    if one.score < 1:
        yield failure("1.0", f"{one.score:.3f}", "gold")
    for kind in one.missed:
        yield failure("below 1.0", "1.0", f"mutant: {kind}")
    for misfit in one.misfits:
        yield failure("fits its schema", misfit, "the gold's own fault")
