"""Active models, each loaded once and shared by every workspace and thread. Which are active, the catalog says."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tools import memory
from tools.catalog import ModelEntry, active
from tools.errors import UserError
from tools.seen import Seen

BACKENDS = {
    "ultralytics": "tools.detector:Detector",
    "diffusers": "tools.generator:Generator",
    "timm": "tools.recogniser:ImageNetRecogniser",
    "timm-whole": "tools.recogniser:WholeRecogniser",
    "timm-head": "tools.recogniser:HeadRecogniser",
    "siglip": "tools.siglip:SiglipRecogniser",
    "transformers": "tools.classifier:ClassifierRecogniser",
    "sam2": "tools.outliner:Sam2Outliner",
    "grabcut": "tools.outliner:GrabCut",
    "rapidocr": "tools.reader:Reader",
    "timm-blip": "tools.captioner:Captioner",
}
"""The class of each backend, as `module:class`; its module is imported once it is needed."""


def load(entry: ModelEntry) -> Any:
    """Load the model of an entry with the backend that knows it.

    Raises:
        UserError: If no backend here knows it, or its weights are missing or not those of the catalog.
    """
    if entry.backend not in BACKENDS:
        raise UserError(
            f"model {entry.name}: backend {entry.backend!r} cannot be loaded as a tool's model; choose another"
        )
    module, _, name = BACKENDS[entry.backend].partition(":")
    return getattr(import_module(module), name)(entry)


class Models:
    """The models in use, by task. The loader is the seam at which tests enter."""

    def __init__(
        self, load: Callable[[ModelEntry], Any] = load, limit: int | None = None, seen: Seen | None = None
    ) -> None:
        """Start with nothing loaded.

        Args:
            load: Makes a model of an entry.
            limit: Bytes that the loaded models may need together; by default as `tools.memory` says. One model alone
                may exceed it.
            seen: Where what they see is kept, so that they see it once; by default nowhere.
        """
        self.seen = seen
        self._load = load
        self._limit = limit
        self._loaded: OrderedDict[tuple[str, str], tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def entry(self, task: str) -> ModelEntry:
        """What the catalog says of the active model of a task, loaded or not.

        Raises:
            UserError: If no model is active.
        """
        return active(task)

    def has(self, task: str) -> bool:
        """Whether a model is active for a task."""
        try:
            self.entry(task)
        except UserError:
            return False
        return True

    def get(self, task: str) -> Any:
        """The active model of a task, loaded on first use; threads that come meanwhile wait for it.

        Raises:
            UserError: If no model is active, or it cannot be loaded.
        """
        entry = self.entry(task)
        key = (entry.name, entry.sha256)
        with self._lock:
            if key not in self._loaded:
                self._make_room(_needs(entry))
                self._loaded[key] = (self._load(entry), _needs(entry))
            self._loaded.move_to_end(key)
            return self._loaded[key][0]

    def _make_room(self, size: int) -> None:
        """Let the least recently used models go; one that is still looking stays until it is done."""
        limit = memory.settings().tools_memory if self._limit is None else self._limit
        before = len(self._loaded)
        while self._loaded and size + sum(held for _, held in self._loaded.values()) > limit:
            self._loaded.popitem(last=False)
        if len(self._loaded) < before and "torch" in sys.modules:
            sys.modules["torch"].cuda.empty_cache()


def _needs(entry: ModelEntry) -> int:
    """Bytes; for a model of which nobody said it, four times its weights: in half precision they are stored."""
    return entry.memory or 4 * entry.size


SHARED = Models(seen=Seen())
"""The models of this process: weights are large, and workspaces come and go with each run."""
