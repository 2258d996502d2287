import json
from pathlib import Path

import pytest

from agent import cli

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def vit(tmp_path: Path) -> Path:
    """A classifier as transformers saves one, but for its weights."""
    path = tmp_path / "vit"
    path.mkdir()
    config = {"architectures": ["ViTForImageClassification"], "id2label": {"0": "dog", "1": "cat"}}
    (path / "config.json").write_text(json.dumps(config))
    (path / "model.safetensors").write_bytes(b"12345678")
    return path


def models(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["models", *map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_list_tells_what_is_here_and_what_is_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert models("list", "--json") == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert (listed["diorama-yolo26n-seg"]["here"], listed["diorama-yolo26n-seg"]["in_use"]) == (True, True)
    assert (listed["yolo26n-seg"]["here"], listed["yolo26n-seg"]["in_use"]) == (False, False)
    assert models("list", "--task", "plan") == 0
    table = capsys.readouterr().out
    assert "qwen3-vl-8b-instruct" in table
    assert "17.5 GB" in table
    assert "yolo26n-seg" not in table


def test_a_model_of_the_users_own_from_end_to_end(vit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("add", vit) == 0
    assert "vit: recognise, 0 MB" not in (said := capsys.readouterr().out)
    assert "2 classes; `scenograph models use vit`" in said
    assert models("use", "vit") == 0
    assert capsys.readouterr().out == "recognise: vit\n"
    assert models("show", "vit") == 0
    assert "dog, cat" in capsys.readouterr().out
    assert models("show", "vit", "--json") == 0
    assert json.loads(capsys.readouterr().out)["in_use"] is True
    assert models("rm", "vit") == 0
    assert models("show", "vit") == 2
    assert vit.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["list", "--task", "fly"], "no model for task 'fly'; there are some for:"),
        (["show", "yolo26n"], "did you mean yolo26n-seg"),
        (["use", "photo"], "scenograph models pull yolo26s-seg"),
        (["pull", "auto"], "no model 'auto'"),
        (["pull", "diorama-yolo26n-seg-2"], "no model 'diorama-yolo26n-seg-2'"),
        (["rm", "diorama-planner"], "part of scenograph"),
        (["add", "/nowhere.pt"], "no such file or folder: /nowhere.pt"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert models(*arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_names_of_the_project_are_taken(vit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("add", vit, "--name", "yolo26n-seg") == 2
    assert "choose another --name" in capsys.readouterr().err


def test_what_is_here_already_is_not_pulled_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert models("pull", "diorama-yolo26n-seg") == 0
    assert "here already" in capsys.readouterr().out
