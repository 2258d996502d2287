"""Requests go on while a LoRA planner is loaded into the running server and becomes the one in use.

`python -m finetune.benchmarks.hot_swap` starts the real server, keeps 200 requests going, 16 at a time, and swaps after
a third of them. It prints how many failed, and how long after the swap the first answer of the new planner came.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from agent import processes
from agent.llm import client, embedded, server
from agent.processes import Running
from tools.catalog import ModelEntry, Source, find, own, sealed
from tools.catalog.changes import choose, choose_all, keep, remove
from tools.errors import UserError

NAME = "hot-swap"
TOKENS = 8
"""Of an answer: the swap is measured, not the planner."""

TIMEOUT = 600.0


def write_adapter(folder: Path) -> ModelEntry:
    """Put a small random LoRA over the embedded planner into the catalog, as a candidate."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import Idefics3ForConditionalGeneration

    base = find("diorama-planner")
    torch.manual_seed(0)
    model = Idefics3ForConditionalGeneration.from_pretrained(embedded.assemble(base))
    adapted = get_peft_model(model, LoraConfig(r=8, target_modules=r".*text_model\..*_proj"))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.01)
    adapted.save_pretrained(str(folder))
    source = Source(kind="file", location=str(folder.resolve()))
    entry = ModelEntry(
        name=NAME,
        task="plan",
        backend="vllm",
        sources=(source,),
        tools=base.tools,
        licence=base.licence,
        base=base.name,
    )
    keep(sealed(entry))
    return find(NAME)


@contextmanager
def serving() -> Iterator[Running]:
    """The real server with the embedded planner and room for adapters; stopped, and the choice undone, at the end."""
    os.environ["SCENOGRAPH_LLM_ADAPTERS"] = "1"
    chosen = own().chosen
    choose_all({**chosen, "plan": "diorama-planner"})
    try:
        (state,) = processes.up([server.SERVER], lambda line: None, seconds=1800)
        yield state
    finally:
        choose_all(chosen)
        processes.down(server.SERVER.name)


async def swap(state: Running, entry: ModelEntry, count: int, at_once: int) -> dict[str, Any]:
    """Send requests to whichever planner is in use, and put another one to use after a third of them.

    Returns:
        `failed`: why, of each request that failed; `old`, `new`: answers of each planner; `loaded`, `first`: seconds
        from the start of the swap until the planner was in use, and until its first answer; `seconds`: of all.
    """
    answered: list[tuple[str, float]] = []
    failed: list[str] = []
    swapped: list[float] = []
    room = asyncio.Semaphore(at_once)

    async def ask(number: int) -> None:
        async with room:
            if number == count // 3:
                swapped.append(time.perf_counter())
                await asyncio.to_thread(server.take_up, entry)
                choose(entry.name)
                swapped.append(time.perf_counter())
            try:
                endpoint = await asyncio.to_thread(server.endpoint, state, TIMEOUT)
                async with client.http_client(endpoint) as http:
                    llm = client.chat_model(endpoint, http, max_retries=0)
                    with client.failures(llm):
                        reply = await llm.ainvoke(f"What is {number} dogs and a cat?", max_completion_tokens=TOKENS)
                answered.append((str(reply.response_metadata["model_name"]), time.perf_counter()))
            except UserError as error:
                failed.append(str(error))

    began = time.perf_counter()
    await asyncio.gather(*map(ask, range(count)))
    new = [moment for model, moment in answered if model != server.MODEL_NAME]
    return {
        "requests": count,
        "failed": failed,
        "old": len(answered) - len(new),
        "new": len(new),
        "loaded": round(swapped[1] - swapped[0], 2),
        "first": round(min(new) - swapped[0], 2) if new else None,
        "seconds": round(time.perf_counter() - began, 1),
    }


def main(
    count: Annotated[int, typer.Option(min=3, help="Requests in all.")] = 200,
    at_once: Annotated[int, typer.Option(min=1, help="In flight at any time.")] = 16,
) -> None:
    """Swap planners under load, and print what became of the requests."""
    with TemporaryDirectory() as folder, serving() as state:
        entry = write_adapter(Path(folder))
        try:
            print(json.dumps(asyncio.run(swap(state, entry, count, at_once))))
        finally:
            remove(NAME)


if __name__ == "__main__":
    typer.run(main)
