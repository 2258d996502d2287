"""What is run and scored, one suite a file; the formulas live in `evals.metrics`.

To add a suite, write `evals/suites/NAME.py` and add one line to `SUITES`. The module holds a function

    def suite(seed: int, count: int, options: Options) -> Report:

that looks at `count` cases from `seed` on (below 5,000,000) and reports. `evals.suites.options` says what else a person
can choose. Do the work inside `gathering`, which shows a bar and keeps what is done when Ctrl-C comes, and hand its
`interrupted` to the report:

    with gathering("pictures", count) as done:
        for number in range(seed, seed + count):
            done.add(look_at(number))
    return Report(suite="NAME", metrics=metrics(done.results), interrupted=done.interrupted)

A suite that asks the agent makes `Question`s and a grader of them and lets `evals.suites.runner.run` put them, as
`evals.suites.diorama` does; then its cases can be shown and compared one by one. A case that raises counts as failed.
`scenograph eval NAME --seed --count --json` runs it; the module is imported only then, so what it imports costs the
other verbs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from tools.errors import UserError

if TYPE_CHECKING:
    from evals.suites.options import Options
    from evals.suites.report import Report

SUITES = {
    "planner": "evals.suites.planner:suite",
    "robustness": "evals.suites.robustness:suite",
    "abstention": "evals.suites.abstention:suite",
    "safety": "evals.suites.safety:suite",
    "coco": "evals.adapters.coco:suite",
    "easy-vqa": "evals.adapters.vqa:easy_vqa",
    "easy-vqa-tool": "evals.adapters.vqa:easy_vqa_tool",
    "clevr": "evals.adapters.vqa:clevr",
    "gqa": "evals.adapters.vqa:gqa",
    "mnms": "evals.adapters.mnms:suite",
    "bfcl": "evals.adapters.bfcl:suite",
    "gta": "evals.adapters.gta:suite",
    "selftest": "evals.suites.selftest:suite",
    "diorama": "evals.suites.diorama:suite",
    "diorama-truth": "evals.suites.diorama:truth_suite",
    "detector": "evals.suites.detector:suite",
    "reports": "evals.suites.reports:suite",
    "generate": "evals.suites.generate:suite",
    "perception": "evals.suites.perception:suite",
    "graph": "evals.suites.graph:suite",
}
"""Each suite's function by its name, as `module:function`."""


class Suite(Protocol):
    """Runs cases and reports."""

    def __call__(self, seed: int, count: int, options: Options) -> Report:
        """Run `count` cases from `seed` on."""


def load(name: str) -> Suite:
    """Import a suite.

    Args:
        name: One of `SUITES`.

    Raises:
        UserError: There is no such suite.
    """
    if name not in SUITES:
        raise UserError(f"no suite {name!r}; there are: {', '.join(SUITES)}")
    module, _, function = SUITES[name].partition(":")
    return cast("Suite", getattr(import_module(module), function))
