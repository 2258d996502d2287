from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from agent.commands.many import of_each
from tools.errors import UserError
from tools.intake import gather


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Which of these pictures have a cat on a chair?", "Is there a cat on a chair?"),
        ("Which pictures show a dog?", "Is there a dog?"),
        ("which image contains two cars", "Is there two cars?"),
        ("How many dogs are there?", "How many dogs are there?"),
        ("Which dog is the largest?", "Which dog is the largest?"),
    ],
)
def test_which_of_them_is_asked_of_each(question: str, asked: str) -> None:
    assert of_each(question) == asked


def test_files_folders_and_patterns_name_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shots").mkdir()
    for name in ("shots/b.png", "shots/a.JPG", "c.png"):
        Image.new("RGB", (4, 4)).save(name)
    Path("shots/notes.txt").write_text("no picture")
    a, b, c = Path("shots/a.JPG"), Path("shots/b.png"), Path("c.png")
    assert gather(["shots"]) == [a, b]
    assert gather(["c.png", "shots", "c.png"]) == [c, a, b]
    assert gather(["shots/*.png", "*.png"]) == [b, c]
    assert gather([str(tmp_path / "shots" / "*.png")]) == [tmp_path / b]
    for nothing in ("*.webp", "shots/*.webp"):
        with pytest.raises(UserError, match="nothing matches"):
            gather([nothing])
