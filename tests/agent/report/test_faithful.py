from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from pydantic import SecretStr

from agent.llm.client import chat_model
from agent.llm.endpoint import Endpoint
from agent.report.claims import Claim, Count, Relates
from agent.report.faithful import faithful
from agent.report.smooth import require_model, smooth
from agent.report.words import LANGUAGES, Words
from tests.agent.report.test_plan import prose, section
from tools.errors import UserError

if TYPE_CHECKING:
    from tests.agent.report.conftest import Reporter

COUNT = Claim(id="c1", text="", content=Count(image="img-1", label="dog", number=2, more=1), evidence=("dog-1",))
LEFT = Claim(
    id="c2", text="", content=Relates(subject="dog-1", predicate="left_of", object="house-1"), evidence=("dog-1",)
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_plan_writes_says_what_it_claims(reported: Reporter, lang: str) -> None:
    report, _ = reported(lang=lang)

    assert [faithful(one.text, one, Words(lang)) for one in report.claims] == [None] * len(report.claims)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("img-1 shows two dogs (and possibly one more).", COUNT),
        ("The image img-1 contains 2 dogs and perhaps 1 more.", COUNT),
        ("Dog-1 sits left of house-1.", LEFT),
    ],
)
def test_other_words_for_the_same(text: str, claim: Claim) -> None:
    assert faithful(text, claim, Words("en")) is None


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("img-1 shows 3 dogs (and possibly 1 more).", COUNT),
        ("img-1 shows 2 cats (and possibly 1 more).", COUNT),
        ("img-1 shows 2 dogs.", COUNT),
        ("img-1 shows 2 dogs and 1 more.", COUNT),
        ("img-1 shows 2 happy dogs (and possibly 1 more).", COUNT),
        ("img-1 shows 2 dogs (and possibly 1 more) and a cat.", COUNT),
        ("img-2 shows 2 dogs (and possibly 1 more).", COUNT),
        ("Dog-1 is not left of house-1.", LEFT),
        ("Dog-1 is right of house-1.", LEFT),
        ("House-1 is left of dog-1.", LEFT),
        ("Dog-1 may be left of house-1.", LEFT),
        ("Left of house-1.", LEFT),
    ],
)
def test_words_that_say_something_else(text: str, claim: Claim) -> None:
    assert faithful(text, claim, Words("en"))


def test_a_model_may_smooth_words_and_never_facts(reported: Reporter) -> None:
    report, _ = reported()
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content)["messages"][1]["content"])
        lines = [
            "1. Seen here: 2 dogs (and possibly 1 more) as well as 1 house.",
            "2. The largest thing is house-1, a beautiful red villa, which fills about 12% of the image.",
            "3. Dog-1 stands near house-1, and left of dog-3.",
        ]
        message = {"role": "assistant", "content": "\n".join(lines)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        return httpx.Response(200, json=body)

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            endpoint = Endpoint(url="http://model.test/v1", model="m", key=SecretStr("k"))
            better = await smooth(report, chat_model(endpoint, client, max_retries=0))
        summary = prose(section(better, "summary"))
        assert summary.startswith("Seen here: 2 dogs (and possibly 1 more) as well as 1 house.")
        assert summary.endswith("The largest thing is house-1, which fills about 12% of the image.")
        assert prose(section(better, "relations")).startswith("Dog-1 stands near house-1, and left of dog-3.")
        assert better.made[-1] == ("Smoothing", "2 sentences were smoothed by the model, 2 kept their words")

    asyncio.run(run())
    assert asked[0].startswith("1. The image shows 2 dogs")


def test_a_model_server_that_answers_garbage_is_told_in_one_line(reported: Reporter) -> None:
    garbage = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>"))

    async def run() -> None:
        async with httpx.AsyncClient(transport=garbage) as client:
            await smooth(reported()[0], chat_model(Endpoint(url="http://model.test/v1", model="m"), client))

    with pytest.raises(UserError, match="no chat completion"):
        asyncio.run(run())


def test_without_a_model_that_writes_there_is_no_smoothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCENOGRAPH_LLM_URL", raising=False)
    with pytest.raises(UserError, match="SCENOGRAPH_LLM_URL"):
        require_model()
