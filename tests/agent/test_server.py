from __future__ import annotations

import contextlib
import io
import sys
from logging import StreamHandler
from pathlib import Path

import pytest
from transformers.utils import logging

from agent.llm import embedded, server
from agent.processes import Running
from tools.catalog import Own, Source, find
from tools.errors import UserError


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx2 fma", "float32"),
        ("fpu avx512f avx512_bf16", "bfloat16"),
        ("fpu amx_bf16 amx_tile", "bfloat16"),
        ("fpu avx512_bf16x", "float32"),
    ],
)
def test_the_number_format_is_what_the_cpu_is_fast_at(tmp_path: Path, flags: str, expected: str) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: amx_bf16\nflags\t\t: {flags}\n")
    assert server.dtype(cpuinfo) == expected


def test_where_the_system_does_not_tell_of_its_cpu_float32_is_safe(tmp_path: Path) -> None:
    assert server.dtype(tmp_path / "none") == "float32"


def test_the_endpoint_of_a_running_server_shows_its_key_in_json_only() -> None:
    state = Running(name="server", pid=1, created=1.0, port=7, key="k3y", fingerprint="a")
    endpoint = server.endpoint(state, 9.0)
    assert (endpoint.url, endpoint.timeout) == ("http://127.0.0.1:7/v1", 9.0)
    assert endpoint.tools == ("detect", "segment", "query_scene", "describe", "answer")
    for question in ("¿Cuántos perros?", "is 狗 a dog?", "2 + 2?"):
        endpoint.check_reads(question)
    with pytest.raises(UserError, match="reads English alone"):
        endpoint.check_reads("Сколько собак?")
    assert "k3y" not in repr(endpoint)
    assert type(endpoint).model_validate_json(endpoint.model_dump_json()) == endpoint


def test_a_large_planner_is_served_from_where_it_lies_with_its_own_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENOGRAPH_PLANNER_GPU", "0.6")
    large = find("qwen3-vl-8b-instruct")
    with pytest.raises(UserError, match="models pull qwen3-vl-8b-instruct"):
        server.planner_flags(large)
    pulled = large.model_copy(update={"sources": (Source(kind="file", location=str(tmp_path)), *large.sources)})
    flags = server.planner_flags(pulled)
    assert {f"--model={tmp_path}", "--gpu-memory-utilization=0.6", "--tool-call-parser=hermes"} <= set(flags)
    assert large.tools == ()


def test_the_model_is_put_together_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path))

    def merge(weights: Path, out: Path) -> None:
        print("Converting: 50%", file=sys.stderr)  # as a bar does
        logging.get_logger("transformers.modeling_utils").warning("some weights were not used")
        (out / "config.json").write_text("{}")

    said = io.StringIO()
    monkeypatch.setattr(embedded, "merge", merge)
    with contextlib.redirect_stderr(said):
        logging.add_handler(handler := StreamHandler(said))
        assert (embedded.assemble(find("diorama-planner")) / "config.json").exists()
    logging.remove_handler(handler)
    assert said.getvalue() == ""


def test_a_large_planner_is_served_anew_when_its_share_of_the_gpu_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path))

    def fingerprint(share: str) -> str:
        monkeypatch.setenv("SCENOGRAPH_PLANNER_GPU", share)
        return server.SERVER.fingerprint()

    assert fingerprint("0.6") == fingerprint("0.5")
    (tmp_path / "models.json").write_text(Own(chosen={"plan": "qwen3-vl-8b-instruct"}).model_dump_json())
    assert fingerprint("0.6") != fingerprint("0.5")
