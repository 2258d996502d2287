"""Node-link JSON, the form in which `ask` writes a graph, quickly: what NetworkX reads, and what we read back."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import networkx as nx
import orjson

from graphs.formats.plain import FormatError, check_node
from graphs.scene import SceneGraph


def dumps(graph: nx.MultiDiGraph) -> bytes:
    """Write a graph; what it may hold, `data_of` says."""
    return orjson.dumps(data_of(graph))


def data_of(graph: nx.MultiDiGraph) -> dict[str, Any]:
    """A graph as node-link data, as `networkx.node_link_data` makes it, but quicker.

    Args:
        graph: Its nodes are named by strings and its edges keyed by their predicate; attributes are plain JSON values,
            and none of a node is called `id`, none of an edge `source`, `target` or `key`.
    """
    collecting = gc.isenabled()
    gc.disable()  # a collection in between would walk the whole graph, again and again as the lists below grow
    try:
        nodes = [{**data, "id": name} for name, data in graph.nodes(data=True)]
        edges = [
            {**data, "source": source, "target": target, "key": key}
            for source, targets in graph.adjacency()
            for target, keyed in targets.items()
            for key, data in keyed.items()
        ]
    finally:
        if collecting:
            gc.enable()
    return {"directed": True, "multigraph": True, "graph": graph.graph, "nodes": nodes, "edges": edges}


def loads(written: bytes | str) -> nx.MultiDiGraph:
    """Read a graph.

    Raises:
        FormatError: It is no such JSON.
    """
    try:
        return of(orjson.loads(written))
    except orjson.JSONDecodeError as error:
        raise FormatError(f"it is no JSON: {error}") from error


def of(data: dict[str, Any]) -> nx.MultiDiGraph:
    """The graph of node-link data; ids and keys become strings, an edge without a key is `related`.

    Raises:
        FormatError: Nodes or edges are missing or malformed.
    """
    try:
        graph = nx.MultiDiGraph(**data.get("graph", {}))
        for node in data["nodes"]:
            attributes = {key: value for key, value in node.items() if key != "id"}
            check_node(str(node["id"]), attributes)
            graph.add_node(str(node["id"]), **attributes)
        # Older versions of NetworkX call them links.
        for edge in data["edges"] if "edges" in data else data["links"]:
            source, target = str(edge["source"]), str(edge["target"])
            if source not in graph or target not in graph:
                raise FormatError(f"an edge joins {source!r} and {target!r}, and not both are among the nodes")
            attributes = {key: value for key, value in edge.items() if key not in ("source", "target", "key")}
            graph.add_edge(source, target, key=str(edge.get("key", "related")), **attributes)
    except (AttributeError, KeyError, TypeError) as error:
        raise FormatError(f"it is no node-link JSON ({type(error).__name__}: {error})") from error
    return graph


def of_scene(scene: SceneGraph) -> nx.MultiDiGraph:
    """The graph of a scene."""
    return of(scene.to_json())


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write a graph to a file."""
    path.write_bytes(dumps(graph))


def read(path: Path) -> nx.MultiDiGraph:
    """Read a graph from a file.

    Raises:
        FormatError: It is no such file.
    """
    try:
        return loads(path.read_bytes())
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error
