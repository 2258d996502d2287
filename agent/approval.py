"""Who agrees to calls that are costly or lasting: a policy, or a person whom the run waits for. Asking is for verbs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from graphs.types import Frozen
from tools.errors import UserError, misfit

Decision = Literal["ask", "allow", "deny"]


class Policy(Frozen):
    """What is decided beforehand; a file of this form is TOML: `default = "ask"`, then `[tools]` with `edit = "deny"`.

    Attributes:
        default: For tools that are not named.
        tools: By tool.
    """

    default: Decision = "ask"
    tools: dict[str, Decision] = Field(default_factory=dict)

    def decide(self, tool: str) -> Decision:
        """What is decided about calls of a tool."""
        return self.tools.get(tool, self.default)


class Pending(Frozen):
    """A call that waits for a person.

    Attributes:
        id: Of LangGraph's interrupt, which the decision names.
        tool: Its name.
        arguments: Its arguments.
    """

    id: str
    tool: str
    arguments: dict[str, Any]


def load(path: Path | None, *, yes: bool = False) -> Policy:
    """The policy of a file; without one, everything is asked, or allowed with `yes`.

    Raises:
        UserError: The file is missing, or is no policy.
    """
    if path is None:
        return Policy(default="allow" if yes else "ask")
    try:
        policy = Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"cannot read the policy {path} ({error.strerror}): check --policy") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"the policy {path} is no TOML ({error}): correct it") from error
    except ValidationError as error:
        raise UserError(f"the policy {path}: {misfit(error.errors()[0])}") from error
    return policy.model_copy(update={"default": "allow"}) if yes and policy.default == "ask" else policy
