from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.tools import BaseTool
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.prebuilt import ToolRuntime
from langgraph.store.sqlite.aio import AsyncSqliteStore
from PIL import Image

from agent.acting import Shared
from agent.approval import Policy, load
from agent.run import Agent, Run, Waiting
from graphs.types import Observation
from tools.errors import ToolError, UserError
from tools.models import Models
from tools.registry import load_tools
from tools.terms import check_cancelled
from tools.vision_tool import ImageId, vision_tool
from tools.workspace import Workspace

if TYPE_CHECKING:
    from tests.agent.conftest import Detector, Server

Serve = Callable[..., "Server"]
DETECT = ("detect", {"image_id": "img-1", "labels": ["dog"]})
STAMP = ("stamp", {"image_id": "img-1"})
TWO_DOGS = ("answer", {"text": "There are 2 dogs.", "value": 2, "evidence": ["dog-1", "dog-2"]})
NOTHING: tuple[str, dict[str, Any]] = ("answer", {"text": "That cannot be told.", "value": None, "evidence": []})


def stamping(done: list[str], lasts: float = 0.0, **terms: Any) -> BaseTool:
    """A tool that leaves its mark."""

    def stamp(image_id: ImageId, runtime: ToolRuntime[Workspace]) -> Observation:
        """Stamp an image.

        Args:
            image_id: Which image.
            runtime: Of the call; hidden from the model.
        """
        done.append(f"begin {runtime.tool_call_id}")
        until = time.monotonic() + lasts
        while time.monotonic() < until:
            check_cancelled()
            time.sleep(0.01)
        done.append(f"end {runtime.tool_call_id}")
        return Observation(text="stamped")

    made: BaseTool = vision_tool(**{"approval": True, **terms})(stamp)
    return made


def agent(server: Server, kept: Any, *tools: BaseTool, **options: Any) -> Agent:
    return Agent(server.llm(), [*tools, *load_tools()], kept, **options)


def run_kept(kept_at: Path, ask: Callable[[AsyncSqliteSaver, AsyncSqliteStore], Any]) -> Any:
    async def run() -> Any:
        async with (
            AsyncSqliteSaver.from_conn_string(str(kept_at / "kept.sqlite")) as kept,
            AsyncSqliteStore.from_conn_string(str(kept_at / "ledger.sqlite")) as ledger,
        ):
            await ledger.setup()
            return await ask(kept, ledger)

    return asyncio.run(run())


@pytest.mark.parametrize("agrees", [True, False])
def test_a_costly_call_waits_for_a_person(serve: Serve, workspace: Workspace, tmp_path: Path, agrees: bool) -> None:
    done: list[str] = []
    server = serve([STAMP, DETECT], [TWO_DOGS])

    async def ask(kept: AsyncSqliteSaver, ledger: AsyncSqliteStore) -> Run:
        made = agent(server, kept, stamping(done), shared=Shared(ledger=ledger))
        with pytest.raises(Waiting) as waits:
            await made.ask(workspace, "How many dogs?", run_id="r1")
        (call,) = waits.value.calls
        assert (call.tool, call.arguments) == ("stamp", {"image_id": "img-1"})
        assert done == []
        return await made.ask(workspace, "How many dogs?", run_id="r1", decisions={call.id: agrees})

    run: Run = run_kept(tmp_path, ask)
    assert run.answer.value == 2
    assert done == (["begin call-1", "end call-1"] if agrees else [])
    assert run.steps[0].error == (None if agrees else "stamp was not approved: answer without it")
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("policy", "stamped"),
    [(Policy(default="allow"), True), (Policy(default="allow", tools={"stamp": "deny"}), False)],
)
def test_a_policy_decides_for_scripts(
    serve: Serve, workspace: Workspace, tmp_path: Path, policy: Policy, stamped: bool
) -> None:
    done: list[str] = []

    async def ask(kept: AsyncSqliteSaver, ledger: AsyncSqliteStore) -> Run:
        return await agent(serve([STAMP], [NOTHING]), kept, stamping(done), policy=policy).ask(workspace, "Stamp it")

    run: Run = run_kept(tmp_path, ask)
    assert bool(done) is stamped
    assert (run.steps[0].error is None) is stamped


