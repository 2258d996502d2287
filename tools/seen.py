"""What was seen before, on disk: the same question about the same picture does not run a model twice."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ByteSize
from pydantic_settings import BaseSettings, SettingsConfigDict

from tools.catalog import cache_path
from tools.settings import read_settings

AT_ONCE = 500
"""Keys in one query: SQLite takes up to a thousand in its oldest builds."""

FRESH_SECONDS = 3600.0
"""How exactly it is known when something was last used: to write that at each use would take longer than to read."""

KEPT = 0.9
"""Share of the limit that is left once what was least recently used has been dropped."""

_SCHEMA = """
create table if not exists seen (key text primary key, value blob not null, size integer not null, used real not null);
create index if not exists seen_used on seen (used);
create index if not exists seen_size on seen (size);
"""


class SeenSettings(BaseSettings):
    """From the environment: SCENOGRAPH_SEEN_LIMIT.

    Attributes:
        limit: Bytes that the cache may take on disk; 0 turns it off.
    """

    model_config = SettingsConfigDict(env_prefix="SCENOGRAPH_SEEN_", env_ignore_empty=True)

    limit: ByteSize = ByteSize(512 * 2**20)


def key(*parts: object) -> str:
    """The key of what follows from these parts: hashes, names, arguments, versions."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class Seen:
    """A table of keys and bytes that keeps to a size. A cache that fails is a cache that knows nothing: no error."""

    def __init__(self, path: Path | None = None, limit: int | None = None) -> None:
        """Take a file, which is opened when first needed.

        Args:
            path: Of the SQLite file; by default in the user's cache.
            limit: Bytes of all values; by default as `SeenSettings` says.
        """
        self._path = path
        self._limit = limit
        self._lock = threading.Lock()
        self._opened: dict[Path, sqlite3.Connection] = {}

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values of those keys that are known."""
        found: dict[str, bytes] = {}
        stale: list[tuple[float, str]] = []
        now = time.time()

        def find(file: sqlite3.Connection) -> None:
            for start in range(0, len(keys), AT_ONCE):
                part = keys[start : start + AT_ONCE]
                query = f"select key, value, used from seen where key in ({','.join('?' * len(part))})"
                for name, value, used in file.execute(query, part):
                    found[name] = value
                    if used < now - FRESH_SECONDS:
                        stale.append((now, name))
            file.executemany("update seen set used = ? where key = ?", stale)

        self._within(find)
        return found

    def put(self, values: Mapping[str, bytes]) -> None:
        """Keep values; what was least recently used is dropped when all would exceed the limit."""
        now = time.time()
        rows = [(name, value, len(value), now) for name, value in values.items()]

        def keep(file: sqlite3.Connection) -> None:
            file.executemany("insert or replace into seen values (?, ?, ?, ?)", rows)
            self._shrink(file)

        self._within(keep)

    def _within(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Work on the file in one transaction; when it turns out damaged, the next that asks begins it anew."""
        path = self._path or cache_path() / "seen.sqlite"
        with self._lock, contextlib.suppress(sqlite3.Error, OSError):
            try:
                with self._file(path) as file:
                    work(file)
            except sqlite3.OperationalError:  # such as a lock, which says nothing of the file
                raise
            except sqlite3.DatabaseError:
                self._delete(path)
                raise

    def _shrink(self, file: sqlite3.Connection) -> None:
        limit = self._most()
        (size,) = file.execute("select coalesce(sum(size), 0) from seen").fetchone()
        if size <= limit:
            return
        drop = []
        for name, one in file.execute("select key, size from seen order by used, rowid"):
            if size <= limit * KEPT:
                break
            drop.append((name,))
            size -= one
        file.executemany("delete from seen where key = ?", drop)

    def _most(self) -> int:
        return int(read_settings(SeenSettings).limit) if self._limit is None else self._limit

    def _delete(self, path: Path) -> None:
        if path in self._opened:
            self._opened.pop(path).close()
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)

    def _file(self, path: Path) -> sqlite3.Connection:
        """The open file; one in memory, which keeps nothing for later, where the cache is off."""
        if path not in self._opened:
            self._opened[path] = _open(path if self._most() > 0 else None)
        return self._opened[path]


def _open(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path or ":memory:", timeout=5, check_same_thread=False)
    try:
        # What is lost in a power cut is seen again.
        connection.executescript("pragma journal_mode = wal; pragma synchronous = off;" + _SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
