"""A detector that sees what is true, behind the loader, and a model server that is a teacher, behind httpx."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image
from pydantic import SecretStr

from agent.llm.endpoint import Endpoint
from agent.prompt import data_url
from evals.diorama.cases import Case
from evals.diorama.truth import TrueObject
from evals.diorama.world import Item, ask_about
from evals.suites.bench import Bench
from finetune.teacher import Teacher
from tools import masks
from tools.detector import Detection
from tools.models import Models
from tools.registry import load_tools, offered

ENDPOINT = Endpoint(url="http://model.test/v1", model="scripted", key=SecretStr("secret"), timeout=20.0)
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

TOOLS = ("detect", "segment", "query_scene", "answer")
Reply = Callable[[Teacher, httpx.Request], Awaitable[httpx.Response]]
"""Stands in for a teacher, which it is given too."""


def detection(thing: TrueObject) -> Detection:
    """A true object as a detector would tell it."""
    return Detection(thing.category, 0.9, thing.box.xyxy, masks.decode(thing.mask))


@dataclass
class Sees:
    """A detector that sees what is true of the pictures it knows; in those of `blind` seeds it sees nothing."""

    items: Iterable[Item]
    blind: Collection[int] = ()
    name: str = "truth"

    def __post_init__(self) -> None:
        """Know the pictures by their pixels."""
        self._truths = {one.image.tobytes(): one.truth for item in self.items for one in item.dioramas}

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        """Give what is true of the labels."""
        truth = self._truths[image.tobytes()]
        things = () if truth.seed in self.blind else truth.objects
        return [detection(thing) for thing in things if labels is None or thing.category in labels]


@dataclass
class Classroom:
    """Plays the model server: each question goes to a teacher of its case, or to the reply that stands in for it."""

    items: Iterable[Item]
    instead: dict[str, Reply] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know the questions by their words and their first picture."""
        self._cases = {(item.case.query, data_url(item.dioramas[0].image)): item.case for item in self.items}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        teacher = Teacher(self.case(request))
        if (reply := self.instead.get(teacher.case.id)) is not None:
            return await reply(teacher, request)
        return await teacher.handle_async_request(request)

    def case(self, request: httpx.Request) -> Case:
        """The case that a request is about."""
        return next(case for key, case in self._cases.items() if all(_holds(request, part) for part in key))


def _holds(request: httpx.Request, text: str) -> bool:
    return text.encode() in request.content


@dataclass
class World:
    """Some questions, with an agent that is taught and a detector that sees."""

    items: list[Item]
    blind: Collection[int] = ()
    instead: dict[str, Reply] = field(default_factory=dict)

    def classroom(self) -> Classroom:
        """The model server."""
        return Classroom(self.items, self.instead)

    def sees(self) -> Sees:
        """The detector."""
        return Sees(self.items, self.blind)

    def bench(self) -> AbstractAsyncContextManager[Bench]:
        """The classroom as what suites ask, with the real tools."""
        return self.bench_of(self.classroom())

    def bench_of(self, reply: Any) -> AbstractAsyncContextManager[Bench]:
        """The same with another model server, a function as `httpx.MockTransport` takes it."""
        client = httpx.AsyncClient(transport=httpx.MockTransport(reply))
        return nullcontext(Bench(ENDPOINT, client, offered(load_tools(), TOOLS, Models()), self.models()))

    def models(self) -> Models:
        """The detector behind the loader."""
        sees = self.sees()

        def load(entry: Any) -> Sees:
            assert entry.task == "segment"
            return sees

        return Models(load)


@pytest.fixture
def world() -> Callable[..., World]:
    """Makes a world of seeds."""
    return lambda seeds, **changes: World([ask_about(seed) for seed in seeds], **changes)
