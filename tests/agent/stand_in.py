"""The real service in a process of its own, with the fake detector at the loader's seam; `--port=N` comes last."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[2]))

from agent.service import app  # noqa: E402
from tests.agent.conftest import two_dogs_and_a_tree  # noqa: E402
from tools.models import Models  # noqa: E402

if __name__ == "__main__":
    port = int(sys.argv[-1].removeprefix("--port="))
    uvicorn.run(app(Models(lambda _: two_dogs_and_a_tree())), host="127.0.0.1", port=port, log_level="warning")
