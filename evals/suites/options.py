"""What a person may choose for a suite beside its cases, and how a suite keeps what it did when it is cut short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Options(BaseModel):
    """The choices that all suites share; a suite takes no notice of those that mean nothing to it.

    Attributes:
        concurrency: How many cases are under way at once.
        map_scenes: How many scenes the detector is measured on beside questions; None for as many as cases.
        retries: How often a case that raised is tried again.
        tries: How often each question is asked, for suites that tell what several tries come to.
        model: Another model at the configured server; None for the one configured.
        data: Folder of a public data set, for the suites that are adapters.
        out: The run's folder; it exists.
    """

    model_config = ConfigDict(frozen=True)

    concurrency: int = Field(default=2, ge=1)
    map_scenes: int | None = Field(default=None, ge=0)
    retries: int = Field(default=0, ge=0)
    tries: int = Field(default=1, ge=1)
    model: str | None = None
    data: Path | None = None
    out: Path


@dataclass
class Gathered(Generic[T]):
    """What is done so far, and whether Ctrl-C ended it."""

    advance: Callable[[], None]
    results: list[T] = field(default_factory=list)
    interrupted: bool = False

    def add(self, result: T) -> None:
        """Keep one more result."""
        self.results.append(result)
        self.advance()


@contextmanager
def gathering(what: str, total: int) -> Iterator[Gathered[Any]]:
    """Show a bar on stderr while results come in; Ctrl-C ends the block and is noted, not raised.

    Args:
        what: The plural of what is counted.
        total: How many there will be.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task(what, total=total)
        gathered: Gathered[Any] = Gathered(lambda: progress.advance(bar))
        try:
            yield gathered
        except KeyboardInterrupt:
            gathered.interrupted = True
