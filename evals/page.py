"""A report as one HTML page that needs nothing else: tables, plots, and the worst cases with pictures and traces."""

from __future__ import annotations

import base64
import io
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from evals.compare import compare, listings_of
from evals.metrics.interval import Metric
from evals.suites.report import Report
from evals.traces import trace
from evals.trial import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WORST = 20
"""How many failures are shown in full."""

TEMPLATE = Path(__file__).with_name("page.html.jinja")
BLUE = "#3465a4"
MOST_REASONS, LONGEST = 15, 80
"""How many reasons of failures are drawn, and how many characters of each."""


class Worst(NamedTuple):
    """A case as the page shows it."""

    id: str
    query: str
    why: str
    trace: str
    pictures: list[str]


def page(report: Report, earlier: Report | None = None) -> str:
    """Make the page.

    Args:
        report: With its results.
        earlier: A run to compare with.
    """
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    changes = listings_of(compare(earlier, report)) if earlier else []
    failed = sorted((one for one in report.results if not one.correct), key=_score)
    return template.render(
        report=report,
        plots=[_svg(plot) for plot in _plots(report)],
        listings=[*changes, *report.listings],
        worst=[_worst(one) for one in failed[:WORST]],
        failed=len(failed),
        total=len(report.results),
    )


def _score(result: Result) -> float:
    """The mean of what is a share among a case's scores: the lower, the worse."""
    shares = [one.value for one in result.scores if one.weight and 0 <= one.value <= 1]
    return sum(shares) / len(shares) if shares else 0.0


def _worst(result: Result) -> Worst:
    question = result.trial.question
    pictures = [_data_url(Path(path)) for path in question.images if Path(path).is_file()]
    return Worst(question.id, question.query, result.why or "", trace(result), pictures)


def _data_url(path: Path) -> str:
    kind = "jpeg" if path.suffix.lower() in {".jpg", ".jpeg"} else "png"
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def _plots(report: Report) -> list[Figure]:
    shares = {name: one for name, one in report.metrics.items() if one.value is not None and 0 <= one.value <= 1}
    plots = [_bars("metrics, with 95% intervals", shares)] if shares else []
    if report.by_kind:
        plots.append(_bars("accuracy by kind, with 95% intervals", report.by_kind))
    owed = Counter(one.why for one in report.results if one.why is not None)
    if owed:
        most = owed.most_common(MOST_REASONS)
        others = owed.total() - sum(number for _, number in most)
        shown = [*most, *([("others", others)] if others else [])]
        counts = {why[:LONGEST]: Metric(value=number, low=None, high=None, n=number) for why, number in shown}
        plots.append(_bars("what failures are owed to", counts))
    return plots


def _bars(title: str, metrics: dict[str, Metric]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.6 + 0.32 * len(metrics)), layout="constrained")
    axes = figure.subplots()
    places = range(len(metrics))
    values = [one.value or 0.0 for one in metrics.values()]
    axes.barh(places, values, color=BLUE)
    for place, one in zip(places, metrics.values(), strict=True):
        if one.low is not None and one.high is not None:
            axes.plot([one.low, one.high], [place, place], color="black", linewidth=1.2)
    axes.set_yticks(places, list(metrics), parse_math=False)  # a name may be text of a model
    axes.invert_yaxis()
    axes.set_title(title, fontsize=10)
    return figure


def _svg(figure: Figure) -> str:
    """A figure as SVG that stands within HTML."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue().partition("?>")[2].partition(">")[2]  # without the XML declaration and the doctype
