"""Active models, each loaded once and shared by every workspace and thread. Which are active, the catalog says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tools.catalog import ModelEntry, active
from tools.errors import UserError


def load(entry: ModelEntry) -> Any:
    """Load the model of an entry with the backend that knows it.

    Raises:
        UserError: If no backend here knows it, or its weights are missing or not those of the catalog.
    """
    match entry.backend:
        case "ultralytics":
            from tools.detector import Detector

            return Detector(entry)
    raise UserError(f"model {entry.name}: backend {entry.backend!r} cannot be loaded as a tool's model; choose another")


class Models:
    """The models in use, by task. The loader is the seam at which tests enter."""

    def __init__(self, load: Callable[[ModelEntry], Any] = load) -> None:
        """Start with nothing loaded."""
        self._load = load
        self._loaded: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, task: str) -> Any:
        """The active model of a task, loaded on first use; threads that come meanwhile wait for it.

        Raises:
            UserError: If no model is active, or it cannot be loaded.
        """
        with self._lock:
            if task not in self._loaded:
                self._loaded[task] = self._load(active(task))
            return self._loaded[task]


SHARED = Models()
"""The models of this process: weights are large, and workspaces come and go with each run."""
