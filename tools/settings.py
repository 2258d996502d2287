"""Settings from the environment, read as they are asked for. What there is to set stands beside what it configures."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from tools.errors import UserError

Settings = TypeVar("Settings", bound=BaseSettings)


def read_settings(kind: type[Settings]) -> Settings:
    """Settings of a kind as the environment has them now.

    Raises:
        UserError: A variable does not hold what it should; the line names it.
    """
    try:
        return kind()
    except ValidationError as error:
        first = error.errors()[0]
        name = kind.model_config.get("env_prefix", "") + "_".join(map(str, first["loc"])).upper()
        said = first["msg"].removeprefix("Value error, ")
        # What concerns several variables names them itself.
        raise UserError(f"{name}: {said}" if first["loc"] else said) from error
