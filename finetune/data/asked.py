"""Reads questions about pictures with answers, and captions, for `describe` and `generate`. Pictures stand beside."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from finetune.data.read import SPLITS, given_splits
from finetune.data.split import stratified
from tools.errors import UserError

EASY = "questions.json"
"""easy-VQA's file of `[question, answer, image]`, with `images/IMAGE.png` beside it."""


class Asked(BaseModel):
    """A question about a picture with its answer; a caption is the answer to no question.

    Attributes:
        image: The file; in the data `image`, or `file_name` as in an imagefolder of Hugging Face's.
        question: Empty for a caption.
        answer: In the data `answer`, `caption` or `text`.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    image: Path = Field(validation_alias=AliasChoices("image", "file_name"))
    question: str = ""
    answer: str = Field(min_length=1, validation_alias=AliasChoices("answer", "caption", "text"))


def read_asked(path: Path, share: float, seed: int) -> tuple[list[Asked], list[Asked]]:
    """Read what to train on and what to validate on.

    Args:
        path: A JSONL file, a row an answer; a folder with one, or with `train.jsonl` and `val.jsonl`; one with
            `train` and `val` of these; easy-VQA's `data`.
        share: Of the pictures that validate, with all that is asked about them, where they are not split already.
        seed: Of that split.

    Raises:
        UserError: If nothing of the kind is there, a row is not in form, or a picture is missing.
    """
    if splits := given_splits(path) or split_files(path):
        return _rows(splits[0]), _rows(splits[1])
    rows = _rows(path / "train" if (path / "train" / EASY).is_file() else path)
    answers: dict[str, list[str]] = {}
    for row in rows:
        answers.setdefault(str(row.image), []).append(row.answer)
    learnt, _ = stratified(answers, share, seed)
    chosen = set(learnt)
    parts = [[row for row in rows if (str(row.image) in chosen) is wanted] for wanted in (True, False)]
    if not all(parts):
        raise UserError(f"{path} is about {len(answers)} pictures: training needs some, and some to validate on")
    return parts[0], parts[1]


def split_files(path: Path) -> tuple[Path, Path] | None:
    """The files `train.jsonl` and `val.jsonl` of a folder, or none."""
    found = [next((file for name in names if (file := path / f"{name}.jsonl").is_file()), None) for names in SPLITS]
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None


def _rows(path: Path) -> list[Asked]:
    files = [path] if path.is_file() else sorted(path.glob("*.jsonl"))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise UserError(f"{path} holds {names}: name one of them, or call two train.jsonl and val.jsonl")
    file = files[0] if files else path / EASY
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} holds no rows: give a .jsonl with image and caption, or image, question and answer, in each line"
        ) from error
    rows = _easy(file, text) if file.name == EASY else _lines(file, text)
    if missing := next((row.image for row in rows if not row.image.is_file()), None):
        raise UserError(f"{file} is about {missing}, which is not there")
    return rows


def _easy(file: Path, text: str) -> list[Asked]:
    try:
        rows = TypeAdapter(list[tuple[str, str, int]]).validate_json(text)
    except ValidationError as error:
        raise UserError(f"{file} is not easy-VQA's: it shall hold a list of [question, answer, image]") from error
    images = file.parent / "images"
    return [Asked(image=images / f"{number}.png", question=asked, answer=answer) for asked, answer, number in rows]


def _lines(file: Path, text: str) -> list[Asked]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = Asked.model_validate(json.loads(line))
        except ValueError as error:  # a ValidationError is one too
            raise UserError(
                f"{file} line {number} is no row: it needs image and answer, or file_name and text"
            ) from error
        rows.append(row.model_copy(update={"image": file.parent / row.image}))
    return rows
