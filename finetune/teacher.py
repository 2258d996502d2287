"""A scripted planner for dioramas: stands where the model server would, and shows what to write. Training is `plan`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import httpx
import numpy as np

from agent.flow import REJECTED
from evals.diorama.cases import Call, Case
from evals.diorama.phrases import SAID, counted, singular, with_article
from evals.diorama.phrases import plural as plural_of

DECLINED = "The tools cannot tell that from the image."
_OPPOSITE = {"Yes": "No", "No": "Yes", "yes": "no", "no": "yes"}
_YES_NO = re.compile(r"^(Yes|No)(?=,)|\b(yes|no)(?=\.$)")
_ENTITY = re.compile(r"^(\S+-\d+) \d+,\d+,\d+,\d+(?: ([a-z]+))?(?: ([\d.]+)%)?$")


class Line(NamedTuple):
    """A line of a tool's text about one entity; the share is in percent of the image."""

    id: str
    colour: str | None
    share: float | None


def _line(text: str) -> Line | None:
    found = _ENTITY.match(text)
    return Line(found[1], found[2], float(found[3]) if found[3] else None) if found else None


def _lines(text: str) -> list[Line]:
    return [line for line in map(_line, text.split("\n")) if line]


def _counts(text: str) -> dict[str, int]:
    """The counts in a tool's first line: `dog 3, cat 0`."""
    first = text.split("\n")[0].split(":")[0]
    return {m[1]: int(m[2]) for part in first.split(", ") if (m := re.fullmatch(r"(.+) (\d+)", part))}


def _ids(text: str) -> list[str]:
    """The ids behind the colon of a query's text."""
    return text.split(": ", 1)[1].split(" ") if ": " in text else []


def _answer(text: str, value: Any, evidence: Sequence[str]) -> dict[str, Any]:
    """The arguments of the closing call; what is not there is borne out by the image that was searched."""
    return {"text": text, "value": value, "evidence": list(evidence)}


def _there_are(number: int, things: str) -> str:
    return f"There {'is' if number == 1 else 'are'} {things}."


def conclude(case: Case, told: Sequence[str]) -> dict[str, Any]:
    """What to answer, read from nothing but what the tools told.

    Args:
        case: Its kind and its plan say what was asked.
        told: The texts of the tool messages, in order.

    Returns:
        Arguments of `answer`.
    """
    if not told:
        return _answer(DECLINED, None, [])
    arguments = [call.arguments for step in case.accepted_plans[0] for call in step]
    if told[-1].startswith("unknown label"):
        return _answer(f"The tools do not know {plural_of(arguments[0]['labels'][0])}.", None, [])
    if arguments[-1].get("op"):
        return _from_query(arguments[-1], told)
    if case.kind == "describe":
        return _from_description(told[-1])
    if case.kind == "more_in":
        return _more_in(arguments[0]["labels"][0], told)
    return _from_look(case, arguments[0]["labels"], told[0])


def _from_look(case: Case, labels: list[str], text: str) -> dict[str, Any]:
    lines, counts = _lines(text), _counts(text)
    evidence = [line.id for line in lines] or ["img-1"]
    label = labels[0] if labels else ""
    number = counts.get(label, 0)
    match case.kind:
        case "count":
            return _answer(_there_are(number, counted(number, label)), number, evidence)
        case "outline":
            return _answer(f"Outlined {counted(number, label)}.", number, evidence)
        case "exists":
            said = f"Yes, there is {with_article(label)}." if number else f"No, there is no {singular(label)}."
            return _answer(said, number > 0, evidence)
        case "list":
            named = ", ".join(counted(count, name) for name, count in counts.items())
            return _answer(f"There are {named}." if counts else "There is nothing.", list(counts), evidence)
        case "compare":
            first, second = (counts.get(name, 0) for name in labels)
            said = f"There are {counted(first, labels[0])} and {counted(second, labels[1])}"
            return _answer(f"{said}, so {'yes' if first > second else 'no'}.", first > second, evidence)
        case "colour" if lines and lines[0].colour:
            return _answer(f"The {singular(label)} is {lines[0].colour}.", lines[0].colour, [lines[0].id])
        case "colour" if lines:
            return _answer("The tools cannot tell its colour.", None, [])
        case "area" if lines:
            said = f"The {singular(label)} covers {lines[0].share}% of the image."
            return _answer(said, lines[0].share, [lines[0].id])
    return _answer(f"There is no {singular(label)}.", None, [])


