"""What a user changes in the catalog of this machine: models added, chosen and removed. Reading is the package's."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import filelock

from tools.catalog import ModelEntry, Own, active, cache_path, entries, find, own, own_path
from tools.errors import UserError

NAME = r"\w[^/\\\x00-\x1f]*"
"""What a model may be called: its name becomes that of a folder, and an argument on the command line."""


def _write(changed: Own) -> None:
    path = own_path()
    try:
        # A folder: a temporary file would be for its owner's eyes only.
        with tempfile.TemporaryDirectory(prefix="models-", dir=path.parent) as drafts:
            fresh = Path(drafts) / path.name
            fresh.write_text(changed.model_dump_json(indent=2, exclude_defaults=True) + "\n", encoding="utf-8")
            fresh.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of the user's file: of two that change it at once, one waits, and neither loses what it changed."""
    path = own_path()
    lock = filelock.FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield
    finally:
        lock.release()


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(f"cannot write {path} ({error.strerror}); set SCENOGRAPH_HOME to another folder")


def keep(entry: ModelEntry) -> None:
    """Put an entry among the user's; one of its name is replaced.

    Raises:
        UserError: If its name is not of the form `NAME`.
    """
    if not re.fullmatch(NAME, entry.name):
        raise UserError(f"{entry.name!r} cannot name a model; choose a name that begins with a letter and has no slash")
    with _alone():
        kept = own()
        others = [other for other in kept.entries if other.name != entry.name]
        _write(kept.model_copy(update={"entries": (*others, entry)}))


def choose(name: str) -> ModelEntry:
    """Use a model for its task from now on.

    Raises:
        UserError: If there is no such model, or it is not on this machine.
    """
    entry = find(name)
    if not entry.here():
        entry.path()  # says what to do
        raise UserError(f"model {name}: its weights are gone from {entry.path()}; pull or add it again")
    with _alone():
        _choose({**own().chosen, entry.task: name})
    return entry


def choose_all(chosen: Mapping[str, str]) -> None:
    """Use these models, by task, and the shipped active ones for all other tasks."""
    with _alone():
        _choose(chosen)


def _choose(chosen: Mapping[str, str]) -> None:
    shipped = {entry.task: entry.name for entry in entries() if entry.status == "active"}
    _write(own().model_copy(update={"chosen": {t: n for t, n in chosen.items() if shipped.get(t) != n}}))


def remove(name: str) -> int:
    """Forget a model of the user's and delete its weights, where they were pulled; files of the user's own stay.

    Returns:
        How many bytes are free again.

    Raises:
        UserError: If it is no model of the user's.
    """
    find(name)
    with _alone():
        kept = own()
        if name not in {entry.name for entry in kept.entries}:
            raise UserError(f"model {name} is part of scenograph; only models that were added or pulled can be removed")
        size = _delete(pulled_path(name))
        _write(
            Own(
                entries=tuple(entry for entry in kept.entries if entry.name != name),
                chosen={task: chosen for task, chosen in kept.chosen.items() if chosen != name},
            )
        )
    return size


def pulled_path(name: str) -> Path:
    """The folder for the weights of a model that is pulled."""
    return cache_path() / "weights" / name


def _delete(folder: Path) -> int:
    # A file of the user's that was edited by hand may name anything, such as a folder above.
    if (cache_path() / "weights").resolve() not in folder.resolve().parents:
        return 0
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return size


def in_use() -> set[str]:
    """Names of the models that are active."""
    tasks = {entry.task for entry in entries()}
    names = set()
    for task in tasks:
        try:
            names.add(active(task).name)
        except UserError:
            continue
    return names
