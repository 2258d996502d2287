"""How much memory the tools' models may hold, and how a GPU is shared with the planner. Settings only."""

from __future__ import annotations

import psutil
from pydantic import ByteSize, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tools.errors import UserError


class Memory(BaseSettings):
    """From the environment: SCENOGRAPH_TOOLS_MEMORY, SCENOGRAPH_PLANNER_GPU and SCENOGRAPH_TOOLS_GPU.

    Attributes:
        tools_memory: Bytes that the loaded models of the tools may need together, such as `6GB`; when another would
            exceed it, the least recently used leave. By default half of the machine's.
        planner_gpu: Share of a GPU's memory for the planner that vLLM serves there.
        tools_gpu: Share for the tools' models; together not more than 1.
    """

    model_config = SettingsConfigDict(env_prefix="SCENOGRAPH_", env_ignore_empty=True)

    tools_memory: ByteSize = Field(default_factory=lambda: ByteSize(psutil.virtual_memory().total // 2))
    planner_gpu: float = Field(default=0.75, gt=0, le=1)
    tools_gpu: float = Field(default=0.2, gt=0, le=1)

    @model_validator(mode="after")
    def _fits(self) -> Memory:
        if self.planner_gpu + self.tools_gpu > 1:
            raise ValueError("the planner's and the tools' share of a GPU exceed 1 together")
        return self


def settings() -> Memory:
    """The settings of this process.

    Raises:
        UserError: A variable does not hold what it should.
    """
    try:
        return Memory()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper() or "PLANNER_GPU and SCENOGRAPH_TOOLS_GPU"
        raise UserError(f"SCENOGRAPH_{name}: {first['msg'].removeprefix('Value error, ')}") from error
