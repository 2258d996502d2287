"""Two sets of rules for a BFCL task: the leaderboard's own, from its published description, and ours.

The leaderboard's "AST" rules (gorilla.cs.berkeley.edu/blogs/8_berkeley_function_calling_leaderboard.html): the number
of calls must agree; calls are paired greedily; a function's name, its required arguments and the absence of others are
checked; a value must be of the schema's type, where an integer will do for a float, and equal an accepted one, strings
without case, blanks and a few signs. On irrelevance a task passes if nothing that can be read as a call came back.

Ours differ in four ways: calls are paired by a maximum matching; numbers compare by value, so that 2.0 does for 2;
strings keep their signs, for "a-b" is not "ab"; and on irrelevance the model must have declined, and said so in a call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from evals.metrics.called import Called
from evals.metrics.comparators import evaluate, plain, same
from evals.metrics.matching import matched

PYTHON = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}
_NUMBERED = re.compile(r"[\d\s./-]+")
Schemas = Mapping[str, Mapping[str, Any]]


def official(made: Sequence[Called], due: Sequence[Called], schemas: Schemas) -> str | None:
    """Why a task fails by the leaderboard's rules; none if it passes.

    Args:
        made: What was called, `answer` left out.
        due: The accepted calls, each argument a list of accepted values; none for irrelevance.
        schemas: Of the functions' parameters.
    """
    if not due:
        return f"called {made[0].tool}" if made else None
    if len(made) != len(due):
        return f"{len(made)} calls for {len(due)}"
    left = list(made)
    for call in due:
        faults = [_official_call(one, call, schemas.get(call.tool, {})) for one in left]
        if None not in faults:
            return f"{call.tool}: {faults[0]}"
        left.pop(faults.index(None))
    return None


def _official_call(made: Called, due: Called, schema: Mapping[str, Any]) -> str | None:
    if made.tool != due.tool:
        return f"called {made.tool}"
    if missing := [name for name in schema.get("required", []) if name not in made.arguments]:
        return f"{', '.join(missing)} missing"
    properties = schema.get("properties", {})
    for name, value in made.arguments.items():
        if name not in properties or name not in due.arguments:
            return f"{name} unknown"
        if fault := _official_value(value, due.arguments[name], properties[name].get("type")):
            return f"{name}: {fault}"
    absent = [name for name, options in due.arguments.items() if name not in made.arguments and "" not in options]
    return f"{', '.join(absent)} missing" if absent else None


def _official_value(value: Any, options: Sequence[Any], kind: str | None) -> str | None:
    expected = PYTHON.get(kind or "")
    if expected is float and type(value) is int:
        value = float(value)
    # An accepted value of another type stands for a variable: then a value of that type will do.
    if (
        expected is not None
        and type(value) is not expected
        and type(value) not in {type(one) for one in options if one != ""}
    ):
        return f"{value!r} is no {kind}"
    if any(_official_same(value, one) for one in options):
        return None
    return f"{value!r} is none of {list(options)}"


def _official_same(value: Any, option: Any) -> bool:
    if isinstance(value, dict) and isinstance(option, dict):
        if value.keys() - option.keys():
            return False
        absent = [key for key in option if key not in value and "" not in option[key]]
        return not absent and all(any(_official_same(value[key], one) for one in option[key]) for key in value)
    if isinstance(value, list) and isinstance(option, list):
        return len(value) == len(option) and all(_official_same(a, b) for a, b in zip(value, option, strict=True))
    if isinstance(value, str) and isinstance(option, str):
        return _squeezed(value) == _squeezed(option)
    return type(value) is type(option) and bool(value == option) or (_numbers(value, option) and value == option)


def _squeezed(text: str) -> str:
    return re.sub(r"[ ,./\-_*^]", "", text).lower().replace("'", '"')


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def ours(made: Sequence[Called], due: Sequence[Called], schemas: Schemas, *, declined: bool) -> str | None:
    """Why a task fails by our rules; none if it passes.

    Args:
        made: As for `official`.
        due: Likewise.
        schemas: Likewise.
        declined: Whether the model said that it cannot help.
    """
    if not due:
        return f"called {made[0].tool}" if made else None if declined else "did not decline"
    if len(made) != len(due):
        return f"{len(made)} calls for {len(due)}"
    faults = {
        (a, b): fault(one, call, schemas.get(call.tool, {})) for a, one in enumerate(made) for b, call in enumerate(due)
    }
    pairs = matched(range(len(made)), range(len(due)), lambda a, b: float(faults[a, b] is None))
    if len(pairs) == len(due):
        return None
    left = min(set(range(len(due))) - {column for _, column, _ in pairs})
    free = sorted(set(range(len(made))) - {row for row, _, _ in pairs})
    return f"{due[left].tool}: {next((told for row in free if (told := faults[row, left])), 'made twice')}"


def fault(made: Called, due: Called, schema: Mapping[str, Any]) -> str | None:
    """What is wrong with one call by our rules."""
    if made.tool != due.tool:
        return f"called {made.tool}"
    given = {
        name: value
        for name, value in made.arguments.items()
        if value is not None or None in due.arguments.get(name, [])
    }
    if strange := given.keys() - due.arguments.keys():
        return f"{', '.join(sorted(strange))} unknown"
    required = set(schema.get("required", []))
    for name, options in due.arguments.items():
        if name not in given:
            if name in required or "" not in options:
                return f"{name} missing"
        elif not any(_same(given[name], one) for one in options):
            return f"{name}: {given[name]!r} is none of {options}"
    return None


def _same(value: Any, option: Any) -> bool:
    if isinstance(value, bool) or isinstance(option, bool):
        return value is option
    if _numbers(value, option):
        return same("number", value, option)
    if isinstance(value, str) and isinstance(option, str):
        # A date or a telephone number is no subtraction.
        counted = not _NUMBERED.fullmatch(value) and evaluate(value) is not None
        return plain(value) == plain(option) or (counted and same("expression", value, option))
    if isinstance(value, dict) and isinstance(option, dict):
        absent = [key for key in option if key not in value and "" not in option[key]]
        inside = value.keys() <= option.keys()
        return inside and not absent and all(any(_same(value[key], one) for one in option[key]) for key in value)
    if isinstance(value, list) and isinstance(option, list):
        return len(value) == len(option) and all(_same(a, b) for a, b in zip(value, option, strict=True))
    return bool(value == option)


def first(due: Called, schema: Mapping[str, Any]) -> dict[str, Any]:
    """An accepted call's arguments: of each that must be given the first accepted value."""
    required = set(schema.get("required", []))
    return {name: _first(options) for name, options in due.arguments.items() if name in required or "" not in options}


def _first(options: Sequence[Any]) -> Any:
    value = next((one for one in options if one != ""), "")
    return _filled(value)


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _first(options) for key, options in value.items() if "" not in options}
    if isinstance(value, list):
        return [_filled(one) for one in value]
    return value
