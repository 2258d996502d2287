"""Processes that outlive a command: start, health, stop, state files. What each one runs is said by its `Program`."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import filelock
import httpx
import platformdirs
import psutil
from pydantic import BaseModel, ValidationError

from tools.errors import UserError

START_SECONDS = 600.0
STOP_SECONDS = 15.0

Progress = Callable[[str], None]

_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
"""Processes that this one started, for one that ends must be polled, or it stays a zombie."""


class Running(BaseModel):
    """A process that was started, as its state file keeps it.

    Attributes:
        name: Of its program.
        pid: Of the process, which leads its own group.
        created: When the process began, seconds since the epoch; with the pid it names a process for good.
        port: On 127.0.0.1.
        key: The bearer key that it asks for.
        fingerprint: Of what it was started from.
    """

    name: str
    pid: int
    created: float
    port: int
    key: str
    fingerprint: str

    @property
    def url(self) -> str:
        """Where its clients go, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def process(self) -> psutil.Process | None:
        """The live process, or None if it ended, also when another has its pid by now."""
        process = live(self.pid, self.created)
        try:
            # Empty for a moment, while the kernel still puts the program in place.
            command = process.cmdline() if process else []
        except psutil.Error:
            return None
        return process if not command or f"--port={self.port}" in command else None

    def client(self, timeout: httpx.Timeout | float) -> httpx.Client:
        """A client to it, which the caller closes."""
        # On plain HTTP there is no certificate to verify, and to load those of the system takes longer than a request.
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=timeout,
            trust_env=False,
            verify=False,
        )

    def healthy(self) -> bool:
        """Whether it takes requests."""
        with contextlib.suppress(httpx.HTTPError), self.client(5.0) as client:
            return client.get("/health").status_code == httpx.codes.OK
        return False


@dataclass(frozen=True)
class Launch:
    """A command to start; `--port=…` is put behind `argv`, and the key into the variable that the program reads."""

    argv: tuple[str, ...]
    key_variable: str
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """What one process runs.

    Attributes:
        name: Of its state file and its log.
        title: What a person calls it.
        fingerprint: Of the files that it would be started from now; one that was started from others is replaced.
        launch: Makes the command, and what it needs; called only when it is to be started.
    """

    name: str
    title: str
    fingerprint: Callable[[], str]
    launch: Callable[[], Launch]


def adopt(child: subprocess.Popen[bytes]) -> float:
    """Keep a process that was started here, to be polled; gives when it began, which with its pid names it for good."""
    _CHILDREN[child.pid] = child
    return float(psutil.Process(child.pid).create_time())


def live(pid: int, created: float) -> psutil.Process | None:
    """The process of this pid that began then, or None if it ended, also when another has its pid by now."""
    # All of them: one that was killed may be a zombie for a moment before it can be polled.
    for child in list(_CHILDREN.values()):
        child.poll()
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def home() -> Path:
    """Where states, logs and checkpoints lie: SCENOGRAPH_HOME, or the user's state folder."""
    given = os.environ.get("SCENOGRAPH_HOME")
    return Path(given) if given else platformdirs.user_state_path("scenograph")


def _no_home(error: OSError) -> UserError:
    return UserError(f"cannot use {home()} ({error.strerror}): set SCENOGRAPH_HOME to a folder of yours")


def log_path(name: str) -> Path:
    """The log of a program, of its last start."""
    return home() / f"{name}.log"


