"""What a training in a folder was asked for, so that it goes on only where it is asked for the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.errors import UserError

ASKED = "asked.json"


@contextmanager
def going_on(out: Path, asked: Mapping[str, Any]) -> Iterator[None]:
    """Begin a training in a folder, or go on with it; one that is refused at once leaves nothing behind.

    Args:
        out: The folder, which must exist.
        asked: What was asked for, as plain JSON.

    Raises:
        UserError: If the folder holds a training that was asked for otherwise.
    """
    path = out / ASKED
    wanted = json.loads(json.dumps(asked))
    try:
        begun = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    except ValueError as error:
        raise UserError(f"{path} is damaged: remove it, if {out} holds the training that you mean") from error
    if begun is None:
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(wanted, indent=1), encoding="utf-8")
        draft.replace(path)
    elif differ := [name for name in wanted if begun.get(name) != wanted[name]]:
        raise UserError(f"{out} holds a training that differs in {' and '.join(differ)}: choose another --out")
    try:
        yield
    except UserError:
        if begun is None:
            path.unlink(missing_ok=True)
        raise


def size_of(data: Path, out: Path) -> list[int]:
    """How many files there are in a data set, and their bytes together: data that changed has others.

    Args:
        data: A file, or a folder.
        out: Folder of the training, which may lie in that one: what is in it grows, and is left out.
    """
    own, found = out.resolve(), [data] if data.is_file() else data.resolve().rglob("*")
    files = [path for path in found if path.is_file() and own not in path.parents]
    return [len(files), sum(path.stat().st_size for path in files)]
