"""The tables of a collection: scenes, nodes, edges. What reads and writes them is `collection`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text

# SQLite counts up by itself in a column of exactly this type only.
_KEY = BigInteger().with_variant(Integer, "sqlite")

SPAN = 2**24
"""How many nodes a scene may have: those of scene s have the ids from s * SPAN, so that a scene is a range of keys."""

METADATA = MetaData()

SCENES = Table(
    "scenes",
    METADATA,
    Column("id", _KEY, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("added", Text, nullable=False),
    Column("data", Text, nullable=False),
    # An id that was given is never given again: what was loaded elsewhere by id stays true of it.
    sqlite_autoincrement=True,
)
"""One graph each, by a name that is unique; `data` holds the attributes of the graph itself, as JSON."""

NODES = Table(
    "nodes",
    METADATA,
    Column("id", _KEY, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("kind", Text),
    Column("label", Text),
    Column("image", Text),
    Column("data", Text, nullable=False),
    Index("nodes_by_label", "label", "id"),
    Index("nodes_by_image", "image", "id"),
)
"""`data` holds all attributes as JSON; kind, label and image (its content hash) stand beside it to be indexed."""

EDGES = Table(
    "edges",
    METADATA,
    Column("source", _KEY, primary_key=True, autoincrement=False),
    Column("predicate", Text, primary_key=True),
    Column("target", _KEY, primary_key=True, autoincrement=False),
    Column("data", Text, nullable=False),
    Index("edges_by_predicate", "predicate", "target", "source"),
    sqlite_with_rowid=False,
)
