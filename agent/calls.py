"""Tool calls without a planner: each sees what those before it saw, as in the flow. Which are made, others decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolInvocationError

from graphs.scene import SceneGraph, fold
from graphs.types import Observation
from tools.errors import ToolError
from tools.vision_tool import observations
from tools.workspace import Workspace


def _told(error: Exception) -> str:
    if isinstance(error, ToolError | ToolInvocationError):
        return str(error)
    raise error


class Calls:
    """Calls of tools over one workspace, as one conversation."""

    def __init__(self, workspace: Workspace, tools: Sequence[BaseTool]) -> None:
        """Start without calls.

        Args:
            workspace: The images.
            tools: Those that may be called.
        """
        self._workspace = workspace
        self._messages: list[AnyMessage] = []
        self._made = 0
        graph: Any = StateGraph(MessagesState, context_schema=Workspace)
        node = ToolNode(list(tools), handle_tool_errors=_told)
        graph.add_node("act", node).add_edge(START, "act").add_edge("act", END)
        self._graph = graph.compile()

    def __call__(self, tool: str, *, call_id: str | None = None, **arguments: Any) -> Observation:
        """Call a tool.

        Args:
            tool: Its name.
            call_id: Of the call; by default its number.
            arguments: Its arguments.

        Raises:
            ToolError: What a model would be told.
            UserError: What the person can put right, such as a missing model.
        """
        self._made += 1
        call = {"name": tool, "args": arguments, "id": call_id or f"call-{self._made}", "type": "tool_call"}
        asked = [*self._messages, AIMessage("", tool_calls=[call])]
        answered = self._graph.invoke({"messages": asked}, context=self._workspace)["messages"][-1]
        assert isinstance(answered, ToolMessage)
        if answered.status == "error":
            raise ToolError(str(answered.content))
        self._messages = [*asked, answered]
        return Observation.load(answered.artifact)

    @property
    def observations(self) -> list[Observation]:
        """What each call saw, in order."""
        return list(observations(self._messages))

    @property
    def scene(self) -> SceneGraph:
        """What all calls saw together."""
        return fold(self.observations, self._workspace.images)
