"""What a person sets of a recipe: `--set name=value` over the recipe's defaults. Recipes say which names there are."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import yaml

from tools.errors import UserError


def options(defaults: Mapping[str, Any], known: Collection[str], given: Sequence[str]) -> dict[str, Any]:
    """The defaults of a recipe with what a person set.

    Args:
        defaults: The recipe's own.
        known: All the names that may be set.
        given: `name=value`, the value as YAML writes it.

    Raises:
        UserError: If one has no `=`, its value is no YAML, or its name is not known.
    """
    chosen = dict(defaults)
    for one in given:
        name, equals, text = one.partition("=")
        if not equals:
            raise UserError(f"--set takes name=value, not {one!r}")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.7)
            raise UserError(f"this recipe has no option {name!r}" + (f"; nearest: {', '.join(near)}" if near else ""))
        try:
            chosen[name] = read_value(text)
        except yaml.YAMLError as error:
            raise UserError(f"--set {one}: the value is not YAML") from error
        if isinstance(defaults.get(name), float) and not isinstance(chosen[name], float | int):
            raise UserError(f"--set {one}: {name} is a number, such as {defaults[name]}")
    return chosen


def positive(chosen: Mapping[str, Any], name: str) -> int:
    """An option that counts something.

    Raises:
        UserError: If it is no whole number from 1 on.
    """
    value = chosen[name]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UserError(f"{name} is a whole number from 1 on, not {value!r}")
    return value


def read_value(text: str) -> Any:
    """A value as YAML writes it; `1e-3` is a number too, which YAML 1.1 reads as text.

    Raises:
        yaml.YAMLError: If it is none.
    """
    value = yaml.safe_load(text)
    return float(value) if isinstance(value, str) and _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
