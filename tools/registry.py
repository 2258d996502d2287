"""The list of tools. Each is imported when first asked for, so that naming them costs nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from tools.errors import UserError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from tools.models import Models

GROUP = "scenograph.tools"
"""Entry points in which other packages name tools of theirs."""

TOOLS = (
    "tools.detect:detect",
    "tools.segment:segment",
    "tools.query_scene:query_scene",
    "tools.ask_scene:ask_scene",
    "tools.segment_at:segment_at",
    "tools.classify:classify",
    "tools.describe:describe",
    "tools.read_text:read_text",
    "tools.look_closer:look_closer",
    "tools.measure:measure",
    "tools.compare:compare",
    "tools.find_similar:find_similar",
    "tools.generate:generate",
    "tools.edit:edit",
    "tools.answer:answer",
)
"""Our own, in the order in which a model sees them."""


def load_tools() -> list[BaseTool]:
    """Import all tools: ours, then those of other packages by name.

    Raises:
        UserError: If two have the same name.
    """
    own = [EntryPoint(name=path.rpartition(":")[2], value=path, group=GROUP) for path in TOOLS]
    others = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    loaded: dict[str, BaseTool] = {}
    for point in [*own, *others]:
        made: BaseTool = point.load()
        if made.name in loaded:
            raise UserError(f"two tools are called {made.name!r}; remove the package that brings {point.value}")
        loaded[made.name] = made
    return list(loaded.values())


def offered(tools: Sequence[BaseTool], known: Collection[str], models: Models) -> list[BaseTool]:
    """The tools that a planner is offered, in their order.

    Args:
        tools: All there are.
        known: Those that the planner was trained on; empty for all. Such a planner is offered `describe` only where a
            model was trained for it: the others say less than it knows to ask for.
        models: In use.
    """
    if not known:
        return list(tools)
    without = set() if models.has("describe") else {"describe"}
    return [tool for tool in tools if tool.name in set(known) - without]
