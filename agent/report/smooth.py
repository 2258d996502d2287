"""The prose of a report smoothed by a language model; a sentence that fails the check keeps its own words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

from agent.llm import client, endpoint
from agent.report.claims import Fragment, Page, Report, Section, Sentence
from agent.report.faithful import rewritten
from agent.report.words import Words
from tools.errors import UserError

SYSTEM = (
    "You polish the sentences of a report. Rewrite each numbered line so that it reads well. Keep every fact, number, "
    "name such as dog-2, and their order; add nothing. Answer with the same numbers, one line each."
)
LINES, MAX_TOKENS = 12, 2000
"""Sentences in one request, and tokens of its answer."""

_NUMBERED = re.compile(r"^\s*(\d+)[.):]\s*(.+?)\s*$", re.MULTILINE)


def require_model() -> endpoint.Endpoint:
    """The model that smooths.

    Raises:
        UserError: If none is configured: the embedded planner calls tools and writes no prose.
    """
    found = endpoint.configured(endpoint.settings())
    if found is None:
        raise UserError("--smooth needs a model that writes: set SCENOGRAPH_LLM_URL and SCENOGRAPH_LLM_MODEL")
    return found


def smoothed(report: Report) -> Report:
    """A report with its prose smoothed by the configured model.

    Raises:
        UserError: If there is no model, or it cannot be reached, is slow, refuses or answers garbage.
    """
    chosen = require_model()

    async def run() -> Report:
        async with client.http_client(chosen) as http:
            return await smooth(report, client.chat_model(chosen, http))

    return asyncio.run(run())


async def smooth(report: Report, llm: ChatOpenAI) -> Report:
    """A report with its prose smoothed; how many sentences were kept as they were is told among how it was made."""
    words = Words(report.language)
    claims = {claim.id: claim for claim in report.claims}
    prose = list(dict.fromkeys(one for page in report.pages for part in page.sections for one in part.sentences))
    prose = [one for one in prose if any(isinstance(part, Fragment) for part in one)]
    offered = await _offered([_plain(one) for one in prose], llm)
    better: dict[Sentence, Sentence] = {}
    for sentence, text in zip(prose, offered, strict=True):
        if (
            text
            and rewritten(text, sentence, claims, words) is None
            and (marked := _marked(text, sentence)) != sentence
        ):
            better[sentence] = marked
    told = words("made.smoothed_is", smoothed=len(better), kept=len(prose) - len(better))
    pages = tuple(_with(page, better) for page in report.pages)
    return report.model_copy(update={"pages": pages, "made": (*report.made, (words("made.smoothed"), told))})


async def _offered(texts: Sequence[str], llm: ChatOpenAI) -> list[str]:
    """What the model makes of each text; nothing where it leaves one out."""
    answers: list[str] = []
    for start in range(0, len(texts), LINES):
        some = texts[start : start + LINES]
        lines = "\n".join(f"{number}. {text}" for number, text in enumerate(some, start=1))
        asked = llm.bind(max_completion_tokens=MAX_TOKENS)
        with client.failures(llm):
            reply = await asked.ainvoke([SystemMessage(SYSTEM), HumanMessage(lines)])
        read = {int(number): text for number, text in _NUMBERED.findall(str(reply.text))}
        answers += [read.get(number, "") for number in range(1, len(some) + 1)]
    return answers


def _plain(sentence: Sentence) -> str:
    return "".join(part if isinstance(part, str) else part.text for part in sentence)


def _marked(text: str, sentence: Sentence) -> Sentence:
    """The new words with the claims marked where their words still stand; the old ones where that fails."""
    fragments = [part for part in sentence if isinstance(part, Fragment)]
    parts: list[str | Fragment] = []
    rest = text
    for fragment in fragments:
        before, found, rest_after = rest.partition(fragment.text)
        if not found:
            return (Fragment(claim=fragment.claim, text=text),) if len(fragments) == 1 else sentence
        parts += [before, fragment] if before else [fragment]
        rest = rest_after
    return (*parts, rest) if rest else tuple(parts)


def _with(page: Page, better: dict[Sentence, Sentence]) -> Page:
    def changed(part: Section) -> Section:
        return part.model_copy(update={"sentences": tuple(better.get(one, one) for one in part.sentences)})

    return page.model_copy(update={"sections": tuple(changed(part) for part in page.sections)})
