"""Scene graphs in the file formats of others, written and read; one file a format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import networkx as nx

from graphs.formats import coco, cytoscape, graphml, neo4j, node_link, turtle, visual_genome, yolo

__all__ = ["FORMATS", "Format", "guess"]


@dataclass(frozen=True)
class Format:
    """A format of files.

    Attributes:
        name: As a person chooses it.
        suffix: Of its files; "" for a folder.
        write: Writes a graph to a path.
        read: Reads one back; raises `FormatError`.
    """

    name: str
    suffix: str
    write: Callable[[nx.MultiDiGraph, Path], None]
    read: Callable[[Path], nx.MultiDiGraph]


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("node-link", ".json", node_link.write, node_link.read),
        Format("graphml", ".graphml", graphml.write, graphml.read),
        Format("cytoscape", ".cyjs", cytoscape.write, cytoscape.read),
        Format("turtle", ".ttl", turtle.write, turtle.read),
        Format("neo4j", "", neo4j.write, neo4j.read),
        Format("coco", ".json", coco.write, coco.read),
        Format("yolo", "", yolo.write, yolo.read),
        Format("visual-genome", ".json", visual_genome.write, visual_genome.read),
        Format("gqa", ".json", visual_genome.write_gqa, visual_genome.read),
    )
}


def guess(path: Path) -> str | None:
    """The name of the one format whose files end as this path does; None if that tells nothing."""
    fitting = [one.name for one in FORMATS.values() if one.suffix and one.suffix == path.suffix.lower()]
    return fitting[0] if len(fitting) == 1 else None
