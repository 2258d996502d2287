"""Trainings that the agent began: each `scenograph train` in a process of its own, which outlives whoever asked for it.

Below SCENOGRAPH_HOME, `training/NAME.json` says which process trains NAME, `NAME.log` is what it prints, and the folder
`NAME` holds checkpoints and weights.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from agent.processes import adopt, home, live
from graphs.types import Frozen
from tools.errors import UserError

DONE = "candidate "
"""How the line of `scenograph train` begins that names what it made."""

RUN = "from agent.cli import main; main()"
"""The command `scenograph`, of this very installation."""


class Job(Frozen):
    """One training.

    Attributes:
        name: Of the model that it makes.
        argv: What was started.
        pid: Of its process.
        created: When that began, seconds since the epoch; with the pid it names a process for good.
    """

    name: str
    argv: tuple[str, ...]
    pid: int
    created: float

    @property
    def running(self) -> bool:
        """Whether it still trains."""
        return live(self.pid, self.created) is not None

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.time() - self.created

    @property
    def words(self) -> list[str]:
        """The lines that it printed; of a progress bar, which writes over itself, the last state."""
        try:
            text = log_path(self.name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        lines = (re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).rstrip().rpartition("\r")[2] for line in text.split("\n"))
        return [line.strip() for line in lines if line.strip()]

    @property
    def made(self) -> str | None:
        """What it says of the candidate that it made; None while it runs, and where it failed."""
        return None if self.running else next((line for line in reversed(self.words) if line.startswith(DONE)), None)


def folder() -> Path:
    """Where trainings lie."""
    return home() / "training"


def log_path(name: str) -> Path:
    """What a training prints."""
    return folder() / f"{name}.log"


def jobs() -> list[Job]:
    """All trainings that were begun, the last one last."""
    found = []
    for path in folder().glob("*.json"):
        try:
            found.append(Job.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError):
            continue  # one that is just being written, or was edited by hand
    return sorted(found, key=lambda job: job.created)


def start(name: str, arguments: Sequence[str]) -> Job:
    """Begin a training, or go on with the one of that name that broke off.

    Args:
        name: Of the model; it becomes the name of a folder.
        arguments: Of `scenograph train`, without `--out`.

    Raises:
        UserError: If it trains already, or its folder cannot be written.
    """
    if any(job.running for job in jobs() if job.name == name):
        raise UserError(f"{name} trains already")
    argv = (sys.executable, "-c", RUN, "train", *arguments, f"--out={folder() / name}")
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with log_path(name).open("wb") as log:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
    except OSError as error:
        raise UserError(f"cannot write to {folder()} ({error.strerror}); set SCENOGRAPH_HOME") from error
    job = Job(name=name, argv=argv, pid=child.pid, created=adopt(child))
    (folder() / f"{name}.json").write_text(job.model_dump_json())
    return job
