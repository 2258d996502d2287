"""What a multimodal model says of a picture, and how it is asked. Who serves the model, the agent knows."""

from __future__ import annotations

from typing import Annotated, Protocol

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field


class Attribute(BaseModel):
    """One thing that is seen of what a picture shows, such as `material: wood`."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=24)]
    value: Annotated[str, Field(min_length=1, max_length=48)]


class Description(BaseModel):
    """What a model says of a picture: a form that structured outputs hold it to."""

    model_config = ConfigDict(extra="forbid")

    sentence: Annotated[str, Field(min_length=1, max_length=300)]
    attributes: Annotated[list[Attribute], Field(max_length=12)]


class Seer(Protocol):
    """A multimodal model that looks at pictures.

    Attributes:
        name: Of the model; evidence names it.
    """

    name: str

    def __call__(self, image: Image.Image, request: str) -> Description:
        """Describe a picture as the request says.

        Raises:
            ToolError: If what it said is no description.
            UserError: If it cannot be reached.
        """
