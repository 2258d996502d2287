"""The graph that LangGraph's own server and Studio open (`langgraph dev`): pictures and a question in, the answer out.

The command line runs `agent.flow` by itself; here it is one node, for what a server hands over is plain JSON, and the
flow works on opened pictures.
"""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.messages import AnyMessage
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict  # which pydantic wants below Python 3.12

from agent import flow, launch, tracing
from agent.llm import client, seer
from agent.run import record
from tools import intake
from tools.models import SHARED
from tools.registry import load_tools, offered
from tools.workspace import Workspace

tracing.start()  # before a client of LangSmith is made: a server that opens the graph may trace it


class Question(TypedDict):
    """What is asked.

    Attributes:
        images: Files, folders or patterns, on the machine of the server; img-1, img-2 … in their order.
        query: The question.
    """

    images: list[str]
    query: str


class Answered(TypedDict):
    """What comes of it.

    Attributes:
        answer: Text, typed value and evidence.
        error: Why nothing could be established; None otherwise.
        scene: The scene graph as node-link JSON.
        messages: The transcript; pictures stand in it by reference.
    """

    answer: dict[str, Any]
    error: str | None
    scene: dict[str, Any]
    messages: list[AnyMessage]


class _State(Question, Answered):
    """Both."""


async def ask(state: Question) -> Answered:
    """Answer the question, with the model server that the environment names or the embedded one, started if needed.

    Raises:
        UserError: A picture, the question or the model server is not in order.
    """
    endpoint = await asyncio.to_thread(launch.find_endpoint, lambda told: None)
    paths = await asyncio.to_thread(intake.gather, state["images"])
    workspace = await asyncio.to_thread(Workspace.open, paths, SHARED)
    seer.give(workspace, endpoint)
    async with client.http_client(endpoint) as http:
        tools = offered(load_tools(), endpoint.tools, SHARED)
        inner = flow.build(client.chat_model(endpoint, http), tools)
        final: Any = await inner.ainvoke(flow.start(state["query"], workspace.images), context=workspace)
    run = record("", final, total=0.0)
    answer = run.answer.model_dump(mode="json")
    return Answered(answer=answer, error=run.error, scene=run.scene, messages=final["messages"])


graph = (
    StateGraph(_State, input_schema=Question, output_schema=Answered)
    .add_node("ask", ask)
    .add_edge(START, "ask")
    .add_edge("ask", END)
    .compile(name="scenograph")
)
