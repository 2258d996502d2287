"""True answers about dioramas, each with the transcript that bears it out: the real tools over what is true."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, AnyMessage, ToolCall, ToolMessage
from langgraph.prebuilt import ToolRuntime

from agent import prompt
from agent.verify import Answer
from evals.diorama.cases import Call, Case
from evals.diorama.phrases import SAID, counted, plural, singular, with_article
from evals.diorama.seer import Seer
from evals.diorama.world import ask_about
from graphs.query import SceneQuery, ask
from graphs.scene import SceneGraph, fold
from tools.catalog import ModelEntry
from tools.errors import ToolError
from tools.models import Models
from tools.registry import load_tools
from tools.vision_tool import observations
from tools.workspace import Workspace


class Truth(NamedTuple):
    """A question, its true answer, and what the tools told on the way."""

    case: Case
    answer: Answer
    scene: SceneGraph
    messages: list[AnyMessage]


def truths(seeds: Sequence[int]) -> Iterator[Truth]:
    """A true answer for each seed, its question's phrasing held out from training for every second one."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            item = ask_about(seed)
            paths = [Path(folder) / name for name in item.case.images]
            for path, diorama in zip(paths, item.dioramas, strict=True):
                diorama.image.save(path, compress_level=1)
            yield _acted(item.case, Workspace.open(paths, Models(_loads(Seer(item.dioramas, score=0.9)))))


def _loads(seer: Seer) -> Callable[[ModelEntry], Seer]:
    return lambda entry: seer


def _acted(case: Case, workspace: Workspace) -> Truth:
    tools = {tool.name: tool for tool in load_tools()}
    messages: list[AnyMessage] = [prompt.question(workspace.images, case.query)]
    for step in case.accepted_plans[0]:
        calls = [_call(call, len(messages) + number) for number, call in enumerate(step)]
        told = [_act(tools[call["name"]], call, messages, workspace) for call in calls]
        messages += [AIMessage("", tool_calls=calls), *told]
    scene = fold(observations(messages), workspace.images)
    return Truth(case, answered(case, scene), scene, messages)


def _call(call: Call, number: int) -> ToolCall:
    return ToolCall(name=call.tool, args=call.arguments, id=f"call-{number}", type="tool_call")


def _act(tool: Any, call: ToolCall, messages: list[AnyMessage], workspace: Workspace) -> ToolMessage:
    runtime: Any = ToolRuntime(
        state={"messages": messages},
        context=workspace,
        config={},
        stream_writer=lambda _: None,
        tool_call_id=call["id"],
        store=None,
    )
    injected = {"runtime": runtime} if "runtime" in tool.get_input_schema().model_fields else {}
    try:
        told: ToolMessage = tool.invoke({**call, "args": {**call["args"], **injected}})
    except ToolError as error:
        return ToolMessage(str(error), tool_call_id=call["id"], status="error")
    return told


def answered(case: Case, scene: SceneGraph) -> Answer:
    """What somebody who sees the scene answers."""
    calls = [call for step in case.accepted_plans[0] for call in step]
    if not calls or case.answer is None:
        return Answer(text="That cannot be told from the picture.", value=None, evidence=())
    last = calls[-1].arguments
    if calls[-1].tool == "query_scene":
        query = SceneQuery.model_validate(last)
        finding = ask(scene, query)
        return Answer(text=_queried(case, query), value=case.answer, evidence=finding.evidence)
    labels = last["labels"] or ["thing"]
    if case.kind == "compare" and len(labels) == 1:
        labels = [call.arguments["labels"][0] for call in calls]
    ids = [entity.id for entity in scene.entities() if any(entity in scene.find(label) for label in labels)]
    return Answer(text=_looked(case, labels, scene), value=case.answer, evidence=ids or scene.images())


def _there(number: int, things: str) -> str:
    return f"There {'is' if number == 1 else 'are'} {things}."


def _queried(case: Case, query: SceneQuery) -> str:
    label, value = query.label, case.answer
    where = f" {SAID[query.relation]} the {singular(query.other or '')}" if query.relation else ""
    match query.op, value:
        case "count", int(number):
            things = counted(number, label)
            if query.colour:
                count, _, rest = things.partition(" ")
                things = f"{count} {query.colour} {rest}"
            return _there(number, f"{things}{where}")
        case "exists", holds:
            return f"{'Yes' if holds else 'No'}, the {singular(label)} is {'' if holds else 'not'}{where}."
        case "list", list(names):
            return f"I see {', '.join(with_article(name) for name in names) or 'nothing'}{where}."
        case "largest", str(name):
            return f"The largest {singular(label)} is the {singular(name)}."
        case "relation", list(names):
            said = " and ".join(SAID[name] for name in names)
            return f"The {singular(label)} is {said} the {singular(query.other or '')}."
        case _, list(colours):
            return f"The {plural(label)} are {' and '.join(colours)}."
    raise AssertionError(query)


def _looked(case: Case, labels: Sequence[str], scene: SceneGraph) -> str:
    label, value = labels[0], case.answer
    counts = [len(scene.find(one)) for one in labels]
    match case.kind, value:
        case (("count" | "outline"), int(number)):
            return _there(number, counted(number, label))
        case "exists", holds:
            return f"Yes, there is {with_article(label)}." if holds else f"No, there is no {singular(label)}."
        case "list", list(names):
            return f"The picture shows {', '.join(counted(len(scene.find(name)), name) for name in names)}."
        case "compare", holds:
            said = " and ".join(counted(number, one) for number, one in zip(counts, labels, strict=True))
            return f"{'Yes' if holds else 'No'}, there are {said}."
        case "more_in", str(image):
            return f"There are more {plural(label)} in {image}."
        case "colour", colour:
            return f"The {singular(label)} is {colour}."
        case "area", share:
            return f"The {singular(label)} covers {share}% of the picture."
    raise AssertionError(case.kind)
