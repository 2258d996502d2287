"""Read-only openCypher over a collection, within limits of time, memory and rows."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
from pydantic import BaseModel, Field

from graphs.store import guard
from graphs.store.collection import Collection
from graphs.store.errors import StoreError
from graphs.store.projection import refresh

START_SECONDS = 120.0
GRACE_SECONDS = 2.0
"""How much longer than the engine, which ends a query itself, we wait before its process is killed."""


class Limits(BaseModel):
    """What one query may take.

    Attributes:
        seconds: Wall-clock time.
        memory: Bytes.
        rows: How many rows come back; whether there are more is told.
    """

    seconds: float = Field(default=10.0, gt=0)
    memory: int = Field(default=2**29, ge=2**26)
    rows: int = Field(default=10_000, ge=1)


class Table(BaseModel):
    """The answer to a query.

    Attributes:
        columns: Their names, as the query gives them.
        rows: Values as JSON has them; a node is an object with its columns and `kind`, a relation one with `predicate`,
            a path one with `nodes` and `relations`.
        more: Whether rows were left out.
    """

    columns: list[str]
    rows: list[list[Any]]
    more: bool


class Cypher:
    """Answers queries about a collection as it stood at the start, in a process of its own; close it when done."""

    def __init__(self, collection: Collection, path: Path, limits: Limits | None = None) -> None:
        """Bring the engine's file up to date and start the process.

        Args:
            collection: What is asked about.
            path: Where the engine's file lies or shall lie.
            limits: Of each query.
        """
        self.limits = limits or Limits()
        self._path = path
        refresh(collection, path)
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "graphs.store.sandbox", str(self._path), str(self.limits.memory)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if _receive(process, START_SECONDS) is None:
            raise StoreError(f"the query engine does not start: give it more memory, or remove its file {self._path}")
        return process

    def query(self, text: str) -> Table:
        """Answer a query.

        Raises:
            StoreError: It is refused, is no Cypher, or takes more than the limits grant.
        """
        statement = guard.checked(text)
        if self._process.poll() is not None:  # the last query was its end
            self._process = self._start()
        reply = self._ask({"query": statement, "rows": self.limits.rows, "seconds": self.limits.seconds})
        if reply is None:
            raise StoreError(
                f"the query took more than {self.limits.seconds:g} s or {self.limits.memory / 2**20:.0f} MiB: "
                "narrow it, or raise the limit"
            )
        if "error" in reply:
            raise StoreError(_told(reply["error"], self.limits))
        return Table.model_validate(reply)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(request) + b"\n")
        self._process.stdin.flush()
        return _receive(self._process, self.limits.seconds + GRACE_SECONDS)

    def close(self) -> None:
        """End the process."""
        _end(self._process)

    def __enter__(self) -> Cypher:
        """The same; it is closed at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


def _receive(process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any] | None:
    """The next reply; None if the process ended, or was killed since it took too long."""
    assert process.stdout is not None
    alarm = threading.Timer(seconds, process.kill)
    alarm.start()
    try:
        line = process.stdout.readline()
    finally:
        alarm.cancel()
    if not line.endswith(b"\n"):
        _end(process)
        return None
    reply: dict[str, Any] = orjson.loads(line)
    return reply


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()


def _told(error: str, limits: Limits) -> str:
    """What the engine says, as one line for a person."""
    if "Interrupted" in error:
        return f"the query took more than {limits.seconds:g} s: narrow it, or raise the limit"
    if "Buffer manager exception" in error or "bad_alloc" in error:
        return f"the query took more than {limits.memory / 2**20:.0f} MiB: narrow it, or raise the limit"
    return f"the query cannot be run: {' '.join(error.partition('exception: ')[2].split()) or error}"