def running(name: str) -> Running | None:
    """The process of a program, whether it takes requests yet or not; a stale state file counts for nothing.

    Raises:
        UserError: The home is no folder, or not ours to read.
    """
    try:
        state = Running.model_validate_json(_state_path(name).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    except OSError as error:
        raise _no_home(error) from error
    return state if state.process() else None


def up(programs: Sequence[Program], progress: Progress, *, seconds: float = START_SECONDS) -> list[Running]:
    """Give the running processes; those that are missing or out of date are started, side by side, and waited for.

    Args:
        programs: What shall run.
        progress: Is told what goes on, about once a second.
        seconds: How long one may take to start.

    Raises:
        UserError: One died, or took too long; those that were started here are stopped again. Or there is no home.
    """
    states = [state for program in programs if (state := _current(program)) and state.healthy()]
    if len(states) == len(programs):
        return states
    try:
        home().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_home(error) from error
    with _alone(progress):
        started: list[Running] = []
        try:
            states = [_current(program) or _spawn(program, started, progress) for program in programs]
            return [
                _ready(program, state, started, progress, seconds)
                for program, state in zip(programs, states, strict=True)
            ]
        except BaseException:
            for state in started:  # those that somebody else started are theirs to stop
                _stop(state)
            raise


def down(name: str) -> bool:
    """Stop a program's process and all of its group.

    Returns:
        Whether one ran.
    """
    state = running(name)
    if state is not None:
        _stop(state)
    return state is not None


def memory(state: Running) -> int:
    """Resident bytes of a process and its children."""
    total = 0
    if process := state.process():
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += one.memory_info().rss
    return total


def _state_path(name: str) -> Path:
    return home() / f"{name}.json"


def _current(program: Program) -> Running | None:
    state = running(program.name)
    return state if state and state.fingerprint == program.fingerprint() else None


@contextlib.contextmanager
def _alone(progress: Progress) -> Iterator[None]:
    """Hold the lock: of two that ask at once, one starts what is missing and the other waits for it."""
    lock = filelock.FileLock(home() / "start.lock")
    while True:
        with contextlib.suppress(filelock.Timeout):
            lock.acquire(timeout=1.0)
            break
        progress("waiting for another scenograph, which is starting what this one needs")
    try:
        yield
    finally:
        lock.release()


def _spawn(program: Program, started: list[Running], progress: Progress) -> Running:
    progress(f"preparing {program.title}")
    down(program.name)  # one that is out of date
    launch = program.launch()
    port, key = _free_port(), secrets.token_urlsafe(24)
    with log_path(program.name).open("wb") as log:
        child = subprocess.Popen(
            [*launch.argv, f"--port={port}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_absolute(), **launch.environment, launch.key_variable: key},
            cwd=home(),
            start_new_session=True,
        )
    state = Running(
        name=program.name,
        pid=child.pid,
        created=adopt(child),
        port=port,
        key=key,
        fingerprint=program.fingerprint(),
    )
    started.append(state)
    _write_private(_state_path(program.name), state.model_dump_json())
    return state


def _absolute() -> dict[str, str]:
    """Paths of the environment as they are meant here: a program that is started runs in another folder."""
    given = {name: os.environ.get(name) for name in ("SCENOGRAPH_HOME", "SCENOGRAPH_POLICY")}
    return {name: str(Path(path).absolute()) for name, path in given.items() if path and path != "off"}


def _write_private(path: Path, text: str) -> None:
    """Replace a file in one move, readable by its owner only: it holds a key."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def _ready(program: Program, state: Running, started: list[Running], progress: Progress, seconds: float) -> Running:
    """Wait until the process takes requests; one of somebody else's that ends meanwhile is replaced by ours."""
    began = time.monotonic()
    log = log_path(program.name)
    if state in started:
        progress(f"starting {program.title}, 0 s (log: {log})")  # also of one that is ready at once
    while not state.healthy():
        waited = time.monotonic() - began
        if state.process() is None:
            if state in started:
                raise UserError(f"{program.title} died while starting: {_last_words(log)} (full log: {log})")
            state = _spawn(program, started, progress)
        if waited > seconds:
            raise UserError(f"{program.title} did not start within {seconds:.0f} s: look at {log}")
        progress(f"starting {program.title}, {waited:.0f} s (log: {log})")
        time.sleep(0.25)
    return state


def _last_words(log: Path, count: int = 3) -> str:
    with log.open(errors="replace") as file:
        lines = deque((line.strip() for line in file if line.strip()), maxlen=count)
    return " | ".join(line[-200:] for line in lines) or "it said nothing"


def _stop(state: Running) -> None:
    """Ask the whole process group to end, then make it; no other group can be meant, for the leader was identified."""
    if state.process() is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(state.pid, signal.SIGTERM)
            if not _gone(state.pid, STOP_SECONDS):
                os.killpg(state.pid, signal.SIGKILL)
                _gone(state.pid, STOP_SECONDS)
    if running(state.name) is None:  # somebody else may have started another meanwhile
        _state_path(state.name).unlink(missing_ok=True)


def _gone(group: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(map(_is_at_work, _members(group))):
            return True
        time.sleep(0.1)
    return False


def _members(group: int) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group:
                yield process


def _is_at_work(process: psutil.Process) -> bool:
    """Whether it has not ended; a zombie has, once it has no other thread, and stays until its parent asks after it."""
    if process.pid in _CHILDREN:
        return _CHILDREN[process.pid].poll() is None
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.Error:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
