from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph.state import CompiledStateGraph

from tests.agent.conftest import Detector, Server
from tools.models import Models

ROOT = Path(__file__).parents[2]


@pytest.fixture
def graph() -> CompiledStateGraph[Any, Any, Any, Any]:
    named = json.loads((ROOT / "langgraph.json").read_text())["graphs"]["scenograph"]
    path, _, name = named.partition(":")
    found = getattr(import_module(Path(path).with_suffix("").as_posix().replace("/", ".")), name)
    assert isinstance(found, CompiledStateGraph)
    return found


def test_the_graph_that_langgraph_serves_answers_with_evidence(
    graph: CompiledStateGraph[Any, Any, Any, Any],
    serve: Callable[..., Server],
    listen: Callable[[Server], str],
    picture: Path,
    detector: Detector,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = serve(
        [("detect", {"image_id": "img-1", "labels": ["dog"]})],
        [("answer", {"text": "There are 2 dogs.", "value": 2, "evidence": ["dog-1", "dog-2"]})],
    )
    monkeypatch.setenv("SCENOGRAPH_LLM_URL", listen(server))
    monkeypatch.setenv("SCENOGRAPH_LLM_MODEL", "scripted")
    monkeypatch.setenv("SCENOGRAPH_LLM_KEY", "secret")
    monkeypatch.setattr("agent.studio.SHARED", Models(lambda _: detector))
    answered = asyncio.run(graph.ainvoke({"images": [str(picture)], "query": "How many dogs are there?"}))
    assert answered["error"] is None
    assert answered["answer"] == {"text": "There are 2 dogs.", "value": 2, "evidence": ["dog-1", "dog-2"]}
    assert {node["id"] for node in answered["scene"]["nodes"]} >= {"dog-1", "dog-2", "img-1"}


def test_its_input_is_plain_json(graph: CompiledStateGraph[Any, Any, Any, Any]) -> None:
    properties = graph.get_input_jsonschema()["properties"]
    assert properties["images"]["type"] == "array"
    assert properties["query"]["type"] == "string"
