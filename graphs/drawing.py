"""A scene graph as SVG: each image a panel, things where they lie in it. Where nodes go is decided in `layout`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import networkx as nx
import numpy as np

from graphs import layout
from graphs.formats.plain import cleaned

MOST_NODES = 200
UNDRAWN = ("attribute", "category")
MARGIN = 40.0
HEAD = 34.0
"""Above a panel, for the name of its image."""

PALETTE = ("#4C78A8", "#F58518", "#54A24B", "#E45756", "#72B7B2", "#B279A2", "#9D755D", "#D6A400", "#6F8F2F", "#C2578A")
BEND = 0.12
"""How far from straight a line between things that are no neighbours goes, so that it passes those between them."""

INK, FAINT, TOLD = "#30343B", "#8A93A0", "#B3122A"

TIP = ("label", "score", "attributes", "tool", "model", "query", "answer")
"""Attributes of a node that its tooltip tells."""

STYLE = (
    "text{font-family:Helvetica,Arial,sans-serif;text-anchor:middle;dominant-baseline:central}"
    ".n{font-size:13px;fill:#fff;font-weight:600}.h{font-size:14px;text-anchor:start;fill:#30343B;font-weight:600}"
    ".e{font-size:10.5px;paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}"
)


@dataclass
class Panel:
    """Nodes that are drawn together: those in one image, or those in none.

    Attributes:
        title: Above it.
        names: Of the nodes.
        centres: Theirs, shape (N, 2), from the panel's corner.
    """

    title: str
    names: list[str]
    centres: layout.Floats

    def size(self, widths: dict[str, float]) -> tuple[float, float]:
        """Width and height, with a margin."""
        half = np.array([[widths[name] / 2, layout.HEIGHT / 2] for name in self.names])
        right, low = (self.centres + half).max(axis=0)
        return float(max(right, 9.0 * len(self.title))) + 2 * MARGIN, float(low) + HEAD + MARGIN


def svg(graph: nx.MultiDiGraph) -> str:
    """Draw the graph of a scene; a node's and an edge's details are their tooltips.

    Categories and values of attributes are not drawn as nodes: names and colours say the one, tooltips the other.

    Raises:
        ValueError: It has more nodes than anyone can read, or none.
    """
    graph = graph.subgraph([name for name, kind in graph.nodes(data="kind") if kind not in UNDRAWN])
    if not 0 < len(graph) <= MOST_NODES:
        raise ValueError(f"the graph has {len(graph)} nodes: between 1 and {MOST_NODES} can be drawn")
    widths = {name: 8.0 * len(name) + 18.0 for name in graph}
    panels = _panels(graph, widths)
    centres: dict[str, tuple[float, float]] = {}
    frames, x, y, row, total = [], MARGIN, MARGIN, 0.0, 0.0
    widest = max(max(one.size(widths)[0] for one in panels), sum(one.size(widths)[0] for one in panels) ** 0.5 * 40)
    for one in panels:
        width, height = one.size(widths)
        if x > MARGIN and x + width > widest:
            x, y, row = MARGIN, y + row + MARGIN, 0.0
        frames.append(_frame(one.title, x, y, width, height))
        for name, (left, top) in zip(one.names, one.centres, strict=True):
            centres[name] = x + MARGIN + float(left), y + HEAD + float(top)
        x, row, total = x + width + MARGIN, max(row, height), max(total, x + width + MARGIN)
    edges, drawn = _edges(graph, panels, centres, widths)
    kinds = sorted({_kind(graph.nodes[name]) for name in centres})
    fills = {kind: PALETTE[number % len(PALETTE)] for number, kind in enumerate(kinds)}
    nodes = [
        _node(name, graph.nodes[name], centres[name], widths[name], fills[_kind(graph.nodes[name])]) for name in centres
    ]
    told = sum(1 for *_, key in graph.edges(keys=True) if key not in layout.UNDRAWN)
    foot = f"{len(centres)} nodes, {drawn} of {told} relations: those that were told, and geometry between neighbours"
    end = y + row + MARGIN
    return cleaned("\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total:.0f}" height="{end + 20:.0f}" '
        f'viewBox="0 0 {total:.0f} {end + 20:.0f}">',
        f"<style>{STYLE}</style>",
        *(f'<marker id="{name}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
          f'<path d="M0,0L8,4L0,8z" fill="{colour}"/></marker>' for name, colour in (("f", FAINT), ("t", TOLD))),
        f'<rect width="{total:.0f}" height="{end + 20:.0f}" fill="#fff"/>',
        *frames, *edges, *nodes,
        f'<text class="h" x="{MARGIN}" y="{end - 6:.0f}" style="font-weight:400;font-size:12px">{foot}</text>',
        "</svg>\n",
    ]))  # fmt: skip


def _panels(graph: nx.MultiDiGraph, widths: dict[str, float]) -> list[Panel]:
    inside: dict[str, list[str]] = {name: [] for name, kind in graph.nodes(data="kind") if kind == "image"}
    for name, data in graph.nodes(data=True):
        if data.get("box") and data.get("image_id") in inside:
            inside[data["image_id"]].append(name)
    panels = []
    for image, names in inside.items():
        if names:
            boxes = np.array([[graph.nodes[name]["box"][key] for key in ("x1", "y1", "x2", "y2")] for name in names])
            data = graph.nodes[image]
            size = data.get("width") or boxes[:, 2].max(), data.get("height") or boxes[:, 3].max()
            panels.append(Panel(image, names, layout.panel(boxes, size, np.array([widths[name] for name in names]))))
    placed = {name for one in panels for name in (one.title, *one.names)}
    if rest := [name for name in graph if name not in placed]:
        others = graph.subgraph(rest)
        centres = layout.by_relations(others, np.array([widths[name] for name in others]))
        panels.append(Panel("" if not panels else "in no image", list(others), centres))
    return panels


def _edges(
    graph: nx.MultiDiGraph,
    panels: list[Panel],
    centres: dict[str, tuple[float, float]],
    widths: dict[str, float],
) -> tuple[list[str], int]:
    near = {frozenset((one.names[i], one.names[j])) for one in panels for i, j in layout.neighbours(one.centres)}
    lines, words, count = [], [], 0
    for (start, end), edges in layout.shown(graph, near).items():
        if start not in centres or end not in centres or start == end:
            continue
        count += len(edges)
        told = any(one.get("basis", "geometry") != "geometry" or one["predicate"] == "contradicts" for one in edges)
        ends = _rim(centres[start], centres[end], widths[start]), _rim(centres[end], centres[start], widths[end])
        bend = 0.0 if frozenset((start, end)) in near else BEND
        line, word = _edge(*ends, bend, edges, told)
        lines.append(line)
        words.append(word)
    return lines + words, count


def _edge(
    start: tuple[float, float], end: tuple[float, float], bend: float, edges: list[dict[str, Any]], told: bool
) -> tuple[str, str]:
    """The line of an edge and its words, at its middle."""
    (x1, y1), (x2, y2) = start, end
    x, y = (x1 + x2) / 2 - bend * (y2 - y1), (y1 + y2) / 2 + bend * (x2 - x1)
    colour, mark, weight = (TOLD, "t", 1.8) if told else (FAINT, "f", 1.1)
    tip = "; ".join(f"{one['predicate']} {one.get('score', '')} {one.get('basis', '')}".strip() for one in edges)
    arrow = any(one["predicate"] not in layout.SYMMETRIC for one in edges)
    ahead = f' marker-end="url(#{mark})"' if arrow else ""
    line = (
        f'<path d="M{x1:.1f},{y1:.1f}Q{2 * x - (x1 + x2) / 2:.1f},{2 * y - (y1 + y2) / 2:.1f} {x2:.1f},{y2:.1f}" '
        f'fill="none" stroke="{colour}" stroke-width="{weight}"{ahead}><title>{escape(tip)}</title></path>'
    )
    text = escape(" · ".join(dict.fromkeys(str(one["predicate"]).replace("_", " ") for one in edges)))
    return line, f'<text class="e" x="{x:.1f}" y="{y:.1f}" fill="{TOLD if told else INK}">{text}</text>'


def _rim(start: tuple[float, float], end: tuple[float, float], width: float) -> tuple[float, float]:
    """Where the line from the middle of a node to another point leaves the node."""
    across, down = end[0] - start[0], end[1] - start[1]
    share = min(
        (width / 2 + 2) / abs(across) if across else np.inf,
        (layout.HEIGHT / 2 + 2) / abs(down) if down else np.inf,
        0.5,
    )
    return start[0] + share * across, start[1] + share * down


def _frame(title: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="8" fill="#F6F7F9" '
        'stroke="#D9DDE3"/>'
        f'<text class="h" x="{x + 12:.1f}" y="{y + 18:.1f}">{escape(title)}</text>'
    )


def _kind(data: dict[str, Any]) -> str:
    return str(data.get("label") or data.get("kind") or "")


def _node(name: str, data: dict[str, Any], centre: tuple[float, float], width: float, fill: str) -> str:
    x, y = centre[0] - width / 2, centre[1] - layout.HEIGHT / 2
    tip = "; ".join(f"{key}: {data[key]}" for key in TIP if data.get(key))
    return (
        f'<g><title>{escape(tip)}</title><rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{layout.HEIGHT}" rx="6" fill="{fill}"/>'
        f'<text class="n" x="{centre[0]:.1f}" y="{centre[1]:.1f}">{escape(name)}</text></g>'
    )
