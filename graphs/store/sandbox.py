"""The process that runs queries, `python -m graphs.store.sandbox FILE`: it opens the graph, then gives up all else.

It reads requests and writes replies, one line of JSON each; who starts it, and stops it in time, is `cypher`.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

import ladybug
import orjson

ADDRESSES = 2**36
"""Bytes of address space that the engine sets aside for the file; they are no memory until they are used."""

MARGIN = 2**28
"""Bytes beside the engine's pool that Python and the engine's threads may take."""


def main(path: str, memory: int) -> None:
    """Serve until there is nothing more to read.

    Args:
        path: Of the engine's file.
        memory: Bytes that a query may take.
    """
    database = ladybug.Database(path, read_only=True, buffer_pool_size=memory, max_num_threads=2, max_db_size=ADDRESSES)
    connection = ladybug.Connection(database)
    _reply(connection, {"query": "MATCH (s:Scene) RETURN s LIMIT 1", "rows": 1, "seconds": 60})  # loads what is lazy
    _confine(memory)
    _write({"ready": True})
    for line in sys.stdin.buffer:
        _write(_reply(connection, orjson.loads(line)))


def _confine(memory: int) -> None:
    """Let no file or socket be opened any more, none be written to, and no more memory be taken than is granted."""
    pages = Path("/proc/self/statm")  # where there is none, the engine's own limit must do
    if pages.exists():
        taken = int(pages.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory + MARGIN,) * 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _reply(connection: ladybug.Connection, request: dict[str, Any]) -> dict[str, Any]:
    try:
        connection.set_query_timeout(int(request["seconds"] * 1000))
        result: Any = connection.execute(request["query"])
        rows: list[list[Any]] = []
        while result.has_next() and len(rows) < request["rows"]:
            rows.append([_plain(value) for value in result.get_next()])
        return {"columns": result.get_column_names(), "rows": rows, "more": result.has_next()}
    except RuntimeError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "Buffer manager exception: out of memory"}


def _plain(value: Any) -> Any:
    """A value without the engine's own keys: a node has its columns and `kind`, a relation its and `predicate`."""
    match value:
        case {"_NODES": nodes, "_RELS": relations}:
            return {"nodes": [_plain(node) for node in nodes], "relations": [_plain(one) for one in relations]}
        case {"_SRC": _, "_LABEL": label}:
            return {"predicate": label, **_columns(value)}
        case {"_ID": _, "_LABEL": label}:
            return {"kind": label, **_columns(value)}
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case str() | int() | float() | bool() | None:
            return value
    return str(value)


def _columns(value: dict[str, Any]) -> dict[str, Any]:
    """What a node or a relation has; a pattern of several kinds gives it the columns of all, without a value."""
    return {
        key: _plain(one) for key, one in value.items() if one is not None and key != "key" and not key.startswith("_")
    }


def _write(reply: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(reply, default=str) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
