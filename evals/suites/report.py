"""What a suite found: as tables for a person, as a line of JSON for a program. Suites make it."""

from __future__ import annotations

from pydantic import BaseModel, Field
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evals.metrics.interval import Metric


class Failure(BaseModel):
    """A case that was not answered right: what was asked, what was due, what came, and what that is owed to."""

    id: str
    query: str
    expected: str
    got: str
    why: str


class Report(BaseModel):
    """What a suite found.

    Attributes:
        suite: Its name.
        metrics: By name.
        by_kind: Answer accuracy by what was asked for.
        failures: The cases that were not answered right.
        errors: How many cases raised an error; they are among the failures.
        interrupted: Whether it was cut short; the figures are those of what was done.
    """

    suite: str
    metrics: dict[str, Metric]
    by_kind: dict[str, Metric] = Field(default_factory=dict)
    failures: list[Failure] = Field(default_factory=list)
    errors: int = 0
    interrupted: bool = False

    def line(self) -> str:
        """The figures as one line of JSON."""
        return self.model_dump_json(include={"suite", "metrics", "errors"})


def show(report: Report, console: Console) -> None:
    """Print the figures and the failures."""
    console.print(_metrics(report.suite, report.metrics))
    if report.by_kind:
        console.print(_metrics("answer accuracy by kind", report.by_kind))
    if report.failures:
        # Cells are Text, for rich would read square brackets in a question as markup.
        table = Table("id", "query", "expected", "got", "why", title="failures", title_justify="left")
        for one in report.failures:
            table.add_row(
                *(Text(cell, overflow="fold") for cell in (one.id, one.query, one.expected, one.got, one.why))
            )
        console.print(table)
    if report.errors:
        console.print(f"{report.errors} of these raised an error")


def _metrics(title: str, metrics: dict[str, Metric]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    for name in ("value", "95% interval", "n"):
        table.add_column(name, justify="right")
    for name, one in metrics.items():
        interval = "" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}"
        table.add_row(name, "-" if one.value is None else f"{one.value:.3f}", interval, str(one.n))
    return table
