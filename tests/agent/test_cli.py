from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import orjson
import pytest
from PIL import Image

from agent import cli, launch, processes
from agent.processes import Running
from agent.run import Run

if TYPE_CHECKING:
    from tests.agent.conftest import Server

Serve = Callable[..., "Server"]
Listen = Callable[[Callable[[httpx.Request], httpx.Response]], str]
DETECT = ("detect", {"image_id": "img-1", "labels": ["dog", "cat"]})
TWO_DOGS = ("answer", {"text": "Two dogs, no cat.", "value": 2, "evidence": ["dog-1", "dog-2", "img-1"]})


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test in a folder of its own, with a home in which nothing runs and a model server that nobody runs."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SCENOGRAPH_LLM_MODEL", "scripted")
    monkeypatch.setenv("SCENOGRAPH_LLM_KEY", "secret")
    monkeypatch.setenv("SCENOGRAPH_LLM_URL", f"http://127.0.0.1:{closed_port()}/v1")


@pytest.fixture
def service(service_home: Path, apart: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service runs."""
    monkeypatch.setenv("SCENOGRAPH_HOME", str(service_home))


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def scenograph(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a refusal prints, having left no file behind."""
    assert scenograph(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1, printed.err
    assert list(Path.cwd().iterdir()) == []
    return printed.err


def refused_at_once(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The same, and nothing was started for it."""
    told = refused(capsys, *arguments)
    assert not Path(os.environ["SCENOGRAPH_HOME"]).exists()
    return told


@pytest.mark.usefixtures("service")
def test_an_answer_is_printed_with_its_evidence_and_files(
    serve: Serve, listen: Listen, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCENOGRAPH_LLM_URL", listen(serve([DETECT], [TWO_DOGS])))
    assert scenograph("ask", os.path.relpath(picture), "How many dogs are there?") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Two dogs, no cat."
    table = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    assert table == [
        ["dog-1", "dog", "2, 4, 12, 14", "0.90", "detect", "fake-detector"],
        ["dog-2", "dog", "14, 20, 30, 40", "0.80", "detect", "fake-detector"],
        ["img-1", "dog: 2 found", "whole image", "", "detect", "fake-detector"],
        ["img-1", "cat: not found", "whole image", "", "detect", "fake-detector"],
    ]
    annotated, graph = (Path(line) for line in lines[-2:])
    assert graph.parent == annotated.parent
    assert graph.parent.parent == Path("scenograph-runs")
    nodes = orjson.loads(graph.read_bytes())["nodes"]
    assert {node["id"] for node in nodes if node["kind"] in ("image", "entity")} == {"img-1", "dog-1", "dog-2"}
    with Image.open(annotated) as drawn, Image.open(picture) as original:
        assert drawn.size == original.size
        assert drawn.getpixel((2, 10)) != original.getpixel((2, 10))
        assert drawn.getpixel((62, 46)) == original.getpixel((62, 46))


@pytest.mark.usefixtures("service")
def test_json_is_the_whole_run(
    serve: Serve, listen: Listen, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ("answer", {"text": "There is no cat.", "value": 0, "evidence": ["img-1"]})
    monkeypatch.setenv("SCENOGRAPH_LLM_URL", listen(serve([DETECT], [answer])))
    assert scenograph("ask", str(picture), "How many cats?", "--json", "--out", "there/run") == 0
    run = Run.model_validate_json(capsys.readouterr().out)
    assert run.answer.value == 0
    assert [step.tool for step in run.steps] == ["detect", "answer"]
    assert run.seconds.total > run.seconds.start > 0
    assert Run.model_validate_json(Path("there/run/run.json").read_bytes()) == run


@pytest.mark.usefixtures("service")
def test_a_conversation_is_piped_in_and_goes_on(
    serve: Serve, listen: Listen, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brown = ("answer", {"text": "The dogs are brown.", "value": ["brown"], "evidence": ["dog-1", "dog-2"]})
    server = serve([DETECT], [TWO_DOGS], [brown], [brown])
    monkeypatch.setenv("SCENOGRAPH_LLM_URL", listen(server))
    monkeypatch.setattr("sys.stdin", io.StringIO("How many dogs are there?\n\nWhat colours do they have?\n/quit\nNo\n"))
    assert scenograph("chat", str(picture), "--thread", "dogs") == 0
    printed = capsys.readouterr()
    assert [line for line in printed.out.splitlines() if line.endswith(".")] == [
        "Two dogs, no cat.",
        "The dogs are brown.",
    ]
    assert printed.err.endswith("to go on: scenograph chat --thread dogs\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("And their colours?\n"))
    assert scenograph("chat", "--thread", "dogs") == 0
    assert capsys.readouterr().out.startswith("The dogs are brown.")
    assert len(server.requests) == 4
    assert scenograph("chat", "--thread", "cats") == 2
    assert "no conversation 'cats': name an image" in capsys.readouterr().err


def test_a_service_that_is_lost_gets_one_line(
    picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = Running(name="service", pid=1, created=1.0, port=closed_port(), key="k", fingerprint="f")
    monkeypatch.setattr(launch, "up", lambda progress: (gone, None))
    assert "the service was lost" in refused(capsys, "chat", str(picture), "--thread", "dogs")


@pytest.mark.usefixtures("service")
def test_each_of_many_pictures_is_asked_about(
    serve: Serve, listen: Listen, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    yes = ("answer", {"text": "Yes, there is a dog.", "value": True, "evidence": ["dog-1", "dog-2"]})
    server = serve([DETECT], [yes])
    monkeypatch.setenv("SCENOGRAPH_LLM_URL", listen(server))
    for _ in range(2):
        assert scenograph("ask", str(picture.parent), "Which pictures have a dog?", "--each", "--out", "runs") == 0
        assert f"1 of 1: {picture}" in capsys.readouterr().out
    assert len(server.requests) == 2
    assert Run.model_validate_json(Path("runs/0001-park/run.json").read_bytes()).query == "Is there a dog?"
    with Image.open(picture) as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(picture)
    assert scenograph("ask", str(picture), "Which pictures have a dog?", "--each", "--out", "runs") == 0
    assert len(server.requests) > 2  # another picture


@pytest.mark.usefixtures("service")
def test_a_model_server_that_is_down(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(capsys, "ask", str(picture), "How many dogs?")
    assert "cannot reach the model server at http://127.0.0.1:" in told
    assert "scenograph llm up" in told


@pytest.mark.usefixtures("service")
def test_a_model_server_that_is_slow(
    picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("SCENOGRAPH_LLM_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        monkeypatch.setenv("SCENOGRAPH_LLM_TIMEOUT", "0.2")
        told = refused(capsys, "ask", str(picture), "How many dogs?")
    assert "did not answer within 0.2 s" in told
    assert "SCENOGRAPH_LLM_TIMEOUT" in told


@pytest.mark.usefixtures("service")
def test_a_model_server_that_answers_garbage_leaves_an_earlier_run_alone(
    serve: Serve,
    listen: Listen,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "run.json").write_text("{}")
    monkeypatch.setenv("SCENOGRAPH_LLM_URL", listen(serve(httpx.Response(200, html="<h1>It works!</h1>"))))
    told = refused(capsys, "ask", str(picture), "How many dogs?", "--out", str(earlier))
    assert "no chat completion" in told
    assert [(path.name, path.read_text()) for path in earlier.iterdir()] == [("run.json", "{}")]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give a verb: ask, "),
        (["aks"], "no such verb: aks; did you mean ask?"),
        (["--hepl"], "no such option: --hepl; did you mean --help?"),
        (["ask"], "Missing argument"),
        (["ask", "one.png"], "use: scenograph ask [OPTIONS] IMAGE... QUESTION"),
        (["ask", "none.png", "How many dogs?"], "no such image: none.png"),
        (["ask", "PICTURE", " "], "the question is empty"),
        (["ask", "PICTURE", "How many?", "--frob"], "No such option: --frob; see `scenograph ask --help`"),
        (["ask", "TEXT", "How many?"], "is not an image"),
        (["ask", "PICTURE", "How many?", "--out", "TEXT"], "choose another --out"),
        (["chat", "PICTURE", "--thread", "a/b"], "--thread 'a/b' is no name"),
        (["llm"], "Missing command"),
        (["eval"], "Missing command"),
        (["generate", "a dog", "--size", "512x²"], "--size 512x² is none"),
        (["report", "none*.png"], "nothing matches none*.png"),
        (["report", "PICTURE", "--template", "TEMPLATE"], "focus: unknown label 'unicorn'"),
        (["llm", "start"], "No such command 'start'"),
    ],
)
def test_bad_input_gets_one_line(
    arguments: list[str], told: str, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = picture.with_name("text.png")
    text.write_text("not a picture")
    template = picture.with_name("mine.toml")
    template.write_text('title.en = "Mine"\nsections = ["summary"]\nfocus = ["unicorn"]')
    places = {"PICTURE": str(picture), "TEXT": str(text), "TEMPLATE": str(template)}
    assert told in refused_at_once(capsys, *(places.get(one, one) for one in arguments))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SCENOGRAPH_LLM_URL", "model.test", "SCENOGRAPH_LLM_URL is no http(s) URL"),
        ("SCENOGRAPH_LLM_URL", "http://[bad", "SCENOGRAPH_LLM_URL is no http(s) URL: http://[bad"),
        ("SCENOGRAPH_LLM_TIMEOUT", "soon", "SCENOGRAPH_LLM_TIMEOUT: "),
        ("SCENOGRAPH_LLM_MODEL", "", "set SCENOGRAPH_LLM_MODEL"),
    ],
)
def test_bad_settings_get_one_line(
    name: str, value: str, told: str, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert told in refused_at_once(capsys, "ask", str(picture), "How many dogs?")


def test_a_home_that_is_no_folder_gets_one_line(
    picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCENOGRAPH_HOME", str(picture))
    assert "set SCENOGRAPH_HOME to a folder of yours" in refused(capsys, "ask", str(picture), "How many dogs?")


def test_help_names_the_verbs_without_loading_them() -> None:
    probe = (
        "import sys; from agent import cli\ntry: cli.main(['--help'])\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert re.search("^  ask +Ask about images and see the answer with its evidence.$", done.stdout, re.MULTILINE)
    assert re.search("^  llm +Start, stop and look at the model server and the service.$", done.stdout, re.MULTILINE)
    loaded = set(done.stderr.split())
    assert "agent.cli" in loaded
    assert not loaded & {"typer", "rich", "agent.commands.ask", "langgraph", "openai", "torch", "numpy"}


@pytest.mark.usefixtures("service")
def test_ask_loads_none_of_the_agents_stack(
    serve: Serve, listen: Listen, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENOGRAPH_LLM_URL", listen(serve([DETECT], [TWO_DOGS])))
    ask = f"cli.main(['ask', {str(picture)!r}, 'How many dogs?'])"
    probe = f"import sys; from agent import cli\ntry: {ask}\nfinally: print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Two dogs, no cat.")
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert {"agent", "httpx", "rich"} <= loaded
    heavy = {"fastapi", "langchain_core", "langchain_openai", "langgraph", "networkx", "numpy", "openai"}
    assert not loaded & (heavy | {"supervision", "torch", "transformers", "ultralytics", "uvicorn", "vllm"})


@pytest.mark.usefixtures("service")
def test_ctrl_c_ends_with_one_line_and_cancels_the_run(picture: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        command = [sys.executable, "-c", "from agent.cli import main; main()", "ask", str(picture), "How many dogs?"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "SCENOGRAPH_LLM_URL": url}) as child:
            connection, _ = silent.accept()
            connection.settimeout(30)
            with connection:
                connection.recv(1)  # the service asks for a plan now
                child.send_signal(signal.SIGINT)
                _, told = child.communicate(timeout=60)
                while connection.recv(2**16):  # and hangs up, or this times out
                    pass
    assert child.returncode == 130
    assert told.decode() == "scenograph: interrupted\n"
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.slow
@pytest.mark.usefixtures("service")
def test_a_run_survives_kill_9_of_the_service(
    serve: Serve, listen: Listen, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve([DETECT], httpx.Response(200), [TWO_DOGS])
    before = processes.running("service")
    assert before is not None
    pid = before.pid

    def kill_at_the_second_plan(request: httpx.Request) -> httpx.Response:
        if len(server.requests) == 1:
            os.kill(pid, signal.SIGKILL)
        return server(request)

    monkeypatch.setenv("SCENOGRAPH_LLM_URL", listen(kill_at_the_second_plan))
    assert scenograph("ask", str(picture), "How many dogs?") == 0
    assert capsys.readouterr().out.startswith("Two dogs, no cat.")
    after = processes.running("service")
    assert after is not None
    assert after.pid != pid
    # What the killed service had seen was told by the one that went on, which has no such detector.
    assert len(server.requests) == 3
    assert server.told(2) == ["dog 2, cat 0\ndog-1 2,4,12,14 brown\ndog-2 14,20,30,40 brown"]


def test_llm_tells_of_both_processes(capsys: pytest.CaptureFixture[str]) -> None:
    assert scenograph("llm", "status") == 1
    assert scenograph("llm", "down") == 0
    assert scenograph("llm", "logs", "--name", "service") == 1
    assert capsys.readouterr().out.splitlines() == [
        "service: not running; `scenograph llm up` starts it",
        "server: not running; `scenograph llm up` starts it",
        "service: not running",
        "server: not running",
        "no log yet; `scenograph llm up` starts both",
    ]


@pytest.mark.usefixtures("service")
def test_llm_status_is_well_when_all_that_ask_needs_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert scenograph("llm", "status") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("service: running, pid ")
    assert second.startswith("server: not running")
    assert scenograph("llm", "logs", "--name", "service") == 0
