"""Looking at an image with every tool that a full understanding needs, without a planner; what is said comes later."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool
from PIL import Image
from pydantic import BaseModel, Field

from agent.calls import Calls
from agent.report import measures
from agent.report.appearance import look_of
from graphs.types import ImageRef, Observation
from tools.errors import ToolError, UserError
from tools.models import SHARED, Models
from tools.registry import load_tools
from tools.workspace import Workspace

LOOKING = {"segment": "segment", "read_text": "read"}
"""Tools that observe one image and need no plan, with the catalog's task of their model; `segment` sees all that
`detect` does, with the same model."""

FINDER = "segment"
"""The one of them without which there is no report."""


class Look(BaseModel):
    """What one tool saw in one image.

    Attributes:
        tool: Its name.
        observation: What it saw; none if it could not look.
        error: Why it could not.
        seconds: How long it took; 0 if it could not.
    """

    tool: str
    observation: Observation | None = None
    error: str | None = None
    seconds: float = 0.0


class Seen(BaseModel):
    """An image and all looks at it. The image's id is the one that the report gives it.

    Attributes:
        image: By reference.
        looks: By tool.
        appearance: How each thing looks, by the id that its observation gives it; see `appearance`.
    """

    image: ImageRef
    looks: tuple[Look, ...]
    appearance: dict[str, str] = Field(default_factory=dict)

    def observations(self) -> list[Observation]:
        """Those of the tools that could look."""
        return [look.observation for look in self.looks if look.observation is not None]

    def renamed(self, image_id: str, path: Path) -> Seen:
        """The same under another image id, as read from this path; the ids of calls and entities follow it."""
        old = self.image.id
        looks = []
        for look in self.looks:
            seen = look.observation and _renamed(look.observation, old, image_id)
            looks.append(look.model_copy(update={"observation": seen}))
        appearance = {name.replace(old, image_id, 1): look for name, look in self.appearance.items()}
        image = self.image.model_copy(update={"id": image_id, "path": str(path)})
        return Seen(image=image, looks=tuple(looks), appearance=appearance)


def _renamed(observation: Observation, old: str, new: str) -> Observation:
    def moved(data: dict[str, Any]) -> dict[str, Any]:
        changed = {"image_id": new, "call_id": data["call_id"].replace(old, new, 1)}
        return data | changed | ({"id": data["id"].replace(old, new, 1)} if "id" in data else {})

    data = observation.dump()
    data["entities"] = [moved(entity) for entity in data["entities"]]
    data["searches"] = [moved(search) for search in data["searches"]]
    for relation in data["relations"]:
        relation |= {end: relation[end].replace(old, new, 1) for end in ("subject", "object")}
    return Observation.load(data)


class Surveyor:
    """Looks at images, one at a time, with the tools that are there."""

    def __init__(
        self,
        focus: Sequence[str] = (),
        models: Models = SHARED,
        tools: Sequence[BaseTool] = (),
        measured: Sequence[str] = (),
        reference: Image.Image | None = None,
    ) -> None:
        """Choose the tools.

        Args:
            focus: Labels to look for; empty for everything that the models know.
            models: What the tools look with.
            tools: By default all that are registered; those of `LOOKING` are used.
            measured: What to measure beside: `regions`, `shelf`, and, given a reference, `compare`.
            reference: The image that all others should look like.
        """
        self.measures = [name for name in measured if name != "compare" or reference is not None]
        self._reference = reference
        there = {tool.name: tool for tool in tools or load_tools()}
        self.tools = [there[name] for name in LOOKING if name in there]
        self.focus = list(focus)
        self._models = models

    def open(self, path: Path) -> Workspace:
        """An image file, which gets the id `img-1`, ready to be looked at.

        Raises:
            UserError: If it cannot be read as an image.
        """
        return Workspace.open([path], self._models)

    def __call__(self, workspace: Workspace, before: Seen | None = None) -> Seen:
        """Look at the one image of a workspace.

        Args:
            workspace: With the image.
            before: What was seen of it earlier in the same way; only what could not look then looks again.

        Raises:
            UserError: If the model that finds things cannot be loaded.
        """
        (image,) = workspace.images
        known = {look.tool: look for look in before.looks if look.error is None} if before else {}
        calls = Calls(workspace, self.tools)
        looks = [known.get(tool.name) or self._look(tool.name, image.id, calls) for tool in self.tools]
        looks += [self._measure(name, workspace.image(image.id), image.id, looks) for name in self.measures]
        pixels = workspace.image(image.id)
        things = [
            one for look in looks if look.observation and look.tool == FINDER for one in look.observation.entities
        ]
        return Seen(image=image, looks=tuple(looks), appearance={thing.id: look_of(pixels, thing) for thing in things})

    @property
    def signature(self) -> tuple[object, ...]:
        """What must be the same for an image to be seen in the same way: program, tools, models and arguments."""
        reference = hashlib.sha256(self._reference.tobytes()).hexdigest() if self._reference else ""
        models = {tool.name: self._model(tool.name) for tool in self.tools}
        return version("scenograph"), models, self.focus, self.measures, reference

    def _model(self, tool: str) -> str:
        """All that the catalog says of a tool's model: classes and confidence count as the weights do."""
        try:
            return self._models.entry(LOOKING[tool]).model_dump_json()
        except UserError:
            return ""

    def _measure(self, name: str, pixels: Image.Image, image_id: str, looks: Sequence[Look]) -> Look:
        began = time.perf_counter()
        match name:
            case "regions":
                observation = measures.bright_regions(pixels, image_id)
            case "shelf":
                things = [one for look in looks if look.observation for one in look.observation.entities]
                observation = measures.gaps([one for one in things if one.tool == FINDER], image_id)
            case _:
                observation = measures.differences(pixels, image_id, self._reference or pixels)
        return Look(tool=name, observation=observation, seconds=time.perf_counter() - began)

    def _look(self, tool: str, image_id: str, calls: Calls) -> Look:
        arguments: dict[str, Any] = {"labels": self.focus} if tool == FINDER else {}
        began = time.perf_counter()
        try:
            observation = calls(tool, call_id=f"{image_id}-{tool}", image_id=image_id, **arguments)
        except ToolError as error:
            return Look(tool=tool, error=str(error))
        except UserError as error:
            if tool == FINDER:
                raise
            return Look(tool=tool, error=str(error))
        return Look(tool=tool, observation=observation, seconds=time.perf_counter() - began)
