"""Reads transcripts of tool calls, one JSON object a line, to train planners on. Images stand beside, by path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.errors import UserError


class Transcript(BaseModel):
    """One conversation, in OpenAI's chat format; the planner learns to write what its `assistant` messages hold.

    Attributes:
        messages: With `role` and `content`; those of the assistant with `tool_calls`, those of a tool with
            `tool_call_id`.
        tools: The tools that were offered, as function schemas.
        images: Files, relative to the transcripts', in the order in which the messages show them.
    """

    model_config = ConfigDict(extra="ignore")

    messages: list[dict[str, Any]] = Field(min_length=2)
    tools: list[dict[str, Any]] = Field(default_factory=list)
    images: list[str] = Field(default_factory=list)


def read_transcripts(path: Path) -> list[Transcript]:
    """Read a JSONL file.

    Raises:
        UserError: If it cannot be read, a line is no transcript, nothing in it is to be learnt, or an image is missing.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as transcripts: {error}") from error
    found = [_one(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if len(found) < 2:
        raise UserError(f"{path} holds {len(found)} transcripts: training needs some, and some to validate on")
    return found


def _one(path: Path, number: int, line: str) -> Transcript:
    where = f"{path} line {number}"
    try:
        read = Transcript.model_validate(json.loads(line))
    except (ValueError, ValidationError) as error:
        raise UserError(f"{where} is no transcript: it needs messages and tools as a JSON object") from error
    roles = {str(message.get("role")) for message in read.messages}
    if "assistant" not in roles:
        raise UserError(f"{where} has no message of the assistant: there is nothing to learn from it")
    if unknown := roles - {"system", "user", "assistant", "tool"}:
        raise UserError(f"{where} has a message of {unknown.pop()!r}: roles are system, user, assistant and tool")
    try:
        for call in (call for message in read.messages for call in message.get("tool_calls") or ()):
            given = call["function"]["arguments"]
            if not isinstance(json.loads(given) if isinstance(given, str) else given, dict):
                raise TypeError
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{where} has a tool call that is not in OpenAI's form: function, name, arguments") from error
    for name in read.images:
        if not (path.parent / name).is_file():
            raise UserError(f"{where} shows {name}, which is not beside it")
    return read
