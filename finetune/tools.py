"""The tools by which an agent trains models: propose, watch, promote. Other processes do the work; see `jobs`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from finetune import jobs
from graphs.types import Observation
from tools.catalog import ModelEntry, active, entries, find
from tools.catalog.changes import choose
from tools.errors import ToolError, UserError
from tools.terms import check_cancelled
from tools.vision_tool import vision_tool

PATIENCE = 600
"""Seconds that one call watches a training at most."""

BEAT = 0.5
"""Seconds between two looks at a training."""

SHOWN_LINES = 3
"""Of what a training printed last."""

NAME = r"[A-Za-z0-9][\w-]*"
"""What the model may call a model: its name becomes that of a folder, and an argument on a command line."""

Name = Annotated[str, Field(max_length=32)]
Folder = Annotated[str, Field(min_length=1, max_length=300)]
Option = Annotated[str, Field(max_length=80)]


@vision_tool(approval=True, at_once=1)
def train(
    name: Name,
    recipe: Literal["detect", "classify", "describe", "plan", "generate"],
    data: Folder,
    base: Annotated[str, Field(max_length=64)] | None = None,
    options: Annotated[list[Option], Field(max_length=16)] | None = None,
) -> Observation:
    """Begin to train a model on labelled data of the user's, where the models at hand do not know what is asked.

    Args:
        name: What the new model shall be called.
        recipe: What it shall do: detect things, classify images, describe them, plan tool calls, or generate images.
        data: Full path of the folder with the labelled data.
        base: Model of the catalog to start from; by default the recipe's own.
        options: Of the recipe, such as epochs=20.
    """
    if not re.fullmatch(NAME, name):
        raise ToolError(f"{name!r} cannot name a model: use letters, digits and hyphens")
    if any(entry.name == name for entry in entries()):
        raise ToolError(f"there is a model {name} already: choose another name")
    with _told_to_the_model():
        start = [f"--base={find(base).name}"] if base else []
        said = [f"--set={one}" for one in options or ()]
        job = jobs.start(name, [recipe, f"--data={_existing(data)}", *start, *said])
    return Observation(text=f"{name} began to train, as process {job.pid}: call training to see how far it is")


@vision_tool(seconds=PATIENCE + 30)
def training(wait: Annotated[int, Field(ge=0, le=PATIENCE)] = 0) -> Observation:
    """See how far the trainings are that were begun, and what came of them.

    Args:
        wait: Seconds to wait, at most, for the last one to end.
    """
    begun = jobs.jobs()
    until = time.monotonic() + wait
    while begun and begun[-1].running and time.monotonic() < until:
        check_cancelled()
        time.sleep(BEAT)
    return Observation(text="\n".join(map(_told, begun)) or "no training was begun")


@vision_tool(approval=True, seconds=1800.0, at_once=1)
def promote(name: Annotated[str, Field(max_length=64)], data: Folder | None = None) -> Observation:
    """Put a model to use for its task from now on; a detector only if it is better than the one in use.

    Args:
        name: Of the model.
        data: Of a detector: full path of a folder with labelled images that it was not trained on, to compare both on.
    """
    with _told_to_the_model():
        entry = find(name)
        told = _gated(entry, data) if entry.task in ("segment", "detect") else ""
        choose(entry.name)
    return Observation(text=f"{name} is the model for {entry.task} from now on{told}")


def _gated(entry: ModelEntry, data: str | None) -> str:
    """What the gate found.

    Raises:
        ToolError: If it does not let the detector pass.
    """
    from finetune import gate

    if data is None:
        raise ToolError("a detector passes a gate first: give data, labelled images that it was not trained on")
    verdicts = gate.measure(active(entry.task), entry, gate.labelled(_existing(data)), check_cancelled)
    if refused := gate.reasons(entry, verdicts):
        raise ToolError(f"{entry.name} is refused, and not put to use: {'; '.join(refused)}")
    gains = (f"{one.name} from {one.before.value or 0:.3f} to {one.after.value or 0:.3f}" for one in verdicts)
    return f"; {', '.join(gains)}"


def _existing(data: str) -> Path:
    path = Path(data).expanduser()
    if not path.is_absolute() or not path.exists():
        raise ToolError(f"no folder or file {data}: give the full path of one that exists, or ask the user for it")
    return path


def _told(job: jobs.Job) -> str:
    last = " | ".join(job.words[-SHOWN_LINES:]) or "it printed nothing yet"
    if job.running:
        return f"{job.name} trains, for {job.seconds / 60:.0f} min so far (kill -INT {job.pid} ends it): {last}"
    return f"{job.name} ended: {job.made}; promote puts it to use" if job.made else f"{job.name} failed: {last}"


@contextmanager
def _told_to_the_model() -> Iterator[None]:
    """What a person would be told of names and folders goes to the model, which gave them."""
    try:
        yield
    except UserError as error:
        raise ToolError(str(error)) from error
