"""What a suite found: as tables for a person, as a line of JSON for a program. Suites make it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel, Field
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evals.metrics.interval import Metric, ratio
from evals.trial import Result


class Failure(BaseModel):
    """A case that was not answered right: what was asked, what was due, what came, and what that is owed to."""

    id: str
    query: str
    expected: str
    got: str
    why: str


class Listing(BaseModel):
    """A table beside the figures, ready to print.

    Attributes:
        title: What it holds.
        columns: Their names.
        rows: Cells.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]


class Report(BaseModel):
    """What a suite found.

    Attributes:
        suite: Its name.
        metrics: By name.
        by_kind: Answer accuracy by what was asked for.
        listings: What else there is to tell.
        failures: The cases that were not answered right.
        errors: How many cases raised an error; they are among the failures.
        interrupted: Whether it was cut short; the figures are those of what was done.
        results: Each case with its scores, for files; they are not printed.
    """

    suite: str
    metrics: dict[str, Metric]
    by_kind: dict[str, Metric] = Field(default_factory=dict)
    listings: list[Listing] = Field(default_factory=list)
    failures: list[Failure] = Field(default_factory=list)
    errors: int = 0
    interrupted: bool = False
    results: list[Result] = Field(default_factory=list, exclude=True)

    def line(self) -> str:
        """The figures as one line of JSON."""
        return self.model_dump_json(include={"suite", "metrics", "errors"})


def report_of(
    suite: str,
    results: Sequence[Result],
    names: Sequence[str | Mapping[str, Metric]],
    interrupted: bool,
    listings: Sequence[Listing] = (),
) -> Report:
    """The report of graded trials.

    Args:
        suite: Its name.
        results: Graded.
        names: The metrics in order: a score's name for its weighted mean over the results, or figures as they are.
        interrupted: Whether it was cut short.
        listings: What else there is to tell.
    """
    metrics: dict[str, Metric] = {}
    for one in names:
        metrics.update({one: mean_of(results, one)} if isinstance(one, str) else one)
    kinds = sorted({one.trial.question.kind for one in results} - {""})
    return Report(
        suite=suite,
        metrics=metrics,
        by_kind={kind: _accuracy([one for one in results if one.trial.question.kind == kind]) for kind in kinds},
        listings=list(listings),
        failures=[_failure(one) for one in results if one.why is not None],
        errors=sum(one.trial.error is not None for one in results),
        interrupted=interrupted,
        results=list(results),
    )


def mean_of(results: Sequence[Result], name: str) -> Metric:
    """The weighted mean of a score over the results that have it."""
    scores = [(one, score) for one in results for score in one.scores if score.name == name]
    return _clustered((one, score.value * score.weight, score.weight) for one, score in scores)


def _accuracy(results: Sequence[Result]) -> Metric:
    return _clustered((one, float(one.correct), 1.0) for one in results)


def _clustered(parts: Iterable[tuple[Result, float, float]]) -> Metric:
    """The ratio of sums, with its interval over questions: several tries at one of them are no cases of their own."""
    sums: dict[str, list[float]] = {}
    for result, top, bottom in parts:
        both = sums.setdefault(result.trial.question.id.partition("#")[0], [0.0, 0.0])
        both[0] += top
        both[1] += bottom
    return ratio([top for top, _ in sums.values()], [bottom for _, bottom in sums.values()])


def _failure(result: Result) -> Failure:
    trial = result.trial
    got = trial.error or (repr(trial.reply.value) if trial.reply else "")
    if trial.gave_up:
        got = f"gave up: {trial.gave_up}"
    question = trial.question
    return Failure(id=question.id, query=question.query, expected=repr(question.answer), got=got, why=result.why or "")


def show(report: Report, console: Console, most: int | None = None) -> None:
    """Print the figures and the failures, the first so many of them where `most` is given."""
    console.print(_metrics(report.suite, report.metrics))
    if report.by_kind:
        console.print(_metrics("accuracy by kind", report.by_kind))
    for listing in report.listings:
        console.print(table(listing) if listing.rows else listing.title)
    if report.failures:
        rows = [[one.id, one.query, one.expected, one.got, one.why] for one in report.failures[:most]]
        left_out = f", the first {most} of {len(report.failures)}" if len(rows) < len(report.failures) else ""
        console.print(
            table(Listing(title=f"failures{left_out}", columns=["id", "query", "expected", "got", "why"], rows=rows))
        )
    if report.errors:
        console.print(f"{report.errors} of these raised an error")


def table(listing: Listing) -> Table:
    """A listing as a table to print."""
    made = Table(*listing.columns, title=listing.title, title_justify="left")
    for row in listing.rows:
        # Cells are Text, for rich would read square brackets in a question as markup.
        made.add_row(*(Text(cell, overflow="fold") for cell in row))
    return made


def _metrics(title: str, metrics: Mapping[str, Metric]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    for name in ("value", "95% interval", "n"):
        table.add_column(name, justify="right")
    for name, one in metrics.items():
        interval = "" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}"
        table.add_row(name, "-" if one.value is None else f"{one.value:.3f}", interval, str(one.n))
    return table
