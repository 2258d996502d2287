"""The suites `diorama` and `diorama-truth`: questions about scenes, put to the agent and scored.

The first has the deployed detector look, the second tells what is true, so that only the planner can be wrong. Formulas
live in `evals.metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from evals.diorama.seer import Seer
from evals.diorama.world import Item, ask_about
from evals.metrics.interval import Metric, ratio
from evals.metrics.pass_k import pass_at_k, pass_hat_k
from evals.suites import detector, grading
from evals.suites.bench import Bench, asking, deployed, drawn
from evals.suites.options import Options
from evals.suites.report import Report, report_of
from evals.suites.runner import run
from evals.trial import Question, Result
from tools.models import Models, load

grade = grading.whole()
NAMES = (
    "valid_calls", "tool_f1", "tool_f1_trained", "tool_f1_heldout", "argument_f1", "argument_f1_trained",
    "argument_f1_heldout", "answer_accuracy", "answer_accuracy_trained", "answer_accuracy_heldout", "calls_ratio",
)  # fmt: skip


def suite(seed: int, count: int, options: Options) -> Report:
    """Ask one question about each diorama from `seed` on, then measure the detector that looked."""
    return run_suite(deployed(options.model), range(seed, seed + count), options)


def run_suite(bench: AbstractAsyncContextManager[Bench], seeds: range, options: Options) -> Report:
    """Ask one question about the diorama of each seed, and measure the detector on the first of them.

    Args:
        bench: What is asked.
        seeds: Each gives a scene and a question; every second question's phrasing is held out from training.
        options: Of the run; `map_scenes` says how many scenes the detector is measured on.
    """
    questions = drawn(seeds, options.out / "pictures")
    ran = run("diorama", again(questions, options.tries), asking(bench), grade, options)
    scenes = 0 if ran.interrupted else len(seeds) if options.map_scenes is None else options.map_scenes
    pairs, interrupted = detector.measure(range(seeds.start, seeds.start + scenes))
    names = (*NAMES, detector.metrics(pairs), "seconds_per_query", passes(ran.results, options.tries))
    return report_of("diorama", ran.results, names, ran.interrupted or interrupted)


def truth_suite(seed: int, count: int, options: Options) -> Report:
    """Ask the same about the same dioramas, the agent seeing what is true of them: what is wrong then is planning."""
    seer = Seer()

    def draw(seed: int) -> Item:
        item = ask_about(seed)
        for one in item.dioramas:
            seer.know(one)
        return item

    models = Models(lambda entry: seer if entry.task == "segment" else load(entry))
    questions = again(drawn(range(seed, seed + count), options.out / "pictures", draw), options.tries)
    solver = asking(deployed(options.model), lambda bench, question: replace(bench, models=models))
    ran = run("diorama-truth", questions, solver, grade, options)
    names = (*NAMES, "seconds_per_query", passes(ran.results, options.tries))
    return report_of("diorama-truth", ran.results, names, ran.interrupted)


def again(questions: Sequence[Question], tries: int) -> list[Question]:
    """Each question as often as it is to be tried."""
    if tries == 1:
        return list(questions)
    return [one.model_copy(update={"id": f"{one.id}#{n}"}) for one in questions for n in range(1, tries + 1)]


def passes(results: Sequence[Result], tries: int) -> dict[str, Metric]:
    """pass@k and pass^k with k the number of tries, over the questions of which all were made; none for one try."""
    if tries == 1:
        return {}
    right: dict[str, list[bool]] = {}
    for one in results:
        right.setdefault(one.trial.question.id.partition("#")[0], []).append(one.correct)
    whole = [sum(several) for several in right.values() if len(several) == tries]
    return {
        f"pass_at_{tries}": ratio([pass_at_k(tries, number, tries) for number in whole]),
        f"pass_hat_{tries}": ratio([pass_hat_k(tries, number, tries) for number in whole]),
    }
