"""The catalog of models: what each is, where its weights come from, which is active. Loading lives in `models`."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path, user_config_path
from pydantic import Field, TypeAdapter, ValidationError

from graphs.types import Frozen
from tools.errors import UserError

ROOT = Path(__file__).parent
ENTRIES = ROOT / "entries.json"
"""The models that are embedded: their weights are part of the project."""

LARGE = ROOT / "large.json"
"""Large open models, whose weights are on a hub."""


class Source(Frozen):
    """Where weights come from.

    Attributes:
        kind: `repo`: a path below `tools/catalog`; `file`: a path on this machine; `package`: a Python package that
            ships them; `hub`: an id on a model hub.
        location: That path, name or id; of one file in a package `package/path/in/it`; of a hub `owner/name`, or
            `owner/name/file` for one file of it.
        revision: Of a hub: the commit or branch.
    """

    kind: Literal["repo", "file", "package", "hub"]
    location: str
    revision: str = "main"


class Sampling(Frozen):
    """How a diffusion model is sampled.

    Attributes:
        steps: Denoising steps of a picture.
        guidance: Scale of classifier-free guidance; 0 or 1 for models distilled without it.
        scheduler: Class of diffusers, made of the pipeline's own configuration; empty for its own.
        strength: Share of the steps that making a picture over runs, 0 to 1: more changes more.
        square: Whether it knows only one size, a square.
        arguments: What else its pipeline is called with.
    """

    steps: int = Field(default=20, gt=0)
    guidance: float = Field(default=5.0, ge=0)
    scheduler: str = ""
    strength: float = Field(default=0.7, gt=0, le=1)
    square: bool = False
    arguments: dict[str, bool | int | float | str] = Field(default_factory=dict)


class ModelEntry(Frozen):
    """One model.

    Attributes:
        name: Unique in the catalog; evidence names it.
        task: What it is for, such as `segment` or `plan`.
        backend: Which loader knows it.
        sources: The first is this model's own weights, others are what it stands on.
        tools: Of a planner: names of the tools that it was trained on, and so is offered; empty for all.
        scripts: Of a planner: the scripts that it reads questions in, as Unicode names them; empty for all.
        classes: Class names in the order of the model's outputs; empty where it has none.
        image_size: Pixels of the longer side at which it looks, where it matters.
        confidence: Score below which what it sees is left out, 0 to 1, where it was chosen for this model.
        namer: Of a detector: name of the recogniser that says what each thing is that it finds; empty for itself.
        sampling: Of a diffusion model: how it is sampled.
        licence: SPDX identifier of the weights.
        size: Bytes of the weights; about, where a hub has them.
        sha256: Their `checksum`; of what a hub has it is known once it was pulled.
        memory: Bytes that the loaded model needs, about.
        flags: Of a planner: what vLLM needs to serve it, beside what it needs for any.
        base: What it was fine-tuned from.
        status: Tools load the `active` one of a task.
        metrics: What it reached, by name.
    """

    name: str
    task: str
    backend: str
    sources: tuple[Source, ...] = Field(min_length=1)
    tools: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    image_size: int | None = None
    confidence: float | None = Field(default=None, gt=0, le=1)
    namer: str = ""
    sampling: Sampling | None = None
    licence: str
    size: int = 0
    sha256: str = ""
    memory: int = 0
    flags: tuple[str, ...] = ()
    base: str = ""
    status: Literal["candidate", "active"] = "candidate"
    metrics: dict[str, float] = Field(default_factory=dict)

    def path(self, root: Path = ROOT) -> Path:
        """Where the weights lie on this machine, or would lie: a file or a folder.

        Raises:
            UserError: If they are on a hub, or in a package that is not installed.
        """
        source = self.sources[0]
        if source.kind == "hub":
            raise UserError(f"model {self.name} is not on this machine; run `scenograph models pull {self.name}`")
        if source.kind == "package":
            return packaged(source)
        return root / source.location

    def here(self) -> bool:
        """Whether the weights are on this machine."""
        try:
            return self.path().exists()
        except UserError:
            return False


class Own(Frozen):
    """What the user of this machine added and chose.

    Attributes:
        entries: Models of the user's; one that has the name of a shipped one stands before it.
        chosen: Name of the model in use, by task; for other tasks the shipped one that is `active`.
    """

    entries: tuple[ModelEntry, ...] = ()
    chosen: dict[str, str] = Field(default_factory=dict)


_ENTRIES = TypeAdapter(tuple[ModelEntry, ...])


def packaged(source: Source) -> Path:
    """A file that a Python package ships, found without importing it; the location is `package/path/in/it`.

    Raises:
        UserError: If the package or the file is not installed.
    """
    package, _, inner = source.location.partition("/")
    spec = find_spec(package)
    path = Path(spec.origin).parent / inner if spec and spec.origin else None
    if path is None or not path.is_file():
        raise UserError(f"{source.location} is missing: install the project's requirements")
    return path


def own_path() -> Path:
    """The user's file: below SCENOGRAPH_HOME, or in the user's configuration folder."""
    return Path(os.environ.get("SCENOGRAPH_HOME") or user_config_path("scenograph")) / "models.json"


def cache_path() -> Path:
    """Where weights that were pulled, and what is made of weights, are kept: it can all be had again."""
    return Path(os.environ.get("SCENOGRAPH_HOME") or user_cache_path("scenograph"))


def own() -> Own:
    """What the user added and chose; nothing, where there is no file yet.

    Raises:
        UserError: If the file is damaged, or cannot be read.
    """
    path = own_path()
    try:
        return _own(path, _stamp(path))
    except FileNotFoundError:
        return Own()
    except ValidationError as error:
        raise UserError(f"{path} is damaged ({error.errors()[0]['msg']}); mend or remove it") from error
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror}); set SCENOGRAPH_HOME to a folder of yours") from error


def entries(path: Path | None = None) -> tuple[ModelEntry, ...]:
    """All entries in order: the embedded ones, large open ones, and the user's; or those of one file."""
    if path is not None:
        return _entries(path, _stamp(path))
    known = [*entries(ENTRIES), *entries(LARGE), *own().entries]
    return tuple({entry.name: entry for entry in known}.values())


# Tools ask at each call which model is active, so that a new choice holds at once; a file is read when it changes.
def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=8)
def _own(path: Path, stamp: tuple[int, int]) -> Own:
    return Own.model_validate_json(path.read_bytes())


@lru_cache(maxsize=8)
def _entries(path: Path, stamp: tuple[int, int]) -> tuple[ModelEntry, ...]:
    return _ENTRIES.validate_json(path.read_bytes())


def find(name: str) -> ModelEntry:
    """The entry of a name.

    Raises:
        UserError: If there is none.
    """
    known = {entry.name: entry for entry in entries()}
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(near)}?" if near else "see `scenograph models list`"
        raise UserError(f"no model {name!r} in the catalog; {hint}")
    return known[name]


def active(task: str, path: Path | None = None) -> ModelEntry:
    """The model in use for a task: the user's choice, else the shipped one that is active.

    Raises:
        UserError: If none is active.
    """
    known = entries(path)
    chosen = {} if path is not None else own().chosen
    if task in chosen:
        return find(chosen[task])
    for entry in known:
        if entry.task == task and entry.status == "active":
            return entry
    if task in _STANDS_IN:
        return active(_STANDS_IN[task], path)
    tasks = ", ".join(sorted({entry.task for entry in known if entry.status == "active"} | chosen.keys()))
    raise UserError(f"no active model for task {task!r} in the catalog; there is one for: {tasks}")


_STANDS_IN = {"detect": "segment"}
"""What segments can detect too."""


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
