"""The collection: scene graphs of many runs and images in one database. Its tables live in `schema`."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import networkx as nx
import orjson
import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.engine import Connection, Engine

from graphs.formats import node_link
from graphs.formats.plain import check_node
from graphs.store.errors import StoreError
from graphs.store.schema import EDGES, METADATA, NODES, SCENES, SPAN

Outcome = Literal["added", "replaced", "unchanged"]

BUSY_SECONDS = 60
"""How long a writer waits for another one."""


class Stats(BaseModel):
    """What a collection holds.

    Attributes:
        scenes: How many graphs.
        nodes: How many nodes of each kind.
        categories: How many entities of each label, the most frequent first.
        relations: How many edges of each predicate, the most frequent first.
    """

    scenes: int
    nodes: dict[str, int]
    categories: dict[str, int]
    relations: dict[str, int]


class Collection:
    """Scene graphs by name. Many processes may read while one writes; what `add` returned from stays."""

    def __init__(self, engine: Engine) -> None:
        """Take an engine; `open` makes one."""
        self.engine = engine
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _configure)
        sa.event.listen(engine, "begin", _begin)

    @classmethod
    def open(cls, place: str | Path) -> Collection:
        """Open a collection, and make it if there is none.

        Args:
            place: Path of an SQLite database, or a URL such as `postgresql://user@host/name`.

        Raises:
            StoreError: It cannot be opened, or is a database of something else, which stays as it is.
        """
        if _foreign(place):
            raise StoreError(f"{place} is an SQLite database, but no collection: name another one, or a new file")
        try:
            collection = cls(sa.create_engine(_url(place)))
            with collection._transaction(writes=True) as connection:
                METADATA.create_all(connection)
        except (sa.exc.SQLAlchemyError, ImportError, OSError) as error:
            raise StoreError(f"cannot open the collection {place}: {_reason(error)}") from error
        return collection

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        with self.engine.connect().execution_options(writes=writes) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction of the one writer: all of it is kept, or nothing; errors of the database become one line."""
        try:
            with self._transaction(writes=True) as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"the collection cannot be written to: {_reason(error)}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the collection, whatever others write meanwhile; errors as above."""
        try:
            with self._transaction(writes=False) as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"the collection cannot be read: {_reason(error)}") from error

    def add(self, name: str, graph: nx.MultiDiGraph) -> Outcome:
        """Keep a graph under a name, in place of one that is kept there.

        Args:
            name: Of the scene; that of a run is its id.
            graph: With plain JSON values as attributes, as `node_link.of` makes it.

        Returns:
            When it is on disk: whether it is new, came in place of another, or was there already.

        Raises:
            StoreError: It has too many nodes, or the database does not take it.
            FormatError: A node is none of a scene.
        """
        return self.add_all([(name, graph)])[0]

    def add_all(self, graphs: Iterable[tuple[str, nx.MultiDiGraph]]) -> list[Outcome]:
        """Keep many graphs in one transaction, which is quicker than one each; see `add`."""
        with self.writing() as connection:
            return [_add(connection, name, graph) for name, graph in graphs]

    def remove(self, name: str) -> None:
        """Forget a graph.

        Raises:
            StoreError: There is none of this name.
        """
        with self.writing() as connection:
            _remove(connection, _scene_id(connection, name))

    def names(self) -> list[str]:
        """The names of all graphs, in the order in which they came."""
        with self.reading() as connection:
            return list(connection.scalars(sa.select(SCENES.c.name).order_by(SCENES.c.id)))

    def graph(self, name: str) -> nx.MultiDiGraph:
        """The graph of this name, as it was added.

        Raises:
            StoreError: There is none.
        """
        with self.reading() as connection:
            scene = _scene_id(connection, name)
            graph = nx.MultiDiGraph()
            graph.graph.update(orjson.loads(connection.scalars(sa.select(SCENES.c.data).filter_by(id=scene)).one()))
            _fill(connection, graph, scene, prefix="")
        return graph

    def whole(self, names: Iterable[str] | None = None) -> nx.MultiDiGraph:
        """Many graphs as one, its nodes named `scene/name` and with an attribute `scene`; `split` takes it apart.

        Args:
            names: Of the graphs; by default all.

        Raises:
            StoreError: One of them is not there.
        """
        together = nx.MultiDiGraph()
        with self.reading() as connection:
            order = sa.select(SCENES.c.name).order_by(SCENES.c.id)
            for name in connection.scalars(order).all() if names is None else names:
                _fill(connection, together, _scene_id(connection, name), prefix=name)
        return together

    def stats(self) -> Stats:
        """Count what is there."""
        with self.reading() as connection:
            scenes = connection.scalar(sa.select(sa.func.count()).select_from(SCENES))
            return Stats(
                scenes=scenes or 0,
                nodes=_counted(connection, NODES.c.kind),
                categories=_counted(connection, NODES.c.label, NODES.c.kind == "entity"),
                relations=_counted(connection, EDGES.c.predicate),
            )

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def split(together: nx.MultiDiGraph) -> dict[str, nx.MultiDiGraph]:
    """Take apart what `Collection.whole` put together; a graph without scenes comes back under the name ""."""
    parts: dict[str, nx.MultiDiGraph] = {}
    names: dict[str, tuple[str, str]] = {}
    for name, data in together.nodes(data=True):
        scene = str(data.get("scene", ""))
        if not name.startswith(f"{scene}/"):
            return {"": together}
        names[name] = scene, name.removeprefix(f"{scene}/")
        attributes = {key: value for key, value in data.items() if key != "scene"}
        parts.setdefault(scene, nx.MultiDiGraph()).add_node(names[name][1], **attributes)
    for source, target, key, data in together.edges(keys=True, data=True):
        scene, start = names[source]
        parts[scene].add_edge(start, names[target][1], key=key, **data)
    return parts


