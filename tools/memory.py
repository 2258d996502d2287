"""How much memory the tools' models may hold, how a GPU is shared with the planner, and what to do when it is short."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import psutil
from pydantic import ByteSize, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tools.settings import read_settings

Item = TypeVar("Item")
Result = TypeVar("Result")


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
            names = "SCENOGRAPH_PLANNER_GPU and SCENOGRAPH_TOOLS_GPU"
            raise ValueError(f"{names}: the planner's and the tools' share of a GPU exceed 1 together")
        return self


def settings() -> Memory:
    """The settings of this process.

    Raises:
        UserError: A variable does not hold what it should.
    """
    return read_settings(Memory)


def with_room(
    run: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item], to_cpu: Callable[[], None]
) -> list[Result]:
    """Run a batch; when the GPU's memory is too small for it, once more in halves, and then on the CPU.

    Args:
        run: Gives a result for each item, in order.
        items: The batch.
        to_cpu: Makes `run` go on on the CPU from now on.
    """
    import torch

    half = (len(items) + 1) // 2
    try:
        return run(items)
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
    if half < len(items):
        logging.getLogger(__name__).warning("the GPU has no memory for %d images at once: trying %d", len(items), half)
        try:
            return run(items[:half]) + run(items[half:])
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
    logging.getLogger(__name__).warning("the GPU has no memory for the tools: going on on the CPU")
    to_cpu()
    return run(items)
