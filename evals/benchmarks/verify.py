"""How many false answers get past `agent.verify`, and how many true ones do not: `-m evals.benchmarks.verify`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import numpy as np
import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agent.verify import Answer, verify
from evals.benchmarks.mutants import mutants
from evals.benchmarks.truths import Truth, truths

SEED = 1_200_000


class Checked(BaseModel):
    """What came of it.

    Attributes:
        true: How many true answers there were.
        rejected: Those that were rejected: question, answer and reason.
        mutants: How many false answers, by what was done to them.
        passed: Those that got past: what was done, question and answer.
    """

    true: int = 0
    rejected: list[str] = []
    mutants: dict[str, int] = {}
    passed: list[str] = []


def check(seed: int, count: int, progress: bool = True) -> Checked:
    """Hold true answers and their mutants against `verify`, until there are as many mutants as wanted.

    Args:
        seed: Of the first diorama.
        count: How many mutants.
        progress: Whether to show it, on stderr.
    """
    rng = np.random.default_rng([seed, 0x3A1])
    checked, made = Checked(), Counter[str]()
    cases = _pairs(seed, rng, checked)
    shown = track(islice(cases, count), "mutants", total=count, console=Console(stderr=True), disable=not progress)
    for true, kind, answer in shown:
        made[kind] += 1
        if verify(answer, true.scene, true.messages) is None:
            told = f"{answer.text} {answer.value!r} {' '.join(answer.evidence)}"
            checked.passed.append(f"{kind}: {true.case.query} -> {told}")
    checked.mutants = dict(made)
    return checked


def _pairs(seed: int, rng: np.random.Generator, checked: Checked) -> Iterator[tuple[Truth, str, Answer]]:
    for true in truths(range(seed, seed + 100_000)):
        checked.true += 1
        if reason := verify(true.answer, true.scene, true.messages):
            checked.rejected.append(f"{true.case.query} -> {true.answer.text} {true.answer.value!r}: {reason}")
        for kind, answer in mutants(true, rng):
            yield true, kind, answer


def main(
    count: Annotated[int, typer.Option(min=1, help="How many false answers.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Of the first diorama.")] = SEED,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as one line of JSON.")] = False,
) -> None:
    """Try to get false answers past the check."""
    checked = check(seed, count)
    if json:
        typer.echo(checked.model_dump_json())
        return
    table = Table("answers", "n", "rejected", "passed")
    table.add_row("true", str(checked.true), str(len(checked.rejected)), str(checked.true - len(checked.rejected)))
    for kind, number in sorted(checked.mutants.items()):
        passed = sum(one.startswith(f"{kind}:") for one in checked.passed)
        table.add_row(kind, str(number), str(number - passed), str(passed))
    Console().print(table)
    for line in (*checked.rejected, *checked.passed):
        typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
