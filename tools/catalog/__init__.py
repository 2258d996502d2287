"""The catalog of models: what each is, where its weights come from, which is active. Loading lives in `models`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter

from graphs.types import Frozen
from tools.errors import UserError

ROOT = Path(__file__).parent
ENTRIES = ROOT / "entries.json"


class Source(Frozen):
    """Where weights come from.

    Attributes:
        kind: `repo`: a path below `tools/catalog`; `file`: a path on this machine; `package`: a Python package that
            ships them; `hub`: an id on a model hub.
        location: That path, name or id.
    """

    kind: Literal["repo", "file", "package", "hub"]
    location: str


class ModelEntry(Frozen):
    """One model.

    Attributes:
        name: Unique in the catalog; evidence names it.
        task: What it is for, such as `segment` or `plan`.
        backend: Which loader knows it.
        sources: The first is this model's own weights, others are what it stands on.
        tools: Of a planner: names of the tools that it was trained on, and so is offered; empty for all.
        classes: Class names in the order of the model's outputs; empty where it has none.
        image_size: Pixels of the longer side at which it looks, where it matters.
        confidence: Score below which what it sees is left out, 0 to 1, where it was chosen for this model.
        licence: SPDX identifier of the weights.
        size: Bytes of the weights.
        sha256: Their `checksum`.
        base: What it was fine-tuned from.
        status: Tools load the `active` one of a task.
        metrics: What it reached, by name.
    """

    name: str
    task: str
    backend: str
    sources: tuple[Source, ...] = Field(min_length=1)
    tools: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    image_size: int | None = None
    confidence: float | None = Field(default=None, gt=0, le=1)
    licence: str
    size: int = 0
    sha256: str = ""
    base: str = ""
    status: Literal["candidate", "active"] = "candidate"
    metrics: dict[str, float] = Field(default_factory=dict)

    def path(self, root: Path = ROOT) -> Path:
        """Where the weights lie on this machine: a file or a folder.

        Raises:
            UserError: If they come from elsewhere.
        """
        source = self.sources[0]
        if source.kind not in ("repo", "file"):
            raise UserError(
                f"model {self.name}: weights from a {source.kind} are not on this machine; name a file instead"
            )
        return root / source.location


_ENTRIES = TypeAdapter(tuple[ModelEntry, ...])


def entries(path: Path = ENTRIES) -> tuple[ModelEntry, ...]:
    """All entries of the catalog, in its order."""
    return _ENTRIES.validate_json(path.read_bytes())


def active(task: str, path: Path = ENTRIES) -> ModelEntry:
    """The model in use for a task.

    Raises:
        UserError: If none is active.
    """
    known = entries(path)
    for entry in known:
        if entry.task == task and entry.status == "active":
            return entry
    tasks = ", ".join(sorted({entry.task for entry in known if entry.status == "active"}))
    raise UserError(f"no active model for task {task!r} in the catalog; there is one for: {tasks}")


def checksum(path: Path) -> str:
    """SHA-256 of a file; of a folder, that of its `relative path, checksum` lines in the order of the paths.

    Raises:
        OSError: If a file cannot be read.
    """
    if path.is_dir():
        files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())
        lines = "".join(f"{name} {checksum(file)}\n" for name, file in files)
        return hashlib.sha256(lines.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verified(entry: ModelEntry, root: Path = ROOT) -> Path:
    """Where an entry's weights lie, once their checksum was found to be the catalog's.

    Raises:
        UserError: If they are missing or differ.
    """
    path = entry.path(root)
    if not path.exists():
        raise UserError(f"model {entry.name}: weights missing at {path}; install scenograph again or train them")
    if checksum(path) != entry.sha256:
        raise UserError(f"model {entry.name}: {path} is not what the catalog lists (sha256 differs); restore the file")
    return path


def sealed(entry: ModelEntry, root: Path = ROOT) -> ModelEntry:
    """The entry with size and checksum of its weights as they lie on this machine."""
    weights = entry.path(root)
    files = [weights] if weights.is_file() else [file for file in weights.rglob("*") if file.is_file()]
    return entry.model_copy(update={"size": sum(file.stat().st_size for file in files), "sha256": checksum(weights)})


def record(entry: ModelEntry, metrics: Mapping[str, float] | None = None, path: Path = ENTRIES) -> ModelEntry:
    """Write an entry into the catalog, with size and checksum of the weights as they lie; one of its name is replaced.

    Args:
        entry: What to write.
        metrics: What the model reached; those of the entry stay if none are given.
        path: The catalog, beside which `repo` sources lie.

    Returns:
        The entry as written.
    """
    written = sealed(entry, path.parent)
    if metrics is not None:
        written = written.model_copy(update={"metrics": dict(metrics)})
    known = {other.name: other for other in (entries(path) if path.exists() else ())} | {entry.name: written}
    path.write_bytes(_ENTRIES.dump_json(tuple(known.values()), indent=2) + b"\n")
    return written
