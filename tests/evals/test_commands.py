from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from agent import cli
from tools import models

if TYPE_CHECKING:
    from tests.evals.conftest import World

Worlds = Callable[..., "World"]


def scenograph(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


@contextmanager
def listening(world: World, after: Callable[[], None]) -> Iterator[str]:
    """The world's teachers at a real port, with something that happens on each request; gives the URL."""
    classroom = world.classroom()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            reply = asyncio.run(classroom(httpx.Request("POST", "http://x/", content=body)))
            after()
            self.send_response(reply.status_code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/v1"
        http.shutdown()


def evaluate(world: World, monkeypatch: pytest.MonkeyPatch, after: Callable[[], None], *options: str) -> int:
    monkeypatch.setattr(models.SHARED, "_load", lambda _: world.sees())
    monkeypatch.setattr(models.SHARED, "_loaded", OrderedDict())
    with listening(world, after) as url:
        for name, value in {"URL": url, "MODEL": "scripted", "KEY": "secret"}.items():
            monkeypatch.setenv(f"SCENOGRAPH_LLM_{name}", value)
        seed = str(world.items[0].dioramas[0].truth.seed)
        return scenograph("eval", "diorama", "--seed", seed, "--map-scenes", "0", *options)


def test_eval_prints_a_report_and_writes_it(
    world: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    made = world(range(1004, 1007))
    options = ("--count", "3", "--json", "--out", str(out))
    assert evaluate(made, monkeypatch, lambda: None, *options) == 0
    printed = capsys.readouterr()
    line = json.loads(printed.out)
    assert line["metrics"]["answer_accuracy"]["value"] == 1
    assert line["metrics"]["answer_accuracy"]["n"] == 3
    assert line["metrics"]["box_map50"]["value"] is None
    assert line["errors"] == 0
    assert "questions" in printed.err
    assert json.loads((out / "report.json").read_text())["metrics"] == line["metrics"]
    results = [json.loads(one) for one in (out / "results.jsonl").read_text().splitlines()]
    assert [one["trial"]["question"]["id"] for one in results] == [item.case.id for item in made.items]


def test_eval_that_is_interrupted_prints_what_is_done(
    world: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requests: list[int] = []

    def interrupt() -> None:
        requests.append(1)
        if len(requests) == 4:  # the second question takes its second step
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path))
    options = ("--count", "3", "--json", "--concurrency", "1")
    assert evaluate(world(range(1004, 1007)), monkeypatch, interrupt, *options) == 130
    line = json.loads(capsys.readouterr().out)
    assert 1 <= line["metrics"]["answer_accuracy"]["n"] < 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("eval", "imagenet"), "No such command 'imagenet'"),
        (("eval", "diorama", "--count", "0"), "--count"),
        (("eval", "diorama", "--seed", "-1"), "--seed"),
        (("eval", "diorama", "--seed", "4999900"), "evals stay below 5000000"),
        (("eval", "diorama", "--out", "file"), "cannot write to file"),
        (("diorama", "--out", "there", "--count", "-3"), "--count"),
        (("diorama", "--out", "there", "--seed", "-3"), "--seed"),
        (("diorama", "--out", "file"), "cannot write to file"),
        (("diorama",), "--out"),
        (("train", "cook", "--out", "there"), "'cook' is not one of"),
        (("train", "plan", "--out", "file"), "cannot write to file"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    arguments: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    assert scenograph(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert told in printed.err
    assert [path.name for path in Path.cwd().iterdir()] == ["file"]


def test_diorama_tells_what_it_wrote_and_replaces_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scenes"
    assert scenograph("diorama", "--seed", "5", "--count", "2", "--out", str(out), "--per-scene", "1") == 0
    first = {path.name for path in out.iterdir()}
    printed = capsys.readouterr()
    assert printed.out.count("\n") == 1
    assert str(out) in printed.out
    assert "scenes" in printed.err
    assert scenograph("diorama", "--seed", "6", "--count", "1", "--out", str(out), "--per-scene", "0", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"out": str(out), "scenes": 1, "cases": 0}
    assert first > {path.name for path in out.iterdir()} == {"cases.jsonl", "scene-6.png", "scene-6.truth.json"}


def test_diorama_leaves_a_folder_alone_that_holds_other_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scenograph("diorama", "--count", "1", "--out", str(tmp_path), "--per-scene", "0") == 0
    (tmp_path / "thesis.txt").write_text("mine")
    before = {path.name for path in tmp_path.iterdir()}
    capsys.readouterr()
    assert scenograph("diorama", "--seed", "9", "--count", "1", "--out", str(tmp_path)) == 2
    assert "thesis.txt" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == before