def _from_query(query: dict[str, Any], told: Sequence[str]) -> dict[str, Any]:
    text = told[-1]
    label, ids = query["label"], _ids(text)
    evidence = ids or ["img-1"]
    where = f" {SAID[query['relation']]} the {singular(query['other'])}" if query.get("relation") else ""
    match query["op"]:
        case "count":
            thing = " ".join([*([query["colour"]] if query.get("colour") else []), plural_of(label)])
            one = " ".join([*([query["colour"]] if query.get("colour") else []), singular(label)])
            number = len(ids)
            return _answer(
                _there_are(number, f"{number or 'no'} {one if number == 1 else thing}{where}"), number, evidence
            )
        case "exists":
            said = f"Yes, the {singular(label)} is{where}." if ids else f"No, the {singular(label)} is not{where}."
            return _answer(said, bool(ids), evidence)
        case "list":
            counts = _counts(text)
            named = ", ".join(counted(count, name) for name, count in counts.items())
            return _answer(f"There are {named}{where}." if ids else f"There is nothing{where}.", list(counts), evidence)
        case "largest" if ids:
            name = text.removeprefix("largest = ").split(":")[0]
            return _answer(f"The largest {singular(label)} is the {singular(name)}.", name, ids)
        case "relation" if ids:
            held = [] if text.startswith("none") else text.split(": ")[0].split(", ")
            said = " and ".join(SAID[name] for name in held) or "not close to"
            return _answer(f"The {singular(label)} is {said} the {singular(query['other'])}.", held, ids)
        case "attribute" if text != "none":
            rows = [row.split(" ") for row in text.split("\n")]
            colours = list(dict.fromkeys(row[1] for row in rows if len(row) > 1 and not row[1].endswith("%")))
            return _answer(f"The {plural_of(label)} are {' and '.join(colours)}.", colours, [row[0] for row in rows])
    seen = _counts(told[0])
    missing = next((name for name in (label, query.get("other")) if name and not seen.get(name)), label)
    return _answer(f"There is no {singular(missing)}.", None, [])


def _from_description(text: str) -> dict[str, Any]:
    said, *lines = text.split("\n")
    word = said.split("? ", 1)[1]
    value = {"yes": True, "no": False}.get(word, word)
    return _answer(f"{word.capitalize()}.", value, [line.id for line in map(_line, lines) if line])


def _more_in(label: str, told: Sequence[str]) -> dict[str, Any]:
    numbers = [_counts(text).get(label, 0) for text in told]
    evidence = [line.id for text in told for line in _lines(text)] or ["img-1", "img-2"]
    said = f"img-1 shows {counted(numbers[0], label)}, img-2 shows {counted(numbers[1], label)}"
    if numbers[0] == numbers[1]:
        return _answer(f"{said}: as many.", "same", evidence)
    best = "img-1" if numbers[0] > numbers[1] else "img-2"
    return _answer(f"{said}: more in {best}.", best, evidence)


def hasty(case: Case, told: Sequence[str], rng: np.random.Generator) -> dict[str, Any] | None:
    """What a planner might answer that leaves out the last query: wrong, in a right form.

    Args:
        case: Its kind and its plan say what was asked.
        told: The texts of the tool messages so far, in order.
        rng: Draws the mistake.

    Returns:
        Arguments of `answer`; none where the mistake would be no mistake.
    """
    query = case.accepted_plans[0][-1][-1].arguments
    some = [line for text in told for line in _lines(text) if rng.random() < 0.5]
    made = _from_query(query, [*told, _guess(query, some, rng)])
    return made if made["value"] not in (None, case.answer) else None


def careless(made: dict[str, Any], images: Sequence[str], rng: np.random.Generator) -> dict[str, Any] | None:
    """The right answer with another value, which verification sees.

    Args:
        made: Arguments of the right `answer`.
        images: Ids of the images asked about.
        rng: Draws the mistake.

    Returns:
        Arguments of `answer`; none where none fits.
    """
    value, text, evidence = made["value"], made["text"], list(made["evidence"])
    if isinstance(value, bool):
        return _answer(_YES_NO.sub(lambda word: _OPPOSITE[word[0]], text, count=1), not value, evidence)
    if isinstance(value, list) and len(value) > 1 and rng.random() < 0.5:
        dropped = value.pop(int(rng.integers(len(value))))
        return _answer(text, value, [name for name in evidence if name.rpartition("-")[0] != dropped])
    if isinstance(value, int) and rng.random() < 0.5:
        wrong = value + (1 if value == 0 else int(rng.choice([-1, 1])))
        return _answer(re.sub(r"\d+|no(?= )", str(wrong), text, count=1), wrong, evidence)
    if value in images and len(images) > 1:
        wrong_image = next(name for name in images if name != value)
        return _answer(wrong_image.join(text.rsplit(value, 1)), wrong_image, evidence)
    return None


