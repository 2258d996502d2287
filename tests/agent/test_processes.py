from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent import processes
from agent.processes import Launch, Program, Running
from tools.errors import UserError

# What stands for vLLM here: a real process that answers /health, with a child of its own, as vLLM has its engine.
HEALTHY = """
import http.server, os, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *args): pass
print("key is", os.environ["THE_KEY"], os.environ["COLOUR"], flush=True)
port = int(sys.argv[-1].removeprefix("--port="))
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""
DYING = "print('loading'); print('ValueError: no such model', flush=True); raise SystemExit(3)"
STUCK = "import time; time.sleep(600)"
NAMES = ("one", "two")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    for name in NAMES:
        processes.down(name)


def program(code: str, name: str = "one", *, fingerprint: str = "a") -> Program:
    launch = Launch((sys.executable, "-c", code), "THE_KEY", {"COLOUR": "blue"})
    return Program(name, f"the {name}", lambda: fingerprint, lambda: launch)


def up(*programs: Program, told: list[str] | None = None, seconds: float = 60.0) -> list[Running]:
    return processes.up(programs, (told if told is not None else []).append, seconds=seconds)


def alive(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


def test_up_starts_one_process_and_down_ends_all_of_its_group(home: Path) -> None:
    told: list[str] = []
    (state,) = up(program(HEALTHY), told=told)
    assert state.healthy()
    assert told[0] == "preparing the one"
    assert told[1].startswith("starting the one, 0 s (log: ")
    assert up(program(HEALTHY)) == [state] == [processes.running("one")]
    family = [psutil.Process(state.pid), *psutil.Process(state.pid).children()]
    assert len(family) == 2
    assert processes.memory(state) > 2**20
    assert processes.down("one")
    assert not any(alive(one) for one in family)
    assert processes.running("one") is None
    assert not processes.down("one")


def test_two_programs_start_side_by_side_and_end_apart() -> None:
    told: list[str] = []
    one, two = up(program(HEALTHY), program(HEALTHY, "two"), told=told)
    assert told[:2] == ["preparing the one", "preparing the two"]
    assert one.pid != two.pid
    assert one.key != two.key
    assert processes.down("one")
    assert two.healthy()
    assert up(program(HEALTHY, "two")) == [two]


def test_one_that_was_started_from_other_files_is_replaced() -> None:
    (old,) = up(program(HEALTHY))
    (new,) = up(program(HEALTHY, fingerprint="b"))
    assert new.pid != old.pid
    assert old.process() is None
    assert new.healthy()


def test_the_key_is_private(home: Path) -> None:
    (state,) = up(program(HEALTHY))
    assert stat.S_IMODE((home / "one.json").stat().st_mode) == 0o600
    assert state.key not in " ".join(psutil.Process(state.pid).cmdline())
    assert f"key is {state.key} blue" in processes.log_path("one").read_text()


def test_two_at_once_start_one_process() -> None:
    states: list[Running] = []
    threads = [threading.Thread(target=lambda: states.extend(up(program(HEALTHY)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(states) == 2
    assert states[0] == states[1]


def test_one_that_dies_is_told_of_with_its_last_words_and_takes_those_started_with_it(home: Path) -> None:
    with pytest.raises(UserError, match=r"the one died while starting: loading \| ValueError: no such model \(full"):
        up(program(DYING), program(STUCK, "two"))
    assert not list(home.glob("*.json"))
    assert not any(STUCK in one.cmdline() for one in psutil.Process().children() if alive(one))


def test_those_that_somebody_else_started_stay_when_a_start_fails() -> None:
    (other,) = up(program(HEALTHY, "two"))
    with pytest.raises(UserError, match="died while starting"):
        up(program(HEALTHY, "two"), program(DYING))
    assert other.healthy()


def test_one_that_takes_too_long_is_stopped(home: Path) -> None:
    with pytest.raises(UserError, match="the one did not start within 1 s"):
        up(program(STUCK), seconds=1.0)
    assert not (home / "one.json").exists()
    assert not any(STUCK in one.cmdline() for one in psutil.Process().children() if alive(one))


def test_one_of_somebody_else_that_ends_as_it_is_waited_for_is_replaced(home: Path) -> None:
    home.mkdir()
    ending = [sys.executable, "-c", "import time; time.sleep(1)", "--port=7"]
    with subprocess.Popen(ending, start_new_session=True) as process:
        created = psutil.Process(process.pid).create_time()
        state = Running(name="one", pid=process.pid, created=created, port=7, key="k", fingerprint="a")
        (home / "one.json").write_text(state.model_dump_json())
        assert processes.running("one") == state
        (new,) = up(program(HEALTHY))
    assert new.pid != state.pid
    assert new.healthy()


def test_one_whose_parent_does_not_ask_after_it_is_gone_at_once(home: Path) -> None:
    home.mkdir()
    with subprocess.Popen([sys.executable, "-c", STUCK, "--port=7"], start_new_session=True) as process:
        created = psutil.Process(process.pid).create_time()
        state = Running(name="one", pid=process.pid, created=created, port=7, key="k", fingerprint="a")
        (home / "one.json").write_text(state.model_dump_json())
        began = time.monotonic()
        assert processes.down("one")
        assert time.monotonic() - began < processes.STOP_SECONDS
        assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process of somebody else."""
    with subprocess.Popen([sys.executable, "-c", STUCK, "--port=7"], start_new_session=True) as process:
        yield process
        process.kill()


