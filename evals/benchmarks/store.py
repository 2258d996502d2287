"""How fast the store answers, against SQL by hand and NetworkX, in one run: `python -m evals.benchmarks.store`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import networkx as nx
import numpy as np
import orjson
import sqlalchemy as sa
import typer

from graphs.formats import node_link
from graphs.store.collection import Collection
from graphs.store.cypher import Cypher, Limits
from graphs.store.schema import EDGES, NODES
from graphs.taxonomy import CATEGORIES

SEED = 1000
IN_IMAGE, IN_SCENE = 4, 4000
"""Entities of an image, and of a scene: an album of a thousand images."""

REPEATS = 5
LABELS = np.array(CATEGORIES)

ONE_HOP = "MATCH (a:Entity {category: 'cat'})-[:near]->(b:Entity {category: 'dog'}) RETURN a.id, b.id"
TWO_HOPS = (
    "MATCH (a:Entity {category: 'cat'})-[:near]->(b:Entity)-[:left_of]->(c:Entity {category: 'dog'}) "
    "RETURN a.id, b.id, c.id"
)
BY_HAND = """
    SELECT a.name, b.name FROM nodes a
    JOIN edges e ON e.source = a.id AND e.predicate = 'near' JOIN nodes b ON b.id = e.target
    WHERE a.label = 'cat' AND b.label = 'dog'
