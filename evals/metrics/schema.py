"""Whether plain JSON fits a schema of a tool as models are given it: the part of JSON Schema that tools use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
    "null": (type(None),),
}


def misfit(value: Any, schema: Schema, root: Schema | None = None, place: str = "") -> str | None:
    """Say what is wrong with a value, in a few words.

    Known are `type`, `enum`, `const`, `anyOf`, `properties`, `required`, `additionalProperties`, `items`, `minimum`,
    `maximum`, `minLength`, `maxLength`, `minItems`, `maxItems` and `$ref` within the document (JSON Schema, draft
    2020-12). Booleans are no numbers, and 2.0 is an integer.

    Args:
        value: Plain JSON data.
        schema: What it shall fit.
        root: The document that `$ref` refers to; by default the schema itself.
        place: Where the value stands, for the words.

    Returns:
        The first fault, or none.
    """
    root = schema if root is None else root
    if (reference := schema.get("$ref")) is not None:
        return misfit(value, _referred(root, reference), root, place)
    if "anyOf" in schema:
        faults = [misfit(value, one, root, place) for one in schema["anyOf"]]
        return None if None in faults else faults[0]
    where = f"{place}: " if place else ""
    if "const" in schema and value != schema["const"]:
        return f"{where}{value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where}{value!r} is none of {schema['enum']}"
    named = schema.get("type", [])
    types = [named] if isinstance(named, str) else named
    if types and not any(_is(value, name) for name in types):
        return f"{where}{value!r} is no {' or '.join(types)}"
    return _bounds(value, schema, where) or _inside(value, schema, root, place)


def _referred(root: Schema, reference: str) -> Schema:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES[name])


def _bounds(value: Any, schema: Schema, where: str) -> str | None:
    if isinstance(value, str | list):
        names = ("minLength", "maxLength") if isinstance(value, str) else ("minItems", "maxItems")
        size: float = len(value)
    elif isinstance(value, int | float):
        names, size = ("minimum", "maximum"), value
    else:
        return None
    if size < schema.get(names[0], size):
        return f"{where}{size} is below {names[0]} {schema[names[0]]}"
    if size > schema.get(names[1], size):
        return f"{where}{size} is above {names[1]} {schema[names[1]]}"
    return None


def _inside(value: Any, schema: Schema, root: Schema, place: str) -> str | None:
    if isinstance(value, list) and "items" in schema:
        faults = (misfit(one, schema["items"], root, f"{place}[{n}]") for n, one in enumerate(value))
        return next((fault for fault in faults if fault), None)
    if not isinstance(value, dict):
        return None
    properties: Mapping[str, Schema] = schema.get("properties", {})
    if missing := [name for name in schema.get("required", []) if name not in value]:
        return f"{place or 'arguments'}: {', '.join(missing)} missing"
    if schema.get("additionalProperties") is False and (strange := value.keys() - properties.keys()):
        return f"{place or 'arguments'}: {', '.join(sorted(strange))} unknown"
    inner = ((name, value[name], one) for name, one in properties.items() if name in value)
    found = (misfit(one, of, root, f"{place}.{name}".lstrip(".")) for name, one, of in inner)
    return next((fault for fault in found if fault), None)
