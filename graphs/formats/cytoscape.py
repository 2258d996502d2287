"""Cytoscape JSON (`.cyjs`), which Cytoscape and Cytoscape.js read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import orjson

from graphs.formats.plain import FormatError, build

_ENDS = ("id", "source", "target", "interaction")


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write a graph to a file; a predicate is Cytoscape's `interaction`, other attributes stand beside it as JSON.

    Raises:
        FormatError: An attribute of a node is called `id`, or one of an edge as Cytoscape calls its own.
    """
    nodes = [{"data": {"id": name, **_free(data, ("id",))}} for name, data in graph.nodes(data=True)]
    edges = [
        {"data": {"id": f"e{number}", "source": source, "target": target, "interaction": key, **_free(data, _ENDS)}}
        for number, (source, target, key, data) in enumerate(graph.edges(keys=True, data=True))
    ]
    elements = {"nodes": nodes, "edges": edges}
    path.write_bytes(orjson.dumps({"format_version": "1.0", "data": graph.graph, "elements": elements}))


def _free(data: dict[str, Any], taken: tuple[str, ...]) -> dict[str, Any]:
    for name in taken:
        if name in data:
            raise FormatError(f"Cytoscape JSON cannot hold an attribute called {name!r}, which is a word of its own")
    return data


def read(path: Path) -> nx.MultiDiGraph:
    """Read a graph from a file, with `elements` by group or in one list.

    Raises:
        FormatError: It is no Cytoscape JSON.
    """
    try:
        written = orjson.loads(path.read_bytes())
        elements = written["elements"]
        if isinstance(elements, dict):
            nodes, edges = elements.get("nodes", []), elements.get("edges", [])
        else:
            edges = [one for one in elements if "source" in one["data"]]
            nodes = [one for one in elements if "source" not in one["data"]]
        return build(
            [(str(one["data"]["id"]), _rest(one["data"], ("id",))) for one in nodes],
            [_edge(one["data"]) for one in edges],
            written.get("data", {}),
        )
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise FormatError(f"{path} is no Cytoscape JSON ({type(error).__name__}: {error})") from error


def _edge(data: dict[str, Any]) -> tuple[str, str, str, dict[str, Any]]:
    predicate = str(data.get("interaction") or "related")
    return str(data["source"]), str(data["target"]), predicate, _rest(data, _ENDS)


def _rest(data: dict[str, Any], taken: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in taken}
