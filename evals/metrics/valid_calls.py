"""Whether calls could be made at all: a tool that exists, with arguments that fit it. Sense is scored elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evals.metrics.called import Called
from evals.metrics.schema import misfit

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

Schemas = Mapping[str, Mapping[str, Any]]
"""The JSON schema of each tool's arguments, by its name."""


def snapshot(tools: Iterable[BaseTool]) -> list[dict[str, Any]]:
    """The tools as they stand, in OpenAI's form: what a log keeps, so that its calls can be judged later."""
    from langchain_core.utils.function_calling import convert_to_openai_tool

    return [convert_to_openai_tool(tool) for tool in tools]


def schemas_of(offered: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The schemas of tools in OpenAI's form; arguments that a schema does not name are unknown to it."""
    functions = [one["function"] for one in offered]
    return {one["name"]: {"additionalProperties": False, **one["parameters"]} for one in functions}


def fault(call: Called, schemas: Schemas) -> str | None:
    """What is wrong with a call, if it could not be made; an argument that is null counts as left out."""
    if call.tool not in schemas:
        return f"no tool {call.tool!r}"
    schema = schemas[call.tool]
    optional = call.arguments.keys() - set(schema.get("required", []))
    given = {name: one for name, one in call.arguments.items() if one is not None or name not in optional}
    return misfit(given, schema)


def is_valid(call: Called, schemas: Schemas) -> bool:
    """Whether a call names a tool that exists and fits its schema.

    The valid-call rate is valid calls / all calls, those of `answer` among them (the "format" part of the AST check of
    BFCL). Output that is no call at all counts as one call that is not valid; a tool that then finds nothing, or says
    that it does not know a label, was called rightly. Whether it was right to call at all is `abstention`'s to say.

    Args:
        call: What the model called.
        schemas: Of the tools that were offered.
    """
    return fault(call, schemas) is None


def invented(calls: Sequence[Called], schemas: Schemas) -> tuple[int, int]:
    """How many calls name a tool that was not offered, and how many arguments no offered tool takes.

    The hallucination rates of ToolBeHonest (arXiv 2406.20015), on calls and on arguments of tools that exist.
    """
    known = [call for call in calls if call.tool in schemas]
    strange = (call.arguments.keys() - schemas[call.tool].get("properties", {}).keys() for call in known)
    return len(calls) - len(known), sum(map(len, strange))


def forbidden(calls: Sequence[Called], names: Sequence[str]) -> Counter[str]:
    """How often each tool was called that must not be."""
    return Counter(call.tool for call in calls if call.tool in names)
