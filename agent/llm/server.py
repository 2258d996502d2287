"""How vLLM serves the embedded model: its flags and environment. Running the process is `agent.processes`' concern."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from pydantic import SecretStr

from agent.llm import adapters
from agent.llm.embedded import TEMPLATE, assemble, is_embedded
from agent.llm.endpoint import Endpoint, settings
from agent.processes import Launch, Program, Running, running
from tools import memory
from tools.catalog import ModelEntry, active
from tools.errors import UserError

MODULE = "vllm.entrypoints.openai.api_server"
MODEL_NAME = "scenograph-embedded"
CPUINFO = Path("/proc/cpuinfo")
SERVED = (f"--served-model-name={MODEL_NAME}", "--host=127.0.0.1")
FLAGS = (
    # A run's whole transcript: 40 entities and eight steps fit, and memory stays small.
    "--max-model-len=2048",
    # More at once would only take turns on a few cores, and each sequence reserves memory.
    "--max-num-seqs=8",
    # Else inductor compiles C++ for minutes at the first start, with a compiler that a bare machine lacks.
    "--enforce-eager",
    # The form of calls, ids and labels are all in the prompt: drafts from there save five passes of six, and on a CPU a
    # pass over eleven tokens takes little longer than one over a single token, since both read all the weights.
    '--speculative-config={"method":"ngram","num_speculative_tokens":10,"prompt_lookup_max":4,"prompt_lookup_min":1}',
    # The model runs in the engine's own process: one process less to start, and none that spins while it waits.
    "--distributed-executor-backend=uni",
    # The three with which every plan comes as tool calls whose arguments follow their schemas.
    "--enable-auto-tool-choice",
    "--tool-call-parser=hermes",
    "--tool-strict-level=parameter",
    '--limit-mm-per-prompt={"image":4}',
)
"""For the embedded model; those of other planners stand in their entries."""

# glibc gives memory back and maps it anew at each step unless both stand; it ignores an mmap threshold above 32 MiB.
ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    # Every core works on one product; past eight they wait for memory.
    "OMP_NUM_THREADS": str(min(os.cpu_count() or 1, 8)),
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    # Else vLLM for CPUs puts `uni` back to `mp`, to bind its threads itself.
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "TOKENIZERS_PARALLELISM": "false",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
}


def dtype(cpuinfo: Path = CPUINFO) -> str:
    """The number format for this CPU: without instructions for it, bfloat16 matrix products are 70 times slower."""
    try:
        flags = {flag for line in cpuinfo.read_text().splitlines() if line.startswith("flags") for flag in line.split()}
    except OSError:
        return "float32"
    return "bfloat16" if flags & {"avx512_bf16", "amx_bf16"} else "float32"


def endpoint(state: Running, timeout: float) -> Endpoint:
    """Where clients of the running server go; a request of theirs may take `timeout` seconds.

    Raises:
        UserError: If the planner in use is an adapter that the server cannot take.
    """
    entry = active("plan")
    return Endpoint(
        url=f"{state.url}/v1",
        model=adapters.put(state, entry) if adapters.is_adapter(entry) else MODEL_NAME,
        key=SecretStr(state.key),
        timeout=timeout,
        tools=entry.tools,
        scripts=entry.scripts,
    )


def take_up(entry: ModelEntry) -> None:
    """Put an adapter into the running server, where that has its base and room, so that no question waits for it.

    Raises:
        UserError: If vLLM cannot serve it.
    """
    state = running(SERVER.name)
    if state and adapters.is_adapter(entry) and state.fingerprint == fingerprint(entry) and state.healthy():
        adapters.put(state, entry)


def fingerprint(entry: ModelEntry) -> str:
    """Of what a planner's server starts from: weights, template and flags. Adapters over one base have the same."""
    base = adapters.whole(entry)
    share = None if is_embedded(base) else memory.settings().planner_gpu
    flags = repr((SERVED, FLAGS, base.flags, ENVIRONMENT, share, _room(entry))).encode()
    parts = [base.name.encode(), base.sha256.encode(), TEMPLATE.read_bytes(), flags]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _room(entry: ModelEntry) -> tuple[str, ...]:
    """Flags with which adapters come and go while the server runs."""
    if not (adapters.is_adapter(entry) or settings().adapters):
        return ()
    # vLLM for CPUs lets the last slot work on requests without an adapter where both kinds meet in one step: with
    # two, that slot is empty as the first adapter comes to a base at work.
    return ("--enable-lora", "--max-loras=2", f"--max-lora-rank={adapters.rank(entry)}")


def _launch() -> Launch:
    """Put the model together, in the user's cache, unless it is there.

    Raises:
        UserError: vLLM is not installed, or the model cannot be put together.
    """
    if find_spec("vllm") is None:
        raise UserError("vLLM is not installed: install scenograph[cpu], or set SCENOGRAPH_LLM_URL to another server")
    entry = active("plan")
    base = adapters.whole(entry)
    room = _room(entry)
    argv = (sys.executable, "-m", MODULE, *SERVED, *room)
    updating = {"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"} if room else {}
    if is_embedded(base):
        argv = (*argv, f"--model={assemble(base)}", f"--dtype={dtype()}", *FLAGS)
        return Launch(argv, "VLLM_API_KEY", ENVIRONMENT | updating)
    offline = {"DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}
    return Launch((*argv, *planner_flags(base)), "VLLM_API_KEY", offline | updating)


def planner_flags(entry: ModelEntry) -> tuple[str, ...]:
    """What vLLM needs to serve a planner of the catalog that is whole as it lies, with the planner's share of a GPU.

    Raises:
        UserError: If it is not on this machine.
    """
    share = memory.settings().planner_gpu
    return (f"--model={entry.path()}", f"--gpu-memory-utilization={share}", *entry.flags)


SERVER = Program("server", "the model server", lambda: fingerprint(active("plan")), _launch)
