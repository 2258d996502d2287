"""GraphML, for Gephi, yEd and the like: nested values are JSON in attributes whose names end in `.json`."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import ParseError

import networkx as nx

from graphs.formats.plain import FormatError, build, flat, full, is_clean

PREDICATE = "key"
"""Name of the attribute of an edge that holds its predicate."""

# NetworkX keeps defaults of attributes here, which we neither write nor want.
_DEFAULTS = ("node_default", "edge_default")


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write a graph to a file.

    Raises:
        FormatError: A name has a character that XML cannot hold.
    """
    names = [*graph, *(key for *_, key in graph.edges(keys=True))]
    for name in names:
        if not is_clean(name):
            raise FormatError(f"GraphML cannot hold the name {name!r}")
    plain = nx.MultiDiGraph()
    plain.graph.update(flat(graph.graph))
    plain.add_nodes_from((name, flat(data)) for name, data in graph.nodes(data=True))
    plain.add_edges_from(
        (source, target, f"e{number}", {PREDICATE: key, **flat(data)})
        for number, (source, target, key, data) in enumerate(graph.edges(keys=True, data=True))
    )
    nx.readwrite.graphml.write_graphml_xml(plain, path)


def read(path: Path) -> nx.MultiDiGraph:
    """Read a graph from a file; of other programs', an edge's predicate is its id, or `related`.

    Raises:
        FormatError: It is no GraphML.
    """
    try:
        plain = nx.read_graphml(path, edge_key_type=str, force_multigraph=True)
    except (ParseError, nx.NetworkXError, KeyError, ValueError) as error:
        raise FormatError(f"{path} is no GraphML: {error}") from error
    return build(
        [(name, full(data)) for name, data in plain.nodes(data=True)],
        [
            (source, target, str(data.get(PREDICATE, key if key else "related")),
             full({name: value for name, value in data.items() if name != PREDICATE}))
            for source, target, key, data in plain.edges(keys=True, data=True)
        ],
        full({name: value for name, value in plain.graph.items() if name not in _DEFAULTS}),
    )  # fmt: skip
