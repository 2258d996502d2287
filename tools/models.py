"""Active models, each loaded once and shared by every workspace and thread. Which are active, the catalog says."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tools import memory
from tools.catalog import ModelEntry, active, find
from tools.errors import UserError
from tools.seen import Seen, key

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

SAYS_NOTHING = {"licence", "metrics", "status"}
"""Of an entry: what may change while its model stays as it is."""

# Diffusers and transformers set torch's defaults for the whole process while they load: a model that is made meanwhile
# gets no weights, or those of another precision. A detector loads its namer within.
_ONE_LOADS = threading.RLock()


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
    with _ONE_LOADS:
        return getattr(import_module(module), name)(entry)


def identity(entry: ModelEntry) -> str:
    """What tells a model, with its namer, from all others: of two that share it, both see the same in a picture.

    Raises:
        UserError: If its namer is not in the catalog.
    """
    parts = [entry, find(entry.namer)] if entry.namer else [entry]
    return key("model", *(part.model_dump_json(exclude=SAYS_NOTHING) for part in parts))


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
        self._loaded: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._loading: dict[str, int] = {}
        self._changed = threading.Condition()  # of both tables

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
        """The active model of a task, loaded on first use; threads that want it meanwhile wait, and no others.

        Raises:
            UserError: If no model is active, or it cannot be loaded.
        """
        entry = self.entry(task)
        name, size = identity(entry), _needs(entry)
        with self._changed:
            self._changed.wait_for(lambda: name in self._loaded or self._may_load(name, size))
            if name in self._loaded:
                self._loaded.move_to_end(name)
                return self._loaded[name][0]
            self._make_room(size)
            self._loading[name] = size
        try:
            model = self._load(entry)
            with self._changed:
                self._loaded[name] = (model, size)
        finally:
            with self._changed:
                del self._loading[name]
                self._changed.notify_all()
        return model

    def _may_load(self, name: str, size: int) -> bool:
        """Whether nobody loads it already, and all that is loading leaves room for it."""
        return not self._loading or (name not in self._loading and size + sum(self._loading.values()) <= self._most())

    def _make_room(self, size: int) -> None:
        """Let the least recently used models go; one that is still looking stays until it is done."""
        limit = self._most()
        before = len(self._loaded)
        while self._loaded and size + self._held() > limit:
            self._loaded.popitem(last=False)
        if len(self._loaded) < before and "torch" in sys.modules:
            sys.modules["torch"].cuda.empty_cache()

    def _held(self) -> int:
        """Bytes of what is loaded or loading; for a moment a model is both."""
        return sum(({name: size for name, (_, size) in self._loaded.items()} | self._loading).values())

    def _most(self) -> int:
        return memory.settings().tools_memory if self._limit is None else self._limit


def _needs(entry: ModelEntry) -> int:
    """Bytes; for a model of which nobody said it, four times its weights: in half precision they are stored."""
    return entry.memory or 4 * entry.size


SHARED = Models(seen=Seen())
"""The models of this process: weights are large, and workspaces come and go with each run."""
