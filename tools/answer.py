"""The tool that ends a run. Whether the evidence bears the answer out is checked by the agent."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from graphs.types import Observation
from tools.vision_tool import Label, vision_tool

Value = int | float | bool | Annotated[str, Field(max_length=64)] | Annotated[list[Label], Field(max_length=40)] | None
Evidence = Annotated[list[Annotated[str, Field(max_length=28)]], Field(max_length=40)]


@vision_tool
def answer(text: Annotated[str, Field(max_length=400)], value: Value, evidence: Evidence) -> Observation:
    """Give the answer and end.

    Args:
        text: The answer in a sentence.
        value: The answer itself; null if it could not be established.
        evidence: Ids of the things, or images, that it rests on.
    """
    return Observation(text=text)
