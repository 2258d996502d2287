"""Whether calls could be made at all: a tool that exists, with arguments that fit it. Sense is scored elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.tools import BaseTool
from pydantic import BaseModel, ValidationError

from evals.metrics.called import Called


def schemas_of(tools: Sequence[BaseTool]) -> dict[str, type[BaseModel]]:
    """The schema of each tool's arguments, by its name."""
    schemas: dict[str, Any] = {tool.name: tool.tool_call_schema for tool in tools}
    return schemas


def is_valid(call: Called, schemas: Mapping[str, type[BaseModel]]) -> bool:
    """Whether a call names a tool that exists and fits its schema.

    The valid-call rate is valid calls / all calls, those of `answer` among them (the "format" part of the AST check of
    BFCL). Output that is no call at all counts as one call that is not valid; a tool that then finds nothing, or says
    that it does not know a label, was called rightly.

    Args:
        call: What the model called.
        schemas: Of the tools that were offered.
    """
    schema = schemas.get(call.tool)
    if schema is None:
        return False
    try:
        schema.model_validate(call.arguments)
    except ValidationError:
        return False
    return not call.arguments.keys() - schema.model_fields.keys()
