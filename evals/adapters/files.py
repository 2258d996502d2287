"""Reads the files of a public data set, with one clear line where one is missing or is not what it should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from evals.suites.options import Options
from tools.errors import UserError

T = TypeVar("T")


def folder(options: Options, what: str) -> Path:
    """The folder that `--data` names.

    Args:
        options: Of the run.
        what: What shall lie in it, for the error.

    Raises:
        UserError: None is named, or it is no folder.
    """
    if options.data is None:
        raise UserError(f"give --data: the folder with {what}")
    if not options.data.is_dir():
        raise UserError(f"no folder {options.data}: --data names the folder with {what}")
    return options.data


def read(path: Path, form: TypeAdapter[T]) -> T:
    """A JSON file in a form.

    Raises:
        UserError: It is missing, or not in that form.
    """
    return _checked(_text(path), form, str(path))


def read_lines(path: Path, form: TypeAdapter[T]) -> list[T]:
    """A file of JSON lines, each in a form. Raises as `read` does."""
    lines = _text(path).split("\n")
    return [_checked(line, form, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror}): --data names another kind of folder?") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8: --data names another kind of folder?") from error


def _checked(text: str, form: TypeAdapter[T], where: str) -> T:
    try:
        data: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{where} is no JSON ({error.msg})") from error
    try:
        return form.validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{where} is not in the form that is read here: {place}: {first['msg']}") from error


def chosen(rows: list[T], seed: int, count: int) -> list[T]:
    """At most `count` rows, drawn by the seed where there are more, in their own order."""
    import numpy as np

    if len(rows) <= count:
        return rows
    places = np.random.default_rng(seed).choice(len(rows), size=count, replace=False)
    return [rows[place] for place in sorted(places.tolist())]
