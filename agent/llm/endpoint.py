"""Where the planner's model is served: the environment's settings and an endpoint. Calling it is `agent.llm.client`."""

from __future__ import annotations

import unicodedata

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, field_serializer
from pydantic_settings import BaseSettings, SettingsConfigDict

from tools.errors import UserError
from tools.settings import read_settings

_HTTP = TypeAdapter(AnyHttpUrl)


class Settings(BaseSettings):
    """The model server, from the environment: SCENOGRAPH_LLM_URL, _MODEL, _KEY, _TIMEOUT and _ADAPTERS.

    Attributes:
        url: Base URL, ending in `/v1`; None means the embedded model.
        model: Name of the model at that server.
        key: Its API key, if it wants one.
        timeout: Seconds that one request may take.
        adapters: Whether our own server has room for LoRA adapters before one is in use, so that the first needs no
            restart.
    """

    model_config = SettingsConfigDict(env_prefix="SCENOGRAPH_LLM_", env_ignore_empty=True)

    url: str | None = None
    model: str | None = None
    key: SecretStr | None = None
    timeout: float = Field(default=60.0, gt=0, le=3600)
    adapters: bool = False


class Endpoint(BaseModel):
    """A model at a server, complete; its key shows in JSON, which the client sends to the service, and nowhere else.

    Attributes:
        url: Base URL, ending in `/v1`.
        model: Its name at that server.
        key: The server's API key.
        timeout: Seconds that one request may take.
        tools: Names of the tools that it is offered; empty for all.
        scripts: The scripts that it reads questions in, such as `LATIN`; empty for all.
    """

    model_config = ConfigDict(frozen=True)

    url: str
    model: str
    key: SecretStr = SecretStr("none")
    timeout: float = 60.0
    tools: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    def check_reads(self, question: str) -> None:
        """Refuse a question in writing that the model would only guess at.

        Raises:
            UserError: Most of its letters are of other scripts.
        """
        letters = [char for char in question if char.isalpha()]
        own = [char for char in letters if unicodedata.name(char, "").startswith(self.scripts)]
        if self.scripts and 2 * len(own) < len(letters):
            raise UserError(f"{self.model} reads English alone: ask in English, or use a large model (see the README)")

    @field_serializer("key", when_used="json")
    def _plain(self, key: SecretStr) -> str:
        return key.get_secret_value()


def settings() -> Settings:
    """The settings of this process.

    Raises:
        UserError: A variable does not hold what it should.
    """
    return read_settings(Settings)


def configured(given: Settings) -> Endpoint | None:
    """The server that the environment points to, or None for the embedded one.

    Raises:
        UserError: A URL without a model, or one that is no URL.
    """
    if given.url is None:
        return None
    try:
        _HTTP.validate_python(given.url)
    except ValidationError as error:
        raise UserError(f"SCENOGRAPH_LLM_URL is no http(s) URL: {given.url}") from error
    if given.model is None:
        raise UserError("SCENOGRAPH_LLM_URL is set: set SCENOGRAPH_LLM_MODEL to the name of a model there too")
    return Endpoint(
        url=given.url.rstrip("/"), model=given.model, key=given.key or SecretStr("none"), timeout=given.timeout
    )
