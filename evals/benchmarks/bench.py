"""What the figures of the flow share: tools that do next to nothing, an agent before a scripted server, a picture."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import numpy as np
from langchain_core.tools import BaseTool
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.prebuilt import ToolRuntime
from PIL import Image
from pydantic import SecretStr

from agent.acting import Shared
from agent.approval import Policy
from agent.llm.client import chat_model
from agent.llm.endpoint import Endpoint
from agent.run import Agent
from graphs.types import Box, Entity, Observation, Search
from tools.answer import answer
from tools.vision_tool import ImageId, Labels, vision_tool
from tools.workspace import Workspace

QUESTION = "How many dogs are there?"


@vision_tool
def look(image_id: ImageId, labels: Labels, runtime: ToolRuntime[Workspace]) -> Observation:
    """Find things in an image.

    Args:
        image_id: Which image to look at.
        labels: What to look for.
        runtime: Of the call; hidden from the model.
    """
    seen = {"image_id": image_id, "model": "none", "call_id": runtime.tool_call_id, "tool": "look"}
    box = Box(x1=1, y1=1, x2=9, y2=9)
    dog = Entity.model_validate({"id": "1", "label": "dog", "box": box, "score": 0.9, **seen})
    return Observation(text="dog 1", entities=(dog,), searches=(Search.model_validate({"label": "dog", **seen}),))


def nap(name: str, seconds: float) -> BaseTool:
    """A tool that takes its time."""

    def rest(image_id: ImageId, labels: Labels, runtime: ToolRuntime[Workspace]) -> Observation:
        """Find things in an image, slowly.

        Args:
            image_id: Which image to look at.
            labels: What to look for.
            runtime: Of the call; hidden from the model.
        """
        time.sleep(seconds)
        return Observation.load(look.func(image_id, labels, runtime)[1])  # type: ignore[attr-defined]

    rest.__name__ = name
    return vision_tool(rest)


@asynccontextmanager
async def agent(
    url: str, kept: Path, tools: list[BaseTool], policy: Policy | None = None, shared: Shared | None = None
) -> AsyncIterator[tuple[Agent, httpx.AsyncClient]]:
    """An agent as the service makes it, with these tools; and the client with which it asks the model."""
    async with httpx.AsyncClient() as http, AsyncSqliteSaver.from_conn_string(str(kept)) as saver:
        model = chat_model(Endpoint(url=url, model="scripted", key=SecretStr("secret")), http)
        yield Agent(model, [*tools, answer], saver, max_steps=100, policy=policy, shared=shared), http


def picture(path: Path, width: int = 64, height: int = 48) -> Path:
    """Write a picture of noise, of about three bytes a pixel."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path
