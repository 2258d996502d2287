"""A LoRA planner that is put to use while the real server works: no request notices."""

import asyncio
from pathlib import Path

import pytest

from finetune.benchmarks import hot_swap
from tools.catalog import active

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]


@pytest.mark.filterwarnings("ignore")  # peft and transformers warn of themselves
def test_no_request_fails_while_an_adapter_comes_into_use(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENOGRAPH_LLM_ADAPTERS", "1")  # which `serving` sets, so that it is undone
    with hot_swap.serving() as state:
        entry = hot_swap.write_adapter(tmp_path / "adapter")
        done = asyncio.run(hot_swap.swap(state, entry, count=24, at_once=6))
        assert active("plan").name == hot_swap.NAME
        assert state.process() is not None
    assert done["failed"] == []
    assert done["old"] >= 8
    assert done["new"] >= 10