def _guess(query: dict[str, Any], lines: Sequence[Line], rng: np.random.Generator) -> str:
    """What a query's text would be if these lines were all it spoke of."""
    other = query.get("other") or ""
    own = [line for line in lines if query["op"] == "list" or not line.id.startswith(f"{other}-")]
    ids = " ".join(line.id for line in own)
    if not ids:
        return "0"
    match query["op"]:
        case "list":
            names = [line.id.rpartition("-")[0].replace("_", " ") for line in own]
            return ", ".join(f"{name} {names.count(name)}" for name in dict.fromkeys(names)) + f": {ids}"
        case "largest":
            return f"largest = {own[0].id.rpartition('-')[0].replace('_', ' ')}: {own[0].id}"
        case "relation":
            return f"{rng.choice(['left_of', 'right_of', 'above', 'below', 'near'])}: {ids}"
        case "attribute":
            return f"{own[0].id} {own[0].colour or 'red'}"
    return f"{len(own)}: {ids}"


class Teacher(httpx.AsyncBaseTransport):
    """Plays the model server for one case: first its shortest plan, step by step, then the answer.

    After the run, `request` is the last request it got and `reply` what it said to it: together the whole transcript.
    `slips` are its turns, counted from 0, that were mistakes: they show how to go on after one, not how to make it.
    """

    def __init__(self, case: Case, slip: np.random.Generator | None = None) -> None:
        """Start at the first step of the case's first plan.

        Args:
            case: The question.
            slip: Draws one wrong answer, given too soon or with a fault, to be put right; none without it.
        """
        self.case = case
        self.slip = slip
        self.slips: list[int] = []
        self.request: dict[str, Any] = {}
        self.reply: dict[str, Any] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one chat completion request."""
        self.request = json.loads(await request.aread())
        messages = self.request["messages"]
        told = [message["content"] for message in messages if message["role"] == "tool"]
        told = [text for text in told if not text.startswith(REJECTED)]
        made = sum(message["role"] == "assistant" for message in messages)
        calls = self._slip(told, made) or self._calls(told, made - len(self.slips))
        self.reply = {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": f"call-{made}-{index}",
                    "type": "function",
                    "function": {"name": call.tool, "arguments": json.dumps(call.arguments)},
                }
                for index, call in enumerate(calls)
            ],
        }
        choice = {"index": 0, "message": self.reply, "finish_reason": "tool_calls"}
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        body = {
            "id": "0",
            "object": "chat.completion",
            "created": 0,
            "model": "teacher",
            "choices": [choice],
            "usage": usage,
        }
        return httpx.Response(200, json=body)

    def _calls(self, told: Sequence[str], done: int) -> list[Call]:
        steps = [step for step in self.case.accepted_plans[0] if step]
        if done < len(steps) and not self._failed(told):
            return steps[done]
        return [Call(tool="answer", arguments=conclude(self.case, told))]

    @staticmethod
    def _failed(told: Sequence[str]) -> bool:
        return bool(told) and told[-1].startswith("unknown label")

    def _slip(self, told: Sequence[str], made: int) -> list[Call]:
        """A wrong answer, once: in place of the query that closes the plan, or of the right answer."""
        if self.slip is None or self._failed(told):
            return []
        steps = [step for step in self.case.accepted_plans[0] if step]
        queries = bool(steps) and steps[-1][-1].tool == "query_scene"
        answer = None
        if made == len(steps):
            draw, self.slip = self.slip, None
            answer = careless(
                conclude(self.case, told), [f"img-{number}" for number, _ in enumerate(self.case.images, 1)], draw
            )
        elif queries and made == len(steps) - 1 and self.slip.random() < 0.5:
            draw, self.slip = self.slip, None
            answer = hasty(self.case, told, draw)
        if answer is None:
            return []
        self.slips.append(made)
        return [Call(tool="answer", arguments=answer)]
