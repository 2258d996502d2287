"""The errors that are meant for the model or for the person at the keyboard; any other that is raised is a bug."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class ToolError(Exception):
    """Told to the model, which can try again: one line that says what to do differently."""


class UnknownName(ToolError):
    """A call named a tool, an id or a label that does not exist; the line says which there are."""


class UserError(Exception):
    """Printed to the person: one line that says what is wrong and what to do about it."""


def misfit(found: ErrorDetails) -> str:
    """One thing that pydantic finds wrong with data, as `place.in.it: what is wrong`."""
    return f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
