"""Planners that are LoRA adapters: what is served for them, and how they get into a server that runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from agent import processes
from agent.commands import models
from agent.llm import adapters, server
from agent.processes import Running
from tools.catalog import ModelEntry, Source, active, find, sealed
from tools.catalog.changes import choose, keep
from tools.errors import UserError

Make = Callable[..., ModelEntry]
Listen = Callable[[Callable[[httpx.Request], httpx.Response]], str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SCENOGRAPH_LLM_ADAPTERS", raising=False)
    return tmp_path / "home"


@pytest.fixture
def adapter(tmp_path: Path) -> Make:
    """Makes a candidate over the embedded planner, as far as its files tell."""

    def make(name: str = "mine", *, base: str = "diorama-planner", config: str = '{"r": 8}') -> ModelEntry:
        folder = tmp_path / name
        folder.mkdir()
        (folder / adapters.CONFIG).write_text(config)
        (folder / "adapter_model.safetensors").write_bytes(name.encode())
        source = Source(kind="file", location=str(folder))
        tools = find(base).tools
        keep(
            sealed(
                ModelEntry(
                    name=name, task="plan", backend="vllm", sources=(source,), tools=tools, licence="MIT", base=base
                )
            )
        )
        return find(name)

    return make


class Vllm:
    """As much of vLLM's server as adapters meet."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.loads: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer k3y"
        if request.url.path == "/v1/models":
            loaded = [{"id": one["lora_name"]} for one in self.loads]
            return httpx.Response(200, json={"data": [{"id": server.MODEL_NAME}, *loaded]})
        if request.url.path == "/health":
            return httpx.Response(200)
        assert request.url.path == "/v1/load_lora_adapter"
        if self.refusal:
            return httpx.Response(500, json={"error": {"message": self.refusal}})
        self.loads.append(json.loads(request.content))
        return httpx.Response(200, text="Success")


def started(url: str, fingerprint: str = "") -> Running:
    """The state of a server at this URL, which runs in our own process."""
    me = psutil.Process(os.getpid())
    port = httpx.URL(url).port or 0
    return Running(name="server", pid=me.pid, created=me.create_time(), port=port, key="k3y", fingerprint=fingerprint)


def test_adapters_of_one_base_are_served_by_one_server_and_others_by_another(
    adapter: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = find("diorama-planner")
    assert not adapters.is_adapter(base)
    mine, yours = server.fingerprint(adapter("mine")), server.fingerprint(adapter("yours"))
    assert mine == yours != server.fingerprint(base)
    assert server.fingerprint(adapter("higher", config='{"r": 17}')) not in (mine, server.fingerprint(base))
    assert server.fingerprint(adapter("other", base="qwen3-vl-8b-instruct")) != mine
    monkeypatch.setenv("SCENOGRAPH_LLM_ADAPTERS", "1")
    assert server.fingerprint(base) == mine


def test_an_adapter_is_loaded_once_and_asked_for_by_name(adapter: Make, listen: Listen) -> None:
    vllm = Vllm()
    entry = adapter()
    state = started(listen(vllm))
    assert server.endpoint(state, 9.0).model == server.MODEL_NAME
    choose("mine")
    for _ in range(2):
        endpoint = server.endpoint(state, 9.0)
        assert endpoint.model == f"mine-{entry.sha256[:12]}"
        assert endpoint.tools == active("plan").tools == find("diorama-planner").tools
    [load] = vllm.loads
    assert (load["lora_name"], load["lora_path"]) == (endpoint.model, str(entry.path()))


def test_use_puts_an_adapter_into_the_server_that_runs(
    adapter: Make, listen: Listen, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm = Vllm()
    entry = adapter()
    other = started(listen(vllm), "of another base")
    home.mkdir(exist_ok=True)
    (home / "server.json").write_text(other.model_dump_json())
    monkeypatch.setattr(Running, "process", lambda self: psutil.Process())  # ours has no --port
    models.use("mine")
    assert vllm.loads == []
    fits = other.model_copy(update={"fingerprint": server.fingerprint(entry)})
    (home / "server.json").write_text(fits.model_dump_json())
    models.use("mine")
    assert processes.running("server") == fits
    assert len(vllm.loads) == 1
    assert active("plan") == entry


def test_what_vllm_cannot_serve_is_said(adapter: Make, listen: Listen) -> None:
    entry = adapter()
    state = started(listen(Vllm("vLLM does not yet support DoRA.")), server.fingerprint(entry))
    with pytest.raises(UserError, match=r"cannot take mine .*DoRA"):
        adapters.put(state, entry)
    (entry.path() / "adapter_model.safetensors").write_bytes(b"others")
    with pytest.raises(UserError, match="not what the catalog lists"):
        adapters.put(state, entry)


@pytest.mark.parametrize(("config", "told"), [("{", "names no rank"), ("{}", "names no rank"), ('{"r": 999}', "up to")])
def test_an_adapter_without_a_rank_that_fits_is_one_line(adapter: Make, config: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        server.fingerprint(adapter(config=config))
