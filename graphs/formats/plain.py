"""What the formats share: their error, and JSON for values that a format has no type for."""

from __future__ import annotations

import json
import re
from typing import Any

import networkx as nx

Flat = dict[str, bool | int | float | str]

CORNERS = ("x1", "y1", "x2", "y2")

MARK = ".json"
"""At the end of a name: the value is JSON, for the format has no type for it."""

# What XML 1.0 has no character for, and the carriage return, which its readers turn into a line feed.
_FOREIGN = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class FormatError(ValueError):
    """A file is not what it should be, or cannot hold what it is given: one line that says why."""


def check_node(name: str, data: dict[str, Any]) -> None:
    """Refuse a node that is none of a scene: other code takes these attributes as they stand.

    Raises:
        FormatError: Its kind, label or image is no text, or its box has no corners or lies in no image.
    """
    if wrong := [key for key in ("kind", "label", "image_id") if not isinstance(data.get(key), str | None)]:
        raise FormatError(f"node {name!r} has a {wrong[0]} that is no text")
    box = data.get("box")
    if not box:
        return
    if not isinstance(box, dict) or not all(isinstance(box.get(key), int | float) for key in CORNERS):
        raise FormatError(f"node {name!r} has a box without {', '.join(CORNERS)}")
    if data.get("kind") == "entity" and "image_id" not in data:
        raise FormatError(f"node {name!r} has a box and no image_id")


def flat(attributes: dict[str, Any]) -> Flat:
    """Attributes for a format that knows numbers, truth values and text only; `full` gives them back as they were.

    Other values, and text that is empty or that XML cannot hold, become JSON (ASCII), under a name that says so.
    """
    return dict(_flat(name, value) for name, value in attributes.items())


def _flat(name: str, value: Any) -> tuple[str, bool | int | float | str]:
    simple = isinstance(value, bool | int | float) or (isinstance(value, str) and value != "" and is_clean(value))
    if simple and not name.endswith(MARK):
        return name, value
    return name + MARK, json.dumps(value)


def full(attributes: Flat) -> dict[str, Any]:
    """The attributes that `flat` was given.

    Raises:
        FormatError: What a name says to be JSON is none.
    """
    try:
        return dict(
            (name.removesuffix(MARK), json.loads(str(value))) if name.endswith(MARK) else (name, value)
            for name, value in attributes.items()
        )
    except json.JSONDecodeError as error:
        raise FormatError(f"an attribute whose name ends in {MARK} is no JSON: {error}") from error


def cleaned(text: str) -> str:
    """The text without what XML cannot hold."""
    return _FOREIGN.sub("", text)


def is_clean(text: str) -> bool:
    """Whether XML can hold the text as it stands."""
    return _FOREIGN.search(text) is None


def build(
    nodes: list[tuple[str, dict[str, Any]]],
    edges: list[tuple[str, str, str, dict[str, Any]]],
    attributes: dict[str, Any] | None = None,
) -> nx.MultiDiGraph:
    """A graph of nodes with their attributes, and of edges as `(source, target, predicate, attributes)`.

    Raises:
        FormatError: An edge joins what is no node.
    """
    graph = nx.MultiDiGraph()
    graph.graph.update(attributes or {})
    graph.add_nodes_from(nodes)
    for source, target, *_ in edges:
        for name in (source, target):
            if name not in graph:
                raise FormatError(f"an edge joins {source!r} and {target!r}, but there is no node {name!r}")
    graph.add_edges_from(edges)
    return graph