def test_what_was_cut_short_is_not_done_again(serve: Serve, workspace: Workspace, tmp_path: Path) -> None:
    done: list[str] = []

    async def ask(kept: AsyncSqliteSaver, ledger: AsyncSqliteStore) -> Run:
        await ledger.aput(("calls", "r1"), "call-1", {"told": None}, index=False)  # of a process that was killed
        shared, policy = Shared(ledger=ledger), Policy(default="allow")
        made = agent(serve([STAMP], [STAMP], [NOTHING]), kept, stamping(done), shared=shared, policy=policy)
        return await made.ask(workspace, "Stamp it", run_id="r1")

    run: Run = run_kept(tmp_path, ask)
    assert done == ["begin call-2", "end call-2"]
    assert (run.steps[0].error or "").startswith("stamp was cut short, and may have taken effect")
    assert run.steps[1].observation is not None


def test_what_was_refused_is_told_again_as_it_was(serve: Serve, workspace: Workspace, tmp_path: Path) -> None:
    @vision_tool(approval=True)
    def stamp(image_id: ImageId, runtime: ToolRuntime[Workspace]) -> Observation:
        """Stamp an image.

        Args:
            image_id: Which image.
            runtime: Of the call; hidden from the model.
        """
        raise ToolError("there is no ink")

    async def ask(kept: AsyncSqliteSaver, ledger: AsyncSqliteStore) -> list[str | None]:
        errors = []
        for calls in ([STAMP], []):  # the second time as by a process that takes over what the first one left
            shared, policy = Shared(ledger=ledger), Policy(default="allow")
            made = agent(serve([STAMP], [NOTHING]), kept if calls else None, stamp, shared=shared, policy=policy)
            run = await made.ask(workspace, "Stamp it", run_id="r1")
            errors.append(run.steps[0].error)
        return errors

    assert run_kept(tmp_path, ask) == ["there is no ink", "there is no ink"]


def test_a_tool_is_stopped_when_its_time_is_over(serve: Serve, workspace: Workspace) -> None:
    done: list[str] = []
    stamp = stamping(done, 30.0, seconds=0.05)
    made = Agent(serve([STAMP], [NOTHING]).llm(), [stamp, *load_tools()], policy=Policy(default="allow"))
    began = time.monotonic()
    run = asyncio.run(made.ask(workspace, "Stamp it"))
    assert run.steps[0].error == "stamp took longer than 0.05 s"
    assert time.monotonic() - began < 25.0  # asyncio.run waits for the thread, which has stopped by itself
    assert done == ["begin call-1"]


def test_who_stops_asking_stops_the_tools(serve: Serve, workspace: Workspace) -> None:
    done: list[str] = []
    made = Agent(
        serve([STAMP]).llm(), [stamping(done, 30.0, seconds=60), *load_tools()], policy=Policy(default="allow")
    )

    async def ask() -> None:
        asking = asyncio.create_task(made.ask(workspace, "Stamp it"))
        while not done:
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    began = time.monotonic()
    asyncio.run(ask())
    assert time.monotonic() - began < 25.0
    assert done == ["begin call-1"]


def test_so_many_at_once_and_no_more(serve: Serve, workspace: Workspace) -> None:
    done: list[str] = []
    server = serve([STAMP, ("stamp", {"image_id": "img-1"})], [NOTHING])
    stamp = stamping(done, 0.05, at_once=1)
    run = asyncio.run(Agent(server.llm(), [stamp, *load_tools()], policy=Policy(default="allow")).ask(workspace, "Go"))
    assert [line.split()[0] for line in done] == ["begin", "end", "begin", "end"]
    assert run.error is None


