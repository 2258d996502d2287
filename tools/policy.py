"""What may not be made, and the line in the audit log that each request leaves. Making is `tools.generate`'s."""

from __future__ import annotations

import os
import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from platformdirs import user_state_path
from pydantic import Field, TypeAdapter, ValidationError, field_validator

from graphs.types import Frozen
from tools.errors import ToolError, UserError

DEFAULT = Path(__file__).parent / "policy.json"
SWITCH = "SCENOGRAPH_POLICY"
"""Environment variable: path of another policy, or `off`."""

CHECKER = "the model's own safety checker"
"""The category of what a model made and held back."""


class Category(Frozen):
    """One kind of picture that is refused.

    Attributes:
        name: What the refusal names.
        all_of: Groups of words, as regular expressions; a text that has a word of every group is refused.
    """

    name: str
    all_of: tuple[tuple[str, ...], ...] = Field(min_length=1)

    @field_validator("all_of")
    @classmethod
    def _compile(cls, all_of: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        for group in all_of:
            try:
                _pattern(group)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"{' | '.join(group)} is no regular expression ({error})") from error
        return all_of

    def meets(self, text: str) -> bool:
        """Whether a text is of this kind, however its words are set apart and its letters are encoded."""
        plain = _plain(text)
        return all(_pattern(group).search(plain) for group in self.all_of)


def _pattern(group: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(group)})\b", re.IGNORECASE)


def _plain(text: str) -> str:
    """A text without what changes how it is matched and not how it is read, such as full-width letters.

    Characters that nobody sees may stand within a word or between two: where there are some, both readings are given.
    """
    shown = unicodedata.normalize("NFKC", text)
    readings = ["".join(gap if unicodedata.category(one) == "Cf" else one for one in shown) for gap in ("", " ")]
    return "\n".join(dict.fromkeys(re.sub(r"[_\s]+", " ", reading) for reading in readings))


class Line(Frozen):
    """What is known of one request.

    Attributes:
        time: When, UTC.
        tool: Which tool was asked.
        prompt: For what.
        model: With which model; empty where none was needed.
        seeds: One a picture that was made.
        outcome: `made` or `refused: CATEGORY`.
        images: SHA-256 of the files that were made.
    """

    time: datetime
    tool: str
    prompt: str
    model: str
    seeds: tuple[int, ...] = ()
    outcome: str
    images: tuple[str, ...] = ()


_CATEGORIES = TypeAdapter(tuple[Category, ...])


def screen(tool: str, prompt: str, model: str) -> None:
    """Refuse a request that the policy forbids, and write that down.

    Raises:
        ToolError: If a category meets it.
        UserError: If the policy file cannot be read.
    """
    for category in categories():
        if category.meets(prompt):
            refuse(tool, prompt, model, category.name)


def refuse(tool: str, prompt: str, model: str, category: str) -> NoReturn:
    """Refuse, and write that down.

    Raises:
        ToolError: Always.
    """
    record(tool, prompt, model, f"refused: {category}")
    raise ToolError(f"refused by the policy on images ({category}); say so, and do not try other words for it")


def categories() -> tuple[Category, ...]:
    """The policy in force: our own, the one that SCENOGRAPH_POLICY names, or none where it is `off`."""
    given = os.environ.get(SWITCH, "")
    if given == "off":
        return ()
    path = Path(given) if given else DEFAULT
    return _read(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> tuple[Category, ...]:
    try:
        return _CATEGORIES.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror
        raise UserError(
            f"{SWITCH}: {path} holds no policy ({' '.join(str(reason).split())}); "
            "name a JSON list of name and all_of, or `off`"
        ) from error


def audit_path() -> Path:
    """The audit log: `audit.jsonl` below SCENOGRAPH_HOME, or in the user's state folder."""
    return Path(os.environ.get("SCENOGRAPH_HOME") or user_state_path("scenograph")) / "audit.jsonl"


def record(
    tool: str, prompt: str, model: str, outcome: str, seeds: tuple[int, ...] = (), images: tuple[str, ...] = ()
) -> None:
    """Append a line to the audit log.

    Raises:
        UserError: If it cannot be written: what leaves no line is not made.
    """
    line = Line(
        time=datetime.now(UTC), tool=tool, prompt=prompt, model=model, seeds=seeds, outcome=outcome, images=images
    )
    path = audit_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(line.model_dump_json() + "\n")
    except OSError as error:
        raise UserError(f"cannot write the audit log {path} ({error.strerror}); set SCENOGRAPH_HOME") from error
