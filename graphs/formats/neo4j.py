"""Neo4j CSV: the two files that `neo4j-admin database import full --nodes … --relationships …` takes, in a folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import networkx as nx

from graphs.formats.plain import MARK, Flat, FormatError, build, flat, full, is_clean

NODES, RELATIONSHIPS = "nodes.csv", "relationships.csv"

_TYPES: dict[type, str] = {bool: "boolean", int: "long", float: "double", str: "string"}
_READ: dict[str, Callable[[str], Any]] = {
    "boolean": lambda text: text == "true",
    "long": int,
    "double": float,
    "string": str,
}


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write a graph to a folder; kinds are labels, predicates are types of relationships.

    The format has no place for attributes of the graph itself.

    Raises:
        FormatError: A name has a character that the files cannot hold.
    """
    for name in (*graph, *(key for *_, key in graph.edges(keys=True))):
        if not is_clean(name) or not name:
            raise FormatError(f"Neo4j CSV cannot hold the name {name!r}")
    path.mkdir(parents=True, exist_ok=True)
    nodes = [(name, _label(data), data) for name, data in graph.nodes(data=True)]
    _write(path / NODES, ("id:ID", ":LABEL"), [((name, label), data) for name, label, data in nodes])
    edges = [((source, target, key), data) for source, target, key, data in graph.edges(keys=True, data=True)]
    _write(path / RELATIONSHIPS, (":START_ID", ":END_ID", ":TYPE"), edges)


def _label(data: dict[str, Any]) -> str:
    return str(data.get("kind") or "node").capitalize()


def _write(path: Path, ends: tuple[str, ...], rows: Sequence[tuple[Sequence[str], dict[str, Any]]]) -> None:
    cells = _one_type_a_column([flat(data) for _, data in rows])
    columns = {name: _TYPES[type(value)] for row in cells for name, value in row.items()}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*ends, *(f"{name}:{kind}" for name, kind in columns.items())])
        for (fixed, _), row in zip(rows, cells, strict=True):
            writer.writerow([*fixed, *(_cell(row[name]) if name in row else "" for name in columns)])


def _one_type_a_column(rows: list[Flat]) -> list[Flat]:
    """The rows, with JSON in the place of values whose column has several types."""
    kinds: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            kinds.setdefault(name, set()).add(type(value))
    mixed = {name for name, found in kinds.items() if len(found) > 1}
    return [
        dict((name + MARK, json.dumps(value)) if name in mixed else (name, value) for name, value in row.items())
        for row in rows
    ]


def _cell(value: bool | int | float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)


def read(path: Path) -> nx.MultiDiGraph:
    """Read a graph from a folder with nodes.csv and relationships.csv.

    Raises:
        FormatError: It holds no such files.
    """
    nodes = [(row["id:ID"], data) for row, data in _read(path / NODES, "id:ID")]
    edges = [
        (row[":START_ID"], row[":END_ID"], row[":TYPE"], data)
        for row, data in _read(path / RELATIONSHIPS, ":START_ID", ":END_ID", ":TYPE")
    ]
    try:
        return build(nodes, edges)
    except FormatError as error:
        raise FormatError(f"{path} is no graph: {error}") from error


def _read(path: Path, *ends: str) -> Iterable[tuple[dict[str, str], dict[str, Any]]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file, strict=True)
            if missing := set(ends) - set(rows.fieldnames or ()):
                raise FormatError(f"{path} lacks the column {', '.join(sorted(missing))}")
            for row in rows:
                # A row that is too long has its rest under None, one that is too short has None for what it lacks.
                if None in row or any(row[end] is None for end in ends):
                    raise FormatError(f"line {rows.line_num} has more or fewer fields than the columns are")
                typed = {column.rpartition(":")[::2]: text for column, text in row.items() if column not in ends}
                yield row, full({name: _READ[kind](text) for (name, kind), text in typed.items() if name and text})
    except (OSError, csv.Error, KeyError, ValueError) as error:
        raise FormatError(f"{path} is no CSV of Neo4j's import: {error}") from error
