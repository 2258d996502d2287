"""Where runs of suites are kept, and how they are read back. What they hold is `evals.suites.report`'s."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from agent.exchange import new_id
from agent.processes import home
from evals.suites.report import Report
from evals.trial import Result
from tools.errors import UserError

REPORT, RESULTS = "report.json", "results.jsonl"


class Kept(NamedTuple):
    """A run that is kept: its name, folder and report, without results."""

    name: str
    folder: Path
    report: Report


def root() -> Path:
    """Where runs lie that were given no folder."""
    return home() / "evals"


def new(suite: str, out: Path | None) -> Path:
    """Make the folder of a run.

    Raises:
        UserError: It cannot be written to.
    """
    folder = out or root() / f"{suite}-{new_id()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror}): choose another --out") from error
    return folder


def save(report: Report, folder: Path) -> None:
    """Write a report and its results; of the pictures that the run made, those of cases that failed stay."""
    (folder / REPORT).write_text(report.model_dump_json(indent=2), encoding="utf-8")
    lines = "".join(f"{one.model_dump_json()}\n" for one in report.results)
    (folder / RESULTS).write_text(lines, encoding="utf-8")
    shown = [(one.correct, Path(path)) for one in report.results for path in one.trial.question.images]
    wanted = {path for correct, path in shown if not correct}
    for path in {path for _, path in shown if path.parent == folder / "pictures"} - wanted:
        path.unlink(missing_ok=True)


def load(name: str) -> Kept:
    """Read a run with its results.

    Args:
        name: Of a kept run, or a folder, or the beginning of one name only.

    Raises:
        UserError: There is no such run, or its files are damaged.
    """
    folder = _find(name)
    try:
        report = Report.model_validate_json((folder / REPORT).read_bytes())
        lines = (folder / RESULTS).read_bytes().splitlines()
        results = [Result.model_validate_json(line) for line in lines]
    except (OSError, ValidationError) as error:
        raise UserError(f"{folder} holds no run of evals that can be read: run `scenograph eval` anew") from error
    return Kept(folder.name, folder, report.model_copy(update={"results": results}))


def kept() -> list[Kept]:
    """All runs that were given no folder, the oldest first; damaged ones are left out."""
    found = []
    for path in sorted(root().glob(f"*/{REPORT}"), key=lambda path: path.stat().st_mtime):
        try:
            found.append(Kept(path.parent.name, path.parent, Report.model_validate_json(path.read_bytes())))
        except ValidationError:
            continue
    return found


def _find(name: str) -> Path:
    if (Path(name) / REPORT).is_file():
        return Path(name)
    names = sorted(path.parent.name for path in root().glob(f"*/{REPORT}"))
    fitting = [one for one in names if one == name] or [one for one in names if one.startswith(name)]
    if len(fitting) != 1:
        what = f"{len(fitting)} runs begin with {name!r}" if fitting else f"no run {name!r}"
        raise UserError(f"{what}: `scenograph eval list` shows the runs; a folder that --out made will do too")
    return root() / fitting[0]
