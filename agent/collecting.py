"""Runs as graphs for a collection: the scene of a run, with the run itself as a node that cites its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import orjson

from agent.exchange import GRAPH, RUN
from graphs.formats import node_link
from graphs.formats.plain import FormatError
from tools.errors import UserError

# In the graph already: the images, what steps observed (as witnesses), and the scene.
_TOLD = ("images", "scene", "steps")


def find(path: Path) -> Iterator[Path]:
    """The runs and graphs at a path: it is one, or a folder of them.

    Raises:
        UserError: There is none.
    """
    found = [path] if path.is_file() else sorted(_found(path))
    if not found:
        raise UserError(f"no run and no graph is at {path}: give a folder that `scenograph ask` wrote, or a {GRAPH}")
    yield from found


def _found(folder: Path) -> Iterator[Path]:
    """Each run's record; a graph counts where no record stands beside it."""
    yield from folder.rglob(RUN)
    yield from (graph for graph in folder.rglob(GRAPH) if not (graph.parent / RUN).exists())


def load(path: Path) -> tuple[str, nx.MultiDiGraph]:
    """Read a run's record, or a graph.

    Returns:
        Its name (a run's id; of a graph, that of its folder or its file) and its graph.

    Raises:
        UserError: It is neither.
    """
    try:
        data = orjson.loads(path.read_bytes())
        if isinstance(data, dict) and "scene" in data:
            return str(data["id"]), of_run(data)
        return path.parent.resolve().name if path.name == GRAPH else path.stem, node_link.of(data)
    except (orjson.JSONDecodeError, FormatError, AttributeError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no run and no graph: {error}") from error
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror})") from error


def of_run(run: dict[str, Any]) -> nx.MultiDiGraph:
    """The scene of a run with a node for the run, joined by `asks` to its images and by `cites` to its evidence.

    Args:
        run: As `run.json` holds it.
    """
    graph = node_link.of(run["scene"])
    answer = run["answer"]
    record = {key: value for key, value in run.items() if key not in (*_TOLD, "id", "answer")}
    steps = [{key: value for key, value in step.items() if key != "observation"} for step in run["steps"]]
    graph.add_node(run["id"], kind="run", answer=answer["text"], value=answer["value"], steps=steps, **record)
    for image in run["images"]:
        graph.add_edge(run["id"], image["id"], key="asks")
    for name in answer["evidence"]:
        if name in graph:
            graph.add_edge(run["id"], name, key="cites")
    return graph