def test_a_picture_that_a_tool_makes_reaches_the_model_as_a_users(serve: Serve, workspace: Workspace) -> None:
    @vision_tool
    def mirror(image_id: ImageId, runtime: ToolRuntime[Workspace]) -> Observation:
        """Mirror an image.

        Args:
            image_id: Which image.
            runtime: Of the call; hidden from the model.
        """
        turned = runtime.context.image(image_id).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        made = runtime.context.add(turned, "edited", image_id)
        return Observation(text=f"made {made.id}", images=(made,))

    look = ("detect", {"image_id": "img-2", "labels": ["dog"]})
    server = serve([("mirror", {"image_id": "img-1"}), DETECT], [look], [NOTHING])
    run = asyncio.run(Agent(server.llm(), [mirror, *load_tools()]).ask(workspace, "Mirror it, then look"))
    assert [step.error for step in run.steps] == [None] * 4
    roles = [message["role"] for message in server.requests[1]["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "tool", "user"]
    picture, words = server.requests[1]["messages"][-1]["content"]
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert words["text"] == "img-2 (64x48) edited from img-1"
    detect = next(tool for tool in server.requests[1]["tools"] if tool["function"]["name"] == "detect")
    assert detect["function"]["parameters"]["properties"]["image_id"]["enum"] == ["img-1", "img-2"]
    assert server.requests[2]["messages"][:6] == server.requests[1]["messages"]


def test_a_plan_is_repaired_at_most_twice(serve: Serve, workspace: Workspace) -> None:
    server = serve([("detect", {"image_id": "img-1", "labels": ["doge"]})])
    run = asyncio.run(server.agent().ask(workspace, "How many doges?"))
    assert len(server.requests) == 3
    assert run.answer.value is None
    assert run.answer.text.startswith("This could not be established: unknown label 'doge'; nearest: dog")
    assert run.error is not None


def test_the_same_pixels_are_looked_at_once(serve: Serve, picture: Path, detector: Detector) -> None:
    models = Models(lambda _: detector)
    again = ("detect", {"image_id": "img-2", "labels": ["dog"]})
    four = ("answer", {"text": "4 dogs.", "value": 4, "evidence": ["dog-1", "dog-2", "dog-3", "dog-4"]})
    server = serve([DETECT], [again], [four], [DETECT], [again], [four])
    made = server.agent()
    for _ in range(2):
        run = asyncio.run(made.ask(Workspace.open([picture, picture], models), "How many dogs are there?"))
        assert (run.error, run.answer.value) == (None, 4)
        assert [entity["image_id"] for entity in run.scene["nodes"] if entity["kind"] == "entity"] == [
            "img-1", "img-1", "img-2", "img-2",
        ]  # fmt: skip
    assert detector.asked == 1


def test_a_further_question_builds_on_what_was_seen(
    serve: Serve, workspace: Workspace, detector: Detector, tmp_path: Path
) -> None:
    first = serve([DETECT], [TWO_DOGS])
    colour = ("answer", {"text": "The dogs are brown.", "value": ["brown"], "evidence": ["dog-1", "dog-2"]})
    then = serve([colour])

    async def ask(server: Server, query: str) -> Run:
        run: Run
        async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "kept.sqlite")) as kept:
            run = await server.agent(kept).ask(workspace, query, thread="talk")
        return run

    assert asyncio.run(ask(first, "How many dogs are there?")).answer.value == 2
    run = asyncio.run(ask(then, "What colours do they have?"))
    assert (run.error, run.answer.value) == (None, ["brown"])
    assert run.query == "What colours do they have?"
    assert [step.tool for step in run.steps] == ["detect", "answer", "answer"]
    assert run.usage.calls == 1
    assert detector.asked == 1
    roles = [message["role"] for message in then.requests[0]["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "tool", "user"]
    assert then.requests[0]["messages"][:4] == first.requests[1]["messages"][:4]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot read the policy"),
        ("default = maybe", "is no TOML"),
        ('default = "maybe"', "default: Input should be 'ask', 'allow' or 'deny'"),
        ('other = "ask"', "other: Extra inputs are not permitted"),
    ],
)
def test_a_policy_that_is_none_gets_one_line(tmp_path: Path, text: str | None, told: str) -> None:
    path = tmp_path / "policy.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=told):
        load(path)


def test_yes_agrees_to_what_a_policy_leaves_open(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('[tools]\ntrain = "deny"\n')
    policy = load(path, yes=True)
    assert (policy.decide("train"), policy.decide("edit")) == ("deny", "allow")
    assert load(None).decide("edit") == "ask"
    assert load(None, yes=True).decide("edit") == "allow"