"""


def main(
    entities: Annotated[int, typer.Option(min=IN_IMAGE, help="How many the store holds.")] = 1_000_000,
    dumped: Annotated[int, typer.Option(min=1, help="How many nodes are dumped as node-link JSON.")] = 100_000,
    folder: Annotated[Path, typer.Option(help="Where the store is built, once.")] = Path("benchmark-store"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Time a pattern of one hop and of two, and a dump; the median of five each."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"graphs-{entities}.sqlite"
    figures: dict[str, Any] = {"entities": entities}
    figures |= _dump(dumped)
    collection = Collection.open(place)
    figures["add_seconds"] = _clock(lambda: _build(collection, entities))
    figures |= _queries(collection, folder, place)
    figures["one_hop_over_sqlite"] = figures["one_hop_seconds"] / figures["sqlite_seconds"]
    figures["one_hop_over_scan"] = figures["one_hop_seconds"] / figures["scan_seconds"]
    collection.close()
    _print(figures, json)


def _queries(collection: Collection, folder: Path, place: Path) -> dict[str, Any]:
    began = time.perf_counter()
    with Cypher(collection, folder / f"{place.stem}.lbug", Limits(seconds=600, rows=10**6, memory=2**30)) as cypher:
        load = time.perf_counter() - began
        one, found = _median(lambda: len(cypher.query(ONE_HOP).rows))
        two, further = _median(lambda: len(cypher.query(TWO_HOPS).rows))
    with sqlite3.connect(place) as by_hand:
        sql, same = _median(lambda: len(by_hand.execute(BY_HAND).fetchall()))
    graph = _in_memory(collection)
    scan, scanned = _median(lambda: len(_scan(graph)))
    if not found == same == scanned:
        raise RuntimeError(f"the three ways disagree: {found}, {same} and {scanned} rows")
    return {
        "load_seconds": load,
        "edges": graph.number_of_edges(),
        "one_hop_rows": found,
        "one_hop_seconds": one,
        "sqlite_seconds": sql,
        "scan_seconds": scan,
        "two_hops_rows": further,
        "two_hops_seconds": two,
    }


def _build(collection: Collection, entities: int) -> None:
    """Add what is not there yet, ten scenes a transaction."""
    known, total = len(collection.names()), -(-entities // IN_SCENE)
    for first in range(known, total, 10):
        numbers = range(first, min(first + 10, total))
        collection.add_all((f"album-{n}", album(min(IN_SCENE, entities - n * IN_SCENE), SEED + n)) for n in numbers)
        typer.echo(f"{numbers.stop * IN_SCENE} entities", err=True)


def album(count: int, seed: int) -> nx.MultiDiGraph:
    """A scene of entities in images of four, with some geometry between them.

    Args:
        count: How many entities.
        seed: Of their places and categories.
    """
    rng = np.random.default_rng(seed)
    graph = nx.MultiDiGraph()
    labels = LABELS[rng.integers(len(LABELS), size=count)].tolist()
    corners = rng.uniform(0, 400, (count, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(40, 200, (count, 2))], axis=1).round(1)
    for number, (label, box) in enumerate(zip(labels, boxes.tolist(), strict=True)):
        image = f"img-{number // IN_IMAGE + 1}"
        if image not in graph:
            graph.add_node(image, kind="image", sha256=f"{seed:032x}{number:032x}", width=640, height=640, searches=[])
        graph.add_node(
            f"{label}-{number}",
            kind="entity", label=label, image_id=image, box=dict(zip(("x1", "y1", "x2", "y2"), box, strict=True)),
            score=0.9, attributes={"colour": "brown"}, model="m", call_id="c", tool="detect",
        )  # fmt: skip
        graph.add_edge(f"{label}-{number}", image, key="in")
    names = [f"{label}-{number}" for number, label in enumerate(labels)]
    for start, end, predicate in _relations(boxes):
        graph.add_edge(names[start], names[end], key=predicate, score=1.0, basis="geometry")
    return graph


def _relations(boxes: np.ndarray[Any, Any]) -> Iterator[tuple[int, int, str]]:
    for first in range(0, len(boxes), IN_IMAGE):
        here = boxes[first : first + IN_IMAGE]
        low, high = here[:, None, :2], here[None, :, 2:]
        before = here[:, None, 2:] <= here[None, :, :2]
        gap = np.clip(np.maximum(low - high, (here[None, :, :2] - here[:, None, 2:])), 0, None)
        near = (np.hypot(*gap.T) <= 80) & ~np.eye(len(here), dtype=np.bool_)
        for predicate, holds in (("left_of", before[..., 0]), ("above", before[..., 1]), ("near", near)):
            for start, end in np.argwhere(holds).tolist():
                yield first + start, first + end, predicate


def _in_memory(collection: Collection) -> nx.MultiDiGraph:
    """The same graph in NetworkX, with labels and predicates only: the least that the scan needs."""
    graph = nx.MultiDiGraph()
    with collection.reading() as connection:
        rows = connection.execution_options(yield_per=100_000)
        graph.add_nodes_from(
            (key, {"label": label}) for key, label in rows.execute(sa.select(NODES.c.id, NODES.c.label))
        )
        edges = sa.select(EDGES.c.source, EDGES.c.target, EDGES.c.predicate)
        graph.add_edges_from((start, end, predicate) for start, end, predicate in rows.execute(edges))
    return graph


def _scan(graph: nx.MultiDiGraph) -> list[tuple[int, int]]:
    labels = graph.nodes
    return [
        (start, end)
        for start, end, predicate in graph.edges(keys=True)
        if predicate == "near" and labels[start]["label"] == "cat" and labels[end]["label"] == "dog"
    ]


def _dump(count: int) -> dict[str, Any]:
    """Node-link data to JSON, and a graph to that data.

    By the clock of this process, for the work has one thread: what other programs take of the processor is not ours.
    """
    graph = album(count * IN_IMAGE // (IN_IMAGE + 1), SEED)  # each image is a node too
    convert, _ = _median(lambda: len(node_link.data_of(graph)), time.process_time)
    data = node_link.data_of(graph)
    dump, size = _median(lambda: len(orjson.dumps(data)), time.process_time)
    return {
        "dumped_nodes": len(graph),
        "dumped_edges": graph.number_of_edges(),
        "dumped_bytes": size,
        "convert_cpu_seconds": convert,
        "dump_cpu_seconds": dump,
    }


def _clock(work: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    work()
    return clock() - began


def _median(work: Callable[[], int], clock: Callable[[], float] = time.perf_counter) -> tuple[float, int]:
    """Seconds of the median run after a first one, and what the work returned."""
    result = work()
    return median(_clock(work, clock) for _ in range(REPEATS)), result


def _print(figures: dict[str, Any], json: bool) -> None:
    if json:
        typer.echo(orjson.dumps(figures))
        return
    for name, value in figures.items():
        typer.echo(f"{name.replace('_', ' '):22} {f'{value:.4g}' if isinstance(value, float) else value}")


if __name__ == "__main__":
    typer.run(main)
