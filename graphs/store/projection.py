"""The collection as a file of the graph engine `ladybug`, kept up to date. Queries live in `cypher`."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from graphs.store.collection import Collection
from graphs.store.schema import EDGES, NODES, SCENES, SPAN
from graphs.taxonomy import hypernyms

if TYPE_CHECKING:
    import ladybug
    import pyarrow as pa
    from sqlalchemy.engine import Connection

BATCH = 100_000
"""Rows that are read and handed over at a time."""

LOAD_MEMORY = 2**30
"""Bytes that the engine may take to build the file."""

Columns = dict[str, str]

_COMMON: Columns = {"key": "INT64", "id": "STRING", "scene": "STRING"}
_BOX = ("x1", "y1", "x2", "y2")

KINDS: dict[str, Columns] = {
    "Run": {"query": "STRING", "answer": "STRING", "error": "STRING"},
    "Image": {"image": "STRING", "sha256": "STRING", "width": "INT64", "height": "INT64", "origin": "STRING",
              "path": "STRING"},
    "Entity": {"category": "STRING", "image": "STRING", "score": "DOUBLE", **dict.fromkeys(_BOX, "DOUBLE"),
               "colour": "STRING", "model": "STRING", "tool": "STRING", "hypernyms": "STRING[]",
               "attributes": "MAP(STRING, STRING)"},
}  # fmt: skip
"""The node tables whose columns are known; any other kind has a `label` (or what is one to it), and `data` as JSON."""

TAKEN = frozenset("attribute category entity event image node run scene text value".split())
"""Kinds of nodes; the engine has one room of names for nodes and relations."""

SCENE: Columns = {"key": "INT64", "id": "STRING"}
OTHER: Columns = {"label": "STRING", "data": "STRING"}
RELATION: Columns = {"score": "DOUBLE", "basis": "STRING"}


def refresh(collection: Collection, path: Path) -> None:
    """Bring the engine's file up to date; it is replaced at once, so that those who read it go on with the old one.

    Scenes that came are added to what was loaded; if some went, all is loaded anew.

    Args:
        collection: What to load.
        path: Of the file.
    """
    with collection.reading() as connection:
        scenes: dict[int, str] = {
            key: name for key, name in connection.execute(sa.select(SCENES.c.id, SCENES.c.name).order_by(SCENES.c.id))
        }
        loaded = _loaded(path)
        if path.exists() and loaded == set(scenes):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            if loaded and loaded < set(scenes):
                shutil.copyfile(path, fresh)
            else:
                loaded = set()
            with _opened(fresh) as engine:
                _Loader(engine, connection, scenes).load([key for key in scenes if key not in loaded])
            fresh.replace(path)
        finally:
            for left in (fresh, fresh.with_name(f"{fresh.name}.wal")):
                left.unlink(missing_ok=True)


def _loaded(path: Path) -> set[int]:
    if not path.exists():
        return set()
    try:
        with _opened(path, read_only=True) as engine:
            return {row[0] for row in _rows(engine, "MATCH (s:Scene) RETURN s.key")}
    except RuntimeError:  # of another version of the engine, or damaged
        path.unlink()
        return set()


@contextlib.contextmanager
def _opened(path: Path, *, read_only: bool = False) -> Iterator[ladybug.Connection]:
    import ladybug

    database = ladybug.Database(path, read_only=read_only, buffer_pool_size=LOAD_MEMORY)
    connection = ladybug.Connection(database)
    try:
        yield connection
    finally:
        connection.close()
        database.close()


def _rows(engine: ladybug.Connection, statement: str, **parameters: Any) -> list[list[Any]]:
    result: Any = engine.execute(statement, parameters)
    rows: list[list[Any]] = result.get_all()
    return rows


class _Loader:
    """Reads scenes from the database and writes them to the engine, table by table."""

    def __init__(self, engine: ladybug.Connection, source: Connection, scenes: dict[int, str]) -> None:
        self._engine = engine
        self._source = source
        self._scenes = scenes
        self._kinds: dict[int, str] = {}
        tables = _rows(engine, "CALL show_tables() RETURN name, type")
        self._tables = {name for name, _ in tables}
        self._pairs = {
            (name, row[0], row[1])
            for name, kind in tables
            if kind == "REL"
            for row in _rows(engine, f"CALL show_connection('{name}') RETURN *")
        }

    def load(self, keys: Sequence[int]) -> None:
        """Load these scenes, in runs of neighbours, so that few queries do for many scenes."""
        self._node_table("Scene", SCENE)
        for first, last in _runs(keys):
            self._nodes(first * SPAN, last * SPAN + SPAN - 1)
            self._edges(first * SPAN, last * SPAN + SPAN - 1)
        if keys:
            self._copy("Scene", SCENE, [(key, self._scenes[key]) for key in keys])

    def _nodes(self, low: int, high: int) -> None:
        rows = self._source.execution_options(yield_per=BATCH).execute(
            sa.select(NODES).where(NODES.c.id.between(low, high)).order_by(NODES.c.id)
        )
        for batch in rows.partitions():
            by_kind: dict[str, list[tuple[Any, ...]]] = {}
            for row in batch:
                kind = table_name(row.kind or "node").capitalize()
                self._kinds[row.id] = kind
                scene = self._scenes[row.id // SPAN]
                values = _values(kind, row.name, row.label, orjson.loads(row.data))
                by_kind.setdefault(kind, []).append((row.id, f"{scene}/{row.name}", scene, *values))
            for kind, values_of in by_kind.items():
                columns = _COMMON | KINDS.get(kind, OTHER)
                self._node_table(kind, columns)
                self._copy(kind, columns, values_of)

    def _edges(self, low: int, high: int) -> None:
        rows = self._source.execution_options(yield_per=BATCH).execute(
            sa.select(EDGES).where(EDGES.c.source.between(low, high)).order_by(EDGES.c.source)
        )
        for batch in rows.partitions():
            joined: dict[tuple[str, str, str], list[tuple[Any, ...]]] = {}
            for source, predicate, target, data in batch:
                pair = relation_name(predicate), self._kinds[source], self._kinds[target]
                edge = orjson.loads(data)
                joined.setdefault(pair, []).append((source, target, edge.get("score"), edge.get("basis")))
            for pair, values in joined.items():
                self._relation_table(*pair)
                columns = {"from": "INT64", "to": "INT64", **RELATION}
                self._copy(pair[0], columns, values, f" (from='{pair[1]}', to='{pair[2]}')")

    def _node_table(self, name: str, columns: Columns) -> None:
        if name not in self._tables:
            typed = ", ".join(f"`{column}` {kind}" for column, kind in columns.items())
            _rows(self._engine, f"CREATE NODE TABLE `{name}`({typed}, PRIMARY KEY(key))")
            self._tables.add(name)

    def _relation_table(self, name: str, start: str, end: str) -> None:
        if (name, start, end) in self._pairs:
            return
        if name in self._tables:
            _rows(self._engine, f"ALTER TABLE `{name}` ADD FROM `{start}` TO `{end}`")
        else:
            typed = ", ".join(f"{column} {kind}" for column, kind in RELATION.items())
            _rows(self._engine, f"CREATE REL TABLE `{name}`(FROM `{start}` TO `{end}`, {typed})")
        self._tables.add(name)
        self._pairs.add((name, start, end))

    def _copy(self, table: str, columns: Columns, rows: Sequence[tuple[Any, ...]], options: str = "") -> None:
        _rows(self._engine, f"COPY `{table}` FROM $rows{options}", rows=_arrow(columns, rows))


def table_name(text: str) -> str:
    """A kind or a predicate as the name of a table: what is no letter, digit or underscore becomes an underscore."""
    return re.sub(r"\W", "_", text)


def relation_name(predicate: str) -> str:
    """A predicate as the name of a relation table: no kind of node may have it, in whatever case."""
    name = table_name(predicate)
    return f"{name}_" if name.lower() in TAKEN else name


def _runs(keys: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ascending keys as ranges `(first, last)` without gaps."""
    first = last = None
    for key in keys:
        if first is None or last is None:
            first = last = key
        elif key == last + 1:
            last = key
        else:
            yield first, last
            first = last = key
    if first is not None and last is not None:
        yield first, last


