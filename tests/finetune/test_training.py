"""The agent trains: it proposes, a person agrees, another process trains, and what came of it is put to use."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from PIL import Image

from agent.approval import Policy
from agent.calls import Calls
from agent.run import Agent, Run
from finetune import jobs
from finetune.tools import promote, train, training
from tests.agent.conftest import Server
from tools.catalog import active
from tools.errors import ToolError
from tools.registry import load_tools
from tools.terms import terms
from tools.workspace import Workspace

OURS = (train, training, promote)
OPTIONS = ["per_device_train_batch_size=8", "image_size=64", "learning_rate=0.01", "num_train_epochs=2"]
DONE: dict[str, Any] = {"text": "It is trained and in use.", "value": None, "evidence": []}


@pytest.fixture(autouse=True)
def stopped(home: Path) -> Iterator[None]:
    """What still trains at the end is stopped."""
    yield
    for job in jobs.jobs():
        if job.running:
            os.kill(job.pid, 9)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """One grey picture."""
    Image.new("RGB", (64, 48), (90, 90, 90)).save(tmp_path / "grey.png")
    return Workspace.open([tmp_path / "grey.png"])


def test_they_are_offered_to_planners_that_know_all_tools() -> None:
    offered: dict[str, BaseTool] = {tool.name: tool for tool in load_tools()}
    assert {"train", "training", "promote"} <= offered.keys()
    assert [terms(offered[tool.name]).approval for tool in OURS] == [True, False, True]


@pytest.mark.slow
def test_an_agent_trains_watches_and_uses_what_it_made(shapes: Path, workspace: Workspace) -> None:
    begin = {"name": "my-shapes", "recipe": "classify", "data": str(shapes), "options": OPTIONS}
    plans = [("train", begin)], [("training", {"wait": 600})], [("promote", {"name": "my-shapes"})], [("answer", DONE)]
    run = _asked(workspace, plans)
    began, watched, used, _ = run.steps
    assert began.observation is not None
    assert began.observation.text.startswith("my-shapes began to train, as process ")
    assert watched.observation is not None
    assert watched.observation.text.startswith("my-shapes ended: candidate my-shapes: ")
    assert "val_accuracy" in watched.observation.text
    assert used.observation is not None
    assert used.observation.text == "my-shapes is the model for recognise from now on"
    assert active("recognise").name == "my-shapes"
    assert run.answer.text == DONE["text"]


def test_nothing_is_trained_that_nobody_agreed_to(shapes: Path, workspace: Workspace) -> None:
    begin = {"name": "my-shapes", "recipe": "classify", "data": str(shapes)}
    run = _asked(workspace, ([("train", begin)], [("answer", DONE)]), Policy(default="deny"))
    assert run.steps[0].error == "train was not approved: answer without it"
    assert jobs.jobs() == []


def test_what_failed_and_what_still_runs_is_told(tmp_path: Path, workspace: Workspace) -> None:
    calls = Calls(workspace, OURS)
    assert calls("training").text == "no training was begun"
    (tmp_path / "empty").mkdir()
    calls("train", name="of-nothing", recipe="classify", data=str(tmp_path / "empty"))
    with pytest.raises(ToolError, match="of-nothing trains already"):
        calls("train", name="of-nothing", recipe="classify", data=str(tmp_path / "empty"))
    assert calls("training").text.startswith("of-nothing trains, for 0 min so far (kill -INT ")
    began = time.monotonic()
    told = calls("training", wait=120).text
    assert time.monotonic() - began < 120
    assert told.startswith("of-nothing failed: scenograph: ")


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("train", {"name": "../out", "recipe": "detect"}, "cannot name a model"),
        ("train", {"name": "--help", "recipe": "detect"}, "cannot name a model"),
        ("train", {"name": "diorama-planner", "recipe": "detect"}, "choose another name"),
        ("train", {"name": "mine", "recipe": "detect", "data": "labels"}, "give the full path"),
        ("train", {"name": "mine", "recipe": "detect", "base": "diorama-yolo"}, "did you mean diorama-yolo26n-seg"),
        ("promote", {"name": "nobody"}, "no model 'nobody'"),
        ("promote", {"name": "diorama-yolo26n-seg"}, "a detector passes a gate first: give data"),
    ],
)
def test_bad_proposals_go_back_to_the_model(
    tmp_path: Path, workspace: Workspace, tool: str, arguments: dict[str, Any], reason: str
) -> None:
    given = {"data": str(tmp_path), **arguments} if tool == "train" else arguments
    with pytest.raises(ToolError, match=reason):
        Calls(workspace, OURS)(tool, **given)
    assert jobs.jobs() == []


def test_a_detector_that_is_no_better_is_not_promoted(boxes: Path, workspace: Workspace) -> None:
    with pytest.raises(ToolError, match="is refused, and not put to use: it is better in no measure"):
        Calls(workspace, OURS)("promote", name="diorama-yolo26n-seg", data=str(boxes))


def _asked(workspace: Workspace, plans: Any, policy: Policy | None = None) -> Run:
    agent = Agent(Server(plans).llm(), [*OURS, *_others()], policy=policy or Policy(default="allow"))
    return asyncio.run(agent.ask(workspace, "Train a model on my shapes and use it."))


def _others() -> list[BaseTool]:
    names = {tool.name for tool in OURS}
    return [tool for tool in load_tools() if tool.name not in names]