def _url(place: str | Path) -> sa.URL:
    if "://" not in str(place):
        path = Path(place).expanduser()
        path.parent.mkdir(parents=True, exist_ok=True)
        return sa.URL.create("sqlite", database=str(path))
    url = sa.make_url(str(place))
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgres", "postgresql") else url


def _foreign(place: str | Path) -> bool:
    """Whether a file is an SQLite database that somebody else made."""
    path = Path(place).expanduser()
    if "://" in str(place) or not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        return False  # opening it will tell why
    return bool(tables) and not tables >= METADATA.tables.keys()


def _configure(connection: Any, _: Any) -> None:
    """Hand transactions to us, which the driver would begin late, and take SQLite's write-ahead log."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    if connection.dialect.name == "sqlite":
        # A reader that would become a writer halfway is refused by SQLite: say from the start who writes.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    elif connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        if writes:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(5170)")


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())


def _counted(connection: Connection, column: sa.Column[Any], *where: sa.ColumnElement[bool]) -> dict[str, int]:
    count = sa.func.count().label("n")
    rows = connection.execute(
        sa.select(column, count).where(column.is_not(None), *where).group_by(column).order_by(count.desc(), column)
    )
    return {name: n for name, n in rows}


def _scene_id(connection: Connection, name: str) -> int:
    found: int | None = connection.scalar(sa.select(SCENES.c.id).filter_by(name=name))
    if found is None:
        raise StoreError(f"no scene {name!r} is in the collection; `scenograph graph list` tells which are")
    return found


def _within(column: sa.Column[Any], scene: int) -> sa.ColumnElement[bool]:
    return column.between(scene * SPAN, scene * SPAN + SPAN - 1)


def _add(connection: Connection, name: str, graph: nx.MultiDiGraph) -> Outcome:
    if len(graph) > SPAN:
        raise StoreError(f"scene {name!r} has {len(graph)} nodes: split it, for one may have {SPAN}")
    digest = hashlib.sha256(node_link.dumps(graph)).hexdigest()
    known = connection.execute(sa.select(SCENES.c.id, SCENES.c.digest).filter_by(name=name)).first()
    if known is not None and known.digest == digest:
        return "unchanged"
    if known is not None:
        _remove(connection, known.id)
    row = {
        "name": name,
        "digest": digest,
        "added": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": _text(graph.graph),
    }
    scene: int = connection.execute(sa.insert(SCENES).returning(SCENES.c.id), row).scalar_one()
    _insert(connection, scene * SPAN, graph)
    return "added" if known is None else "replaced"


def _insert(connection: Connection, first: int, graph: nx.MultiDiGraph) -> None:
    for name, data in graph.nodes(data=True):
        check_node(name, data)
    ids = {name: first + index for index, name in enumerate(graph)}
    nodes = [
        {
            "id": ids[name],
            "name": name,
            "kind": data.get("kind"),
            "label": data.get("label"),
            "image": _image_hash(graph, data),
            "data": _text(data),
        }
        for name, data in graph.nodes(data=True)
    ]
    edges = [
        {"source": ids[source], "predicate": key, "target": ids[target], "data": _text(data)}
        for source, target, key, data in graph.edges(keys=True, data=True)
    ]
    for table, rows in ((NODES, nodes), (EDGES, edges)):
        if rows:
            connection.execute(sa.insert(table), rows)


def _image_hash(graph: nx.MultiDiGraph, data: dict[str, Any]) -> str | None:
    """The content hash of the image that a node is or lies in."""
    holder = data if data.get("kind") == "image" else graph.nodes.get(data.get("image_id"), {})
    return holder.get("sha256") or None


def _remove(connection: Connection, scene: int) -> None:
    connection.execute(sa.delete(EDGES).where(_within(EDGES.c.source, scene)))
    connection.execute(sa.delete(NODES).where(_within(NODES.c.id, scene)))
    connection.execute(sa.delete(SCENES).filter_by(id=scene))


def _fill(connection: Connection, graph: nx.MultiDiGraph, scene: int, prefix: str) -> None:
    """Add the nodes and edges of a scene to a graph, in the order in which they were added."""
    names: dict[int, str] = {}
    nodes = sa.select(NODES.c.id, NODES.c.name, NODES.c.data).where(_within(NODES.c.id, scene)).order_by(NODES.c.id)
    for key, name, data in connection.execute(nodes):
        names[key] = f"{prefix}/{name}" if prefix else name
        graph.add_node(names[key], **orjson.loads(data), **({"scene": prefix} if prefix else {}))
    edges = sa.select(EDGES).where(_within(EDGES.c.source, scene))
    for edge in connection.execute(edges):
        graph.add_edge(names[edge.source], names[edge.target], key=edge.predicate, **orjson.loads(edge.data))


def _text(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()
