from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from PIL import Image

from agent.exchange import NDJSON, Reply
from agent.launch import SERVICE_KEY
from agent.run import Run
from agent.service import CHECKPOINTS, app
from tools.catalog import find
from tools.catalog.changes import choose, keep
from tools.models import Models

if TYPE_CHECKING:
    from tests.agent.conftest import Detector, Server

Serve = Callable[..., "Server"]
Listen = Callable[[Callable[[httpx.Request], httpx.Response]], str]
DETECT = ("detect", {"image_id": "img-1", "labels": ["dog"]})
TWO_DOGS = ("answer", {"text": "There are 2 dogs.", "value": 2, "evidence": ["dog-1", "dog-2"]})
KEY = {"Authorization": "Bearer open sesame"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(SERVICE_KEY, "open sesame")
    return tmp_path / "home"


@asynccontextmanager
async def serving(detector: Detector, **others: Detector) -> AsyncIterator[httpx.AsyncClient]:
    """The service with a detector, and with others by the names of their entries."""
    made = app(Models(lambda entry: others.get(entry.name, detector)))
    transport = httpx.ASGITransport(made, raise_app_exceptions=False)
    async with (
        made.router.lifespan_context(made),
        httpx.AsyncClient(transport=transport, base_url="http://service", headers=KEY) as client,
    ):
        yield client


def post(detector: Detector, *bodies: dict[str, Any], **headers: str) -> list[httpx.Response]:
    """The replies to questions that are put at once."""

    async def all_of_them() -> list[httpx.Response]:
        async with serving(detector) as client:
            return await asyncio.gather(*(client.post("/ask", json=body, headers=headers) for body in bodies))

    return asyncio.run(all_of_them())


def asked(picture: Path, url: str, **changes: Any) -> dict[str, Any]:
    endpoint = {"url": url, "model": "scripted", "key": "secret", "timeout": 5.0}
    folder = str(picture.with_name("run"))
    body = {"id": "r1", "text": "How many dogs?", "images": [str(picture)], "folder": folder, "endpoint": endpoint}
    return body | changes


def threads(home: Path) -> set[str]:
    """Ids of the runs of which steps are kept."""
    with sqlite3.connect(home / CHECKPOINTS) as database:
        rows = database.execute("SELECT thread_id FROM checkpoints").fetchall()
    database.close()
    return {name for (name,) in rows}


def lines(response: httpx.Response) -> list[Any]:
    return [json.loads(line) for line in response.text.splitlines()]


def test_a_detector_that_comes_into_use_sees_for_the_next_question(
    serve: Serve, listen: Listen, picture: Path, detector: Detector
) -> None:
    server = serve([DETECT], [TWO_DOGS], [DETECT], [TWO_DOGS])
    body = asked(picture, listen(server))
    keep(find("diorama-yolo26n-seg").model_copy(update={"name": "mine", "status": "candidate"}))

    async def both() -> list[str]:
        seen_by = []
        async with serving(detector, mine=replace(detector, name="my-detector")) as client:
            for name in ("diorama-yolo26n-seg", "mine"):
                choose(name)
                reply = (await client.post("/ask", json=body)).json()
                seen_by.append(reply["run"]["scene"]["nodes"][-1]["model"])
        return seen_by

    assert asyncio.run(both()) == ["fake-detector", "my-detector"]


def test_who_accepts_lines_is_told_what_the_run_does(
    serve: Serve, listen: Listen, picture: Path, detector: Detector
) -> None:
    (response,) = post(detector, asked(picture, listen(serve([DETECT], [TWO_DOGS]))), accept=NDJSON)
    *doing, last = lines(response)
    told = [one["doing"] for one in doing]
    assert told == ["detect(image_id='img-1', labels=['dog'])", "thinking", "checking the answer"]
    assert last["status"] == 200
    assert Reply.model_validate(last["reply"]).run["answer"]["value"] == 2


def test_a_failure_ends_the_lines_with_its_status(
    serve: Serve, listen: Listen, picture: Path, detector: Detector
) -> None:
    url = listen(serve([DETECT]))
    (response,) = post(detector, asked(picture.with_name("none.png"), url), accept=NDJSON)
    (last,) = lines(response)
    assert last["status"] == 422
    assert "none.png" in last["reply"]["error"]


def test_a_question_is_answered_and_written(
    serve: Serve, listen: Listen, picture: Path, detector: Detector, home: Path
) -> None:
    (response,) = post(detector, asked(picture, listen(serve([DETECT], [TWO_DOGS])), start=2.5))
    reply = Reply.model_validate_json(response.content)
    run = Run.model_validate(reply.run)
    assert run.id == "r1"
    assert run.answer.value == 2
    assert run.seconds.total > run.seconds.start == 2.5
    assert [row.id for row in reply.evidence] == ["dog-1", "dog-2"]
    assert reply.files == ["run.json", "graph.json", "img-1-annotated.png"]
    folder = picture.with_name("run")
    assert {path.name for path in folder.iterdir()} == set(reply.files)
    assert Run.model_validate_json((folder / "run.json").read_bytes()) == run
    assert threads(home) == set()


def test_all_but_health_wants_the_key(picture: Path, detector: Detector) -> None:
    async def knock() -> list[httpx.Response]:
        async with serving(detector) as client:
            wrong = [{"Authorization": value} for value in ("", "Bearer", "Bearer open", "open sesame", "Bearer Öl")]
            body = asked(picture, "http://model.test/v1")
            return [
                await client.get("/health", headers=wrong[0]),
                *[await client.post("/ask", json=body, headers=_bytes(one)) for one in wrong],
                *[await client.get(path) for path in ("/docs", "/redoc", "/openapi.json")],
            ]

    health, *others = asyncio.run(knock())
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert [one.status_code for one in others] == [401] * 5 + [404] * 3
    assert others[0].json() == {"error": "wrong or missing bearer key"}


def _bytes(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.encode(): value.encode() for name, value in headers.items()}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"images": ["/none.png"]}, "no such image: /none.png"),
        ({"images": ["park.png"]}, "body.images.0: Value error, give an absolute path"),
        ({"images": []}, "body.images: List should have at least 1 item"),
        ({"folder": "run"}, "body.folder: Value error, give an absolute path"),
        ({"text": " "}, "the question is empty"),
        (
            {"text": "图中有几只 dog?", "endpoint": {"url": "http://m/v1", "model": "m", "scripts": ["LATIN"]}},
            "m reads English alone",
        ),
        ({"id": "../r"}, "body.id: String should match pattern"),
        ({"frob": 1}, "body.frob: Extra inputs are not permitted"),
        ({"endpoint": {"url": "http://127.0.0.1:9/v1", "model": "m"}}, "cannot reach the model server"),
    ],
)
def test_what_a_person_can_put_right_is_one_line(
    picture: Path, detector: Detector, home: Path, changes: dict[str, Any], told: str
) -> None:
    (response,) = post(detector, asked(picture, "http://127.0.0.1:9/v1", **changes))
    assert response.status_code == 422
    assert response.json()["error"].startswith(told)
    assert "\n" not in response.text
    assert "secret" not in response.text
    assert not picture.with_name("run").exists()
    assert threads(home) == set()


