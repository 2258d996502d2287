"""Transcripts of staged runs: the real flow and tools, a teacher for the model, the truth for the detector.

What the planner is to learn stands in them; `finetune.plan` trains it on them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image
from pydantic import BaseModel, SecretStr

from evals.diorama.cases import WEIGHTS as WEIGHTS_ASKED
from evals.diorama.phrases import Kind
from evals.diorama.truth import Truth
from evals.diorama.world import Item, ask_about
from finetune import described
from finetune.teacher import Teacher
from tools import masks
from tools.captioner import Said
from tools.catalog import ModelEntry, Source
from tools.detector import Detection
from tools.models import Models

WEIGHTS: dict[Kind, int] = WEIGHTS_ASKED | {
    "colours": 5, "colour_count": 9, "related": 10, "related_count": 10, "related_list": 12, "relation": 10,
    "compare": 14, "list": 11, "largest": 8, "more_in": 9, "outline": 8, "abstain": 14,
}  # fmt: skip
"""How often each kind is taught: as it is asked, those with more to get wrong a little more."""

FRAMES = (
    "Please tell me: {q}", "Look at the picture. {q}", "Hello! {q}", "{q} Thanks.", "{q} Please check.", "Hi, {l}",
    "Quick question: {l}", "I have a question. {q}", "{q} I need to know.", "Help me: {l}", "Question: {q}",
    "{q} Answer from the image.", "Could you help? {q}", "Another question: {l}", "So, {l}", "{q} Be exact.", "{c}",
    "{c}", "{c}", "{l}",
)  # fmt: skip
"""What people write around a question; in `l` it begins in lower case, in `c` all is, without a mark."""


class Staging(BaseModel):
    """What is staged.

    Attributes:
        miss_rate: Share of things that the tools do not see.
        slip_rate: Share of transcripts with a wrong answer that is sent back and put right.
        framed: Share of questions with words around them.
        describing: Share of questions about dioramas at which `describe` is offered as well.
        invented: Share of all questions that only `describe` can answer, made up.
        asked: People's questions with answers, as `finetune.data.asked` reads them.
        asked_share: Share of all questions that are drawn from these.
    """

    miss_rate: float = 0.04
    slip_rate: float = 0.25
    framed: float = 0.35
    describing: float = 0.12
    invented: float = 0.06
    asked: Path | None = None
    asked_share: float = 0.12


class Pretend:
    """Stands where the detector is loaded: tells what is true, give or take a pixel, and misses a thing at times."""

    name = "diorama-yolo26n-seg"

    def __init__(self, item: Item, miss_rate: float, rng: np.random.Generator) -> None:
        """Answer for the dioramas of one item."""
        self._truths = [(np.asarray(one.image.convert("RGB")).tobytes(), one.truth) for one in item.dioramas]
        self._seen = {id(truth): self._look(truth, miss_rate, rng) for _, truth in self._truths}

    @staticmethod
    def _look(truth: Truth, miss_rate: float, rng: np.random.Generator) -> list[Detection]:
        found = []
        for thing in truth.objects:
            if rng.random() < miss_rate:
                continue
            box = np.clip(np.array(thing.box.xyxy) + rng.normal(0, 1.2, 4), 0, [truth.width, truth.height] * 2)
            x1, y1, x2, y2 = (float(value) for value in box)
            found.append(
                Detection(thing.category, float(rng.uniform(0.5, 0.97)), (x1, y1, x2, y2), masks.decode(thing.mask))
            )
        return found

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        """As the real detector: all things of these labels in this image."""
        pixels = image.tobytes()
        seen = next(self._seen[id(truth)] for known, truth in self._truths if known == pixels)
        return [one for one in seen if labels is None or one.label in labels]


class Staged(Models):
    """The models of a run that is staged: a detector that tells the truth, and one that answers `describe`, or none."""

    def __init__(self, item: Item, config: Staging, rng: np.random.Generator, *, describing: bool) -> None:
        """Stage one item."""
        self._describing = describing
        detector = Pretend(item, config.miss_rate, rng)
        told = Told(str(item.case.answer))
        super().__init__(lambda entry: told if entry.task == "describe" else detector)

    def entry(self, task: str) -> ModelEntry:
        """As the catalog; for `describe`, the one that is staged."""
        if task != "describe" or not self._describing:
            return super().entry(task)
        source = Source(kind="file", location=Told.name)
        return ModelEntry(name=Told.name, task="describe", backend="timm-blip", sources=(source,), licence="")


class Told:
    """Stands where a model for `describe` is loaded: says what it was given to say."""

    name = "captioner"

    def __init__(self, text: str) -> None:
        """Say this."""
        self._text = text

    def __call__(self, image: Image.Image, question: str = "") -> Said:
        """As the real one."""
        return Said(self._text, 0.9)


def framed(query: str, rng: np.random.Generator) -> str:
    """The question as somebody might type it."""
    lower = query if query.startswith("I ") else query[0].lower() + query[1:]
    return str(rng.choice(FRAMES)).format(q=query, l=lower, c=query.lower().rstrip("?."))


def transcript(seed: int, config: Staging, folder: Path) -> dict[str, Any] | None:
    """Run the real flow and tools on one question, planned by the teacher, and record what the model would read.

    Args:
        seed: Of the question.
        config: The recipe: how often tools miss a thing, the teacher slips, and words stand around a question.
        folder: For the pictures.

    Returns:
        `{"messages", "tools", "images", "slips"}`: the last request and its reply; images as base64 JPEG, as they were
        sent; which of the assistant's turns are not to be learnt. None where verification did not accept the answer.
    """
    from agent.llm.client import chat_model
    from agent.llm.endpoint import Endpoint
    from agent.run import Agent
    from tools.catalog import active
    from tools.registry import load_tools, offered
    from tools.workspace import Workspace

    rng = np.random.default_rng([seed, 0x7EA])
    item = _drawn(seed, config, rng)
    paths = [folder / f"{seed}-{index}.png" for index, _ in enumerate(item.dioramas)]
    for path, one in zip(paths, item.dioramas, strict=True):
        one.image.save(path, compress_level=1)
    query = framed(item.case.query, rng) if rng.random() < config.framed else item.case.query
    describing = item.case.kind == "describe" or rng.random() < config.describing
    models = Staged(item, config, rng, describing=describing)
    workspace = Workspace.open(paths, models)
    teacher = Teacher(item.case, rng if rng.random() < config.slip_rate else None)
    endpoint = Endpoint(url="http://teacher/v1", model="teacher", key=SecretStr("none"))

    async def run() -> str | None:
        async with httpx.AsyncClient(transport=teacher) as client:
            tools = offered(load_tools(), active("plan").tools, models)
            agent = Agent(chat_model(endpoint, client, max_retries=0), tools)
            return (await agent.ask(workspace, query)).error

    failed = asyncio.run(run())
    for path in paths:
        path.unlink()
    if failed:
        print(f"left out {seed}, {query!r}: {failed}", flush=True)
        return None
    messages, images = [*teacher.request["messages"], teacher.reply], []
    for part in messages[1]["content"]:
        if part["type"] == "image_url":
            images.append(part.pop("image_url")["url"].split(",", 1)[1])
    told = {"messages": messages, "tools": teacher.request["tools"], "images": images}
    return {"kind": item.case.kind, **told, "slips": teacher.slips}


def _drawn(seed: int, config: Staging, rng: np.random.Generator) -> Item:
    draw = rng.random()
    item = None
    if config.asked is not None and draw < config.asked_share:
        item = described.draw(config.asked, seed, rng)
    elif draw > 1 - config.invented:
        item = described.invent(seed, rng)
    return item or ask_about(seed, held_out=False, weights=WEIGHTS)


def write_transcripts(path: Path, seeds: list[int], config: Staging, processes: int) -> None:
    """Write one transcript a line, unless the file is there."""
    if path.exists():
        return
    draft = path.with_suffix(".draft")
    count = len(seeds)
    with ProcessPoolExecutor(processes) as pool, draft.open("w", encoding="utf-8") as file:
        made = pool.map(transcript, seeds, [config] * count, [path.parent] * count, chunksize=16)
        for done, one in enumerate(made, 1):
            if one is not None:
                file.write(json.dumps(one) + "\n")
            if done % 200 == 0:
                print(f"transcripts {done}/{count}", flush=True)
    draft.rename(path)