def _values(kind: str, name: str, label: str | None, data: dict[str, Any]) -> tuple[Any, ...]:
    """What the columns of a kind hold for a node."""
    match kind:
        case "Run":
            return data.get("query"), data.get("answer"), data.get("error")
        case "Image":
            return name, *(data.get(key) for key in ("sha256", "width", "height", "origin", "path"))
        case "Entity":
            box, attributes = data.get("box") or {}, data.get("attributes") or {}
            words = list(hypernyms(label or ""))
            plain = {key: str(value) for key, value in attributes.items()}
            corners = [box.get(corner) for corner in _BOX]
            seen = attributes.get("colour"), data.get("model"), data.get("tool")
            return label, data.get("image_id"), data.get("score"), *corners, *seen, words, list(plain.items())
    named = next((str(data[key]) for key in ("label", "text", "value") if data.get(key)), None)
    return named, orjson.dumps(data).decode()


def _arrow(columns: Columns, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    import pyarrow as pa

    types = {
        "INT64": pa.int64(),
        "DOUBLE": pa.float64(),
        "STRING": pa.string(),
        "STRING[]": pa.list_(pa.string()),
        "MAP(STRING, STRING)": pa.map_(pa.string(), pa.string()),
    }
    arrays = [
        pa.array(values, types[kind]) for kind, values in zip(columns.values(), zip(*rows, strict=True), strict=True)
    ]
    return pa.table(arrays, names=list(columns))
