"""What a question needs running: the service, and the embedded model's server unless another is configured."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from agent import processes
from agent.llm import endpoint, server
from agent.llm.endpoint import Endpoint
from agent.processes import Launch, Program, Progress, Running

SERVICE_KEY = "SCENOGRAPH_SERVICE_KEY"
"""The variable from which the service takes its bearer key."""

ROOT = Path(__file__).parents[1]
PACKAGES = ("agent", "evals", "finetune", "graphs", "tools")
"""What the service imports: through the tools that it finds, also those that train and the gate's measures."""


def needed() -> tuple[Program, ...]:
    """The programs that `ask` wants, under the settings of this process.

    Raises:
        UserError: The settings are wrong.
    """
    given = endpoint.settings()
    return PROGRAMS if endpoint.configured(given) is None else (SERVICE,)


def up(progress: Progress) -> tuple[Running, Endpoint]:
    """The service and the model that it shall plan with; what does not run is started.

    Raises:
        UserError: The settings are wrong, or a start failed.
    """
    given = endpoint.settings()
    other = endpoint.configured(given)
    if other is not None:
        (service,) = processes.up([SERVICE], progress)
        return service, other
    service, model = processes.up(PROGRAMS, progress)
    return service, server.endpoint(model, given.timeout)


def find_endpoint(progress: Progress) -> Endpoint:
    """The model alone, for those who plan in their own process; the embedded one is started when needed.

    Raises:
        UserError: The settings are wrong, or the start failed.
    """
    given = endpoint.settings()
    if (other := endpoint.configured(given)) is not None:
        return other
    (model,) = processes.up([server.SERVER], progress)
    return server.endpoint(model, given.timeout)


def _fingerprint() -> str:
    """Of the code and the catalog as they lie: their names, sizes and times, for to read them all would take longer."""
    files = sorted(
        file for package in PACKAGES for pattern in ("*.py", "*.json") for file in (ROOT / package).rglob(pattern)
    )
    stats = [(str(file), status.st_size, status.st_mtime_ns) for file in files if (status := file.stat())]
    return hashlib.sha256(repr(stats).encode()).hexdigest()


def _launch() -> Launch:
    argv = (sys.executable, "-m", "uvicorn", "--factory", "agent.service:app", "--host=127.0.0.1")
    # The log is for what went wrong. Runs that go on when the service is told to stop get a few seconds to end.
    return Launch((*argv, "--no-access-log", "--timeout-graceful-shutdown=5"), SERVICE_KEY)


SERVICE = Program("service", "the service", _fingerprint, _launch)
# The service first: it imports while the model is put together.
PROGRAMS = (SERVICE, server.SERVER)