def test_a_folder_that_cannot_be_made_is_one_line(
    serve: Serve, listen: Listen, picture: Path, detector: Detector
) -> None:
    url = listen(serve([DETECT], [TWO_DOGS]))
    (response,) = post(detector, asked(picture, url, folder=str(picture / "below")))
    assert response.status_code == 422
    assert response.json()["error"].endswith("below (Not a directory): choose another --out")


def test_a_bug_names_the_log(serve: Serve, listen: Listen, picture: Path, detector: Detector, home: Path) -> None:
    detector.name = 7  # type: ignore[assignment]  # what no entity takes
    (response,) = post(detector, asked(picture, listen(serve([DETECT]))))
    assert response.status_code == 500
    assert response.json() == {"error": f"the service failed with ValidationError: look at {home / 'service.log'}"}
    assert not picture.with_name("run").exists()


def test_the_same_run_is_not_answered_twice_at_once(
    serve: Serve, listen: Listen, picture: Path, detector: Detector
) -> None:
    looking, go_on = threading.Event(), threading.Event()

    def hold(image: Image.Image) -> None:
        if image.size == (64, 48):  # the picture, not what the service warms up with
            looking.set()
            assert go_on.wait(60)

    detector.before = hold

    body = asked(picture, listen(serve([DETECT], [TWO_DOGS])))

    async def while_it_looks() -> list[httpx.Response]:
        async with serving(detector) as client:
            first = asyncio.create_task(client.post("/ask", json=body))
            assert await asyncio.to_thread(looking.wait, 60)
            again = await client.post("/ask", json=body)
            go_on.set()
            other = await client.post("/ask", json=body | {"id": "r2", "folder": os.fspath(picture) + "2"})
            return [await first, again, other]

    first, again, other = asyncio.run(while_it_looks())
    assert [first.status_code, again.status_code, other.status_code] == [200, 422, 200]
    assert "r1 is being answered already" in again.json()["error"]


def test_the_detector_is_warm_before_it_is_asked(detector: Detector) -> None:
    async def wait() -> None:
        async with serving(detector):
            pass

    asyncio.run(wait())
    assert detector.asked == 1