def test_one_that_was_started_while_the_old_one_ended_stays_known(
    home: Path, other: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    with subprocess.Popen([sys.executable, "-c", STUCK, "--port=7"], start_new_session=True) as old:

        def state(process: subprocess.Popen[bytes]) -> str:
            created = psutil.Process(process.pid).create_time()
            one = Running(name="one", pid=process.pid, created=created, port=7, key="k", fingerprint="a")
            return one.model_dump_json()

        def meanwhile(group: int, seconds: float) -> bool:
            old.wait()
            (home / "one.json").write_text(state(other))
            return True

        (home / "one.json").write_text(state(old))
        monkeypatch.setattr(processes, "_gone", meanwhile)
        assert processes.down("one")
        found = processes.running("one")
        assert found is not None
        assert found.pid == other.pid


@pytest.mark.parametrize("change", [{"pid": 2**22 + 1}, {"created": 1.0}, {"port": 1}])
def test_stale_state_counts_for_nothing_and_harms_nobody(
    home: Path, other: subprocess.Popen[bytes], change: dict[str, float]
) -> None:
    created = psutil.Process(other.pid).create_time()
    right = {"name": "one", "pid": other.pid, "created": created, "port": 7, "key": "k", "fingerprint": "a"}
    home.mkdir()
    (home / "one.json").write_text(json.dumps(right))
    assert processes.running("one") is not None
    (home / "one.json").write_text(json.dumps({**right, **change}))
    assert processes.running("one") is None
    assert not processes.down("one")
    assert other.poll() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}'])
def test_a_damaged_state_file_counts_for_nothing(home: Path, content: str) -> None:
    home.mkdir()
    (home / "one.json").write_text(content)
    assert processes.running("one") is None
    assert up(program(HEALTHY))[0].pid != os.getpid()


def test_what_is_started_has_the_same_home_and_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCENOGRAPH_HOME", "home")
    monkeypatch.setenv("SCENOGRAPH_POLICY", "policy.json")
    told = "print('home is', os.environ['SCENOGRAPH_HOME'], os.environ['SCENOGRAPH_POLICY'], flush=True)\n"
    up(program(HEALTHY.replace("port =", told + "port =")))
    assert f"home is {tmp_path / 'home'} {tmp_path / 'policy.json'}" in processes.log_path("one").read_text()
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path / "home"))
