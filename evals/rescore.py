"""Grades a kept run anew, as after a change to a metric: nothing is asked again."""

from __future__ import annotations

import time
from importlib import import_module
from typing import NamedTuple

from evals.metrics.interval import Metric
from evals.suites import SUITES
from evals.suites.report import Report, report_of
from tools.errors import UserError


class Rescored(NamedTuple):
    """The report made anew, and the seconds that the grading took."""

    report: Report
    seconds: float


def rescore(report: Report) -> Rescored:
    """Grade the trials of a run with the grader of its suite as it is now; figures that no case has alone stay.

    Raises:
        UserError: The suite has no grader of trials, or the run no trials.
    """
    grade = getattr(import_module(SUITES.get(report.suite, "evals.suites").partition(":")[0]), "grade", None)
    if grade is None or not report.results:
        raise UserError(f"a run of {report.suite} keeps no trials that could be graded anew: run the suite again")
    began = time.perf_counter()
    results = [grade(one.trial) for one in report.results]
    seconds = time.perf_counter() - began
    scored = {score.name for one in results for score in one.scores}
    names: list[str | dict[str, Metric]] = [
        name if name in scored else {name: metric} for name, metric in report.metrics.items()
    ]
    return Rescored(report_of(report.suite, results, names, report.interrupted, report.listings), seconds)
