import json
from pathlib import Path

import pytest
from PIL import Image

from finetune.data.asked import read_asked
from tools.errors import UserError


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("RGB", (8, 8)).save(folder / f"{number}.png")
    return folder


def written(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_all_that_is_asked_about_a_picture_stays_on_one_side(tmp_path: Path) -> None:
    pictures(tmp_path, 10)
    rows = [{"image": f"{n % 10}.png", "question": f"Number {n}?", "answer": "yes"} for n in range(30)]
    learnt, judged = read_asked(written(tmp_path / "rows.jsonl", *rows), 0.2, seed=0)
    assert (len(learnt), len(judged)) == (24, 6)
    assert not {row.image for row in learnt} & {row.image for row in judged}
    assert read_asked(tmp_path, 0.2, seed=0) == (learnt, judged)


def test_captions_are_read_as_hugging_face_writes_them(tmp_path: Path) -> None:
    for part in ("train", "val"):
        written(pictures(tmp_path / part, 1) / "metadata.jsonl", {"file_name": "0.png", "text": f"for {part}"})
    [learnt], [judged] = read_asked(tmp_path, 0.2, seed=0)
    assert (learnt.question, learnt.answer, judged.answer) == ("", "for train", "for val")
    assert learnt.image == tmp_path / "train" / "0.png"


def test_a_line_ends_where_json_lines_do_and_numbers_are_answers(tmp_path: Path) -> None:
    pictures(tmp_path, 2)
    rows = [{"image": "0.png", "answer": "a\u2028b"}, {"image": "1.png", "question": "How many?", "answer": 3}]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (tmp_path / "rows.jsonl").write_text(lines, encoding="utf-8-sig")
    learnt, judged = read_asked(tmp_path, 0.5, seed=0)
    assert {row.answer for row in (*learnt, *judged)} == {"a\u2028b", "3"}


def test_of_several_files_none_is_picked_by_its_name(tmp_path: Path) -> None:
    pictures(tmp_path, 2)
    for number, part in enumerate(("train", "validation")):
        written(tmp_path / f"{part}.jsonl", {"image": f"{number}.png", "answer": part})
    [learnt], [judged] = read_asked(tmp_path, 0.2, seed=0)
    assert (learnt.answer, judged.answer) == ("train", "validation")
    (tmp_path / "validation.jsonl").rename(tmp_path / "test.jsonl")
    with pytest.raises(UserError, match=r"holds test.jsonl, train.jsonl: name one of them"):
        read_asked(tmp_path, 0.2, seed=0)


def test_easy_vqa_is_read_as_its_package_holds_it_and_its_test_set_is_left_alone(tmp_path: Path) -> None:
    for part in ("train", "test"):
        pictures(tmp_path / part / "images", 4)
        rows = [["what shape is in the image?", part, number] for number in range(4)]
        (tmp_path / part / "questions.json").write_text(json.dumps(rows))
    learnt, judged = read_asked(tmp_path, 0.25, seed=0)
    assert {row.answer for row in (*learnt, *judged)} == {"train"}
    assert len(judged) == 1


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "about 0 pictures"),
        ([{"image": "0.png", "answer": "yes"}], "about 1 pictures"),
        ([{"image": "0.png"}], "line 1 is no row"),
        ([[1]], "line 1 is no row"),
        ([{"image": "9.png", "answer": "yes"}], "9.png, which is not there"),
    ],
)
def test_what_is_wrong_is_one_clear_line(tmp_path: Path, rows: list[object], told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_asked(written(pictures(tmp_path, 1) / "rows.jsonl", *rows), 0.2, seed=0)
    with pytest.raises(UserError, match="give a .jsonl with image"):
        read_asked(tmp_path / "none", 0.2, seed=0)
