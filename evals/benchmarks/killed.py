"""Runs that are killed at random moments: that each goes on to its end, loses no step, and does nothing twice."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from langgraph.prebuilt import ToolRuntime
from langgraph.store.sqlite.aio import AsyncSqliteStore
from pydantic import BaseModel

from agent.acting import Shared
from agent.approval import Policy
from agent.run import Run
from evals.benchmarks.bench import QUESTION, agent, look, picture
from evals.benchmarks.scripted import serving
from graphs.types import Observation
from tools.vision_tool import ImageId, Labels, vision_tool
from tools.workspace import Workspace

STEPS = 6
EFFECTS, ENDED = "effects.txt", "run.json"


@vision_tool(approval=True)
def stamp(image_id: ImageId, labels: Labels, runtime: ToolRuntime[Workspace]) -> Observation:
    """Stamp an image, which leaves a mark for good.

    Args:
        image_id: Which image to stamp.
        labels: With what.
        runtime: Of the call; hidden from the model.
    """
    time.sleep(random.uniform(0, 0.01))
    folder = Path(runtime.context.images[0].path).parent
    with (folder / EFFECTS).open("a") as effects:
        effects.write(f"{runtime.tool_call_id}\n")
    time.sleep(random.uniform(0, 0.01))
    return Observation(text="stamped")


class Killed(BaseModel):
    """What became of the runs.

    Attributes:
        kills: How many there were.
        runs: How many runs were killed, once or often; all of them ended.
        lost: Steps that the record of a run lacks, or that it tells of though they left no mark.
        twice: Marks that were left more than once.
        unsure: Calls of which the model was told that they were cut short and may have taken effect.
    """

    kills: int = 0
    runs: int = 0
    lost: int = 0
    twice: int = 0
    unsure: int = 0


def measure(kills: int, each: Callable[[], None], seed: int = 0) -> Killed:
    """Kill processes until that many died in the middle of a run.

    Args:
        kills: How many.
        each: Is called after each.
        seed: Of the moments.
    """
    rng, result = random.Random(seed), Killed()
    with serving(STEPS, "look", "stamp") as url, tempfile.TemporaryDirectory() as name:
        whole = _lasts(url, Path(name) / "whole")
        while result.kills < kills:
            folder = Path(name) / f"run-{result.runs}"
            died = 0
            while result.kills + died < kills and _dies(url, folder, rng.uniform(0, whole)):
                died += 1
                each()
            if not (folder / ENDED).exists():
                _lasts(url, folder)
            result.kills += died
            result.runs += died > 0
            _count(folder, result)
    return result


def _count(folder: Path, result: Killed) -> None:
    run = Run.model_validate_json((folder / ENDED).read_bytes())
    marks = Counter((folder / EFFECTS).read_text().split())
    told = {step.call_id: step for step in run.steps if step.tool == "stamp"}
    stamped = [name for name, step in told.items() if step.observation is not None]
    expected = [f"call-{number}" for number in range(1, 2 * STEPS + 2)]
    result.lost += sum(name not in {step.call_id for step in run.steps} for name in expected)
    result.lost += sum(name not in marks for name in stamped)
    result.twice += sum(count - 1 for count in marks.values())
    result.unsure += sum("cut short" in (step.error or "") for step in told.values())


def _process(url: str, folder: Path) -> multiprocessing.process.BaseProcess:
    """A run in a process that is forked, for to import everything anew would take longer than the run."""
    folder.mkdir(exist_ok=True)
    process = multiprocessing.get_context("fork").Process(target=_run, args=(url, folder))
    process.start()
    return process


def _lasts(url: str, folder: Path) -> float:
    """Let a run come to its end; gives the seconds that it took."""
    began = time.perf_counter()
    _process(url, folder).join()
    assert (folder / ENDED).exists(), "the run did not come to its end"
    return time.perf_counter() - began


def _dies(url: str, folder: Path, seconds: float) -> bool:
    """Kill a run after so many seconds; gives whether it was still going on."""
    process = _process(url, folder)
    process.join(seconds)
    process.kill()
    process.join()
    return not (folder / ENDED).exists()


def _run(url: str, folder: Path) -> None:
    asyncio.run(_answer(url, folder))


async def _answer(url: str, folder: Path) -> None:
    shown = picture(folder / "picture.png") if not (folder / "picture.png").exists() else folder / "picture.png"
    async with AsyncSqliteStore.from_conn_string(str(folder / "ledger.sqlite")) as ledger:
        await ledger.setup()
        shared, allowed = Shared(ledger=ledger), Policy(default="allow")
        async with agent(url, folder / "kept.sqlite", [look, stamp], allowed, shared) as (made, _):
            run = await made.ask(Workspace.open([shown]), QUESTION, run_id="run")
    draft = folder / f"{ENDED}.{os.getpid()}"
    draft.write_text(run.model_dump_json())
    draft.rename(folder / ENDED)
