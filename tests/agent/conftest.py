"""Fakes at the two seams: an OpenAI-compatible server behind httpx, and the loader of the detector."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from langchain_openai import ChatOpenAI
from PIL import Image
from pydantic import SecretStr

from agent import launch, processes
from agent.llm.client import chat_model
from agent.llm.endpoint import Endpoint
from agent.processes import Launch
from agent.run import Agent
from tools.catalog import ModelEntry, active
from tools.detector import Detection
from tools.models import Models
from tools.registry import load_tools, offered
from tools.workspace import Workspace

Call = tuple[str, dict[str, Any]]
Answers = Callable[[httpx.Request], httpx.Response]
ENDPOINT = Endpoint(url="http://model.test/v1", model="scripted", key=SecretStr("secret"), timeout=5.0)


def completion(calls: Sequence[Call | tuple[str, str]], number: int = 1) -> dict[str, Any]:
    """A reply as vLLM's OpenAI server makes it; arguments that are a string go out as they stand."""
    tool_calls = [
        {
            "id": f"chatcmpl-tool-{number}{index}",
            "type": "function",
            "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
        }
        for index, (name, given) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": "", "tool_calls": tool_calls, "refusal": None, "reasoning": None}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1764000000,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }


@dataclass
class Server:
    """Plays a script of plans, one a request; its last plan is repeated for ever. Keeps the requests."""

    plans: Sequence[Sequence[Call] | httpx.Response | Exception]
    requests: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        assert request.url.path == "/v1/chat/completions"
        assert request.headers["authorization"] == "Bearer secret"
        self.requests.append(json.loads(request.content))
        plan = self.plans[min(len(self.requests), len(self.plans)) - 1]
        if isinstance(plan, Exception):
            raise plan
        if isinstance(plan, httpx.Response):
            return plan
        return httpx.Response(200, json=completion(plan, len(self.requests)))

    def llm(self, **options: Any) -> ChatOpenAI:
        """The real client to this server."""
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return chat_model(ENDPOINT, client, max_retries=0, **options)

    def agent(self, checkpointer: Any = None, **options: Any) -> Agent:
        """An agent that plans with this server, with those of the real tools that the embedded planner knows."""
        return Agent(self.llm(), offered(load_tools(), active("plan").tools, Models()), checkpointer, **options)

    def told(self, request: int) -> list[str]:
        """What the tool messages of a request say, by its index."""
        return [message["content"] for message in self.requests[request]["messages"] if message["role"] == "tool"]


@contextmanager
def listening(server: Answers) -> Iterator[str]:
    """That server at a real port; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            reply = server(
                httpx.Request(self.command, f"http://x{self.path}", headers=dict(self.headers), content=body)
            )
            self.send_response(reply.status_code)
            self.send_header("content-type", reply.headers.get("content-type", "text/html"))
            self.send_header("content-length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/v1"
        http.shutdown()


@dataclass
class Detector:
    """Sees the same things in every image after some seconds, and counts how often it was asked."""

    seen: Sequence[Detection]
    name: str = "fake-detector"
    seconds: float = 0.0
    asked: int = 0
    before: Callable[[Image.Image], object] = lambda image: None

    def __call__(self, image: Image.Image, labels: Collection[str] | None = None) -> list[Detection]:
        """Give what is seen of the labels."""
        self.asked += 1
        self.before(image)
        time.sleep(self.seconds)
        return [one for one in self.seen if labels is None or one.label in labels]


def detection(label: str, box: tuple[float, float, float, float], score: float = 0.9) -> Detection:
    """A detection in a 64 x 48 image, with its box as mask."""
    mask = np.zeros((48, 64), dtype=np.bool_)
    mask[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])] = True
    return Detection(label=label, score=score, box=box, mask=mask)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A 64 x 48 picture, half brown and half green."""
    image = Image.new("RGB", (64, 48), (20, 160, 40))
    image.paste((120, 70, 20), (0, 0, 32, 48))
    path = tmp_path / "park.png"
    image.save(path)
    return path


def two_dogs_and_a_tree() -> Detector:
    """A detector that sees them."""
    return Detector(
        [
            detection("dog", (2, 4, 12, 14)),
            detection("dog", (14, 20, 30, 40), 0.8),
            detection("tree", (40, 2, 60, 40), 0.7),
        ]
    )


@pytest.fixture
def detector() -> Detector:
    """Sees two dogs and a tree."""
    return two_dogs_and_a_tree()


@pytest.fixture
def workspace(picture: Path, detector: Detector) -> Workspace:
    """That picture, looked at by that detector."""

    def load(entry: ModelEntry) -> Detector:
        assert entry.task == "segment"
        return detector

    return Workspace.open([picture], Models(load))


@pytest.fixture
def serve() -> Callable[..., Server]:
    """Makes a server of a script."""
    return lambda *plans: Server(plans)


@pytest.fixture
def listen() -> Iterator[Callable[[Answers], str]]:
    """Puts a server at a real port, until the test ends; gives its URL."""
    with ExitStack() as stack:
        yield lambda server: stack.enter_context(listening(server))


@pytest.fixture(scope="module")
def service_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of the real service with the fake detector, which runs as a process of its own."""
    stand_in = (sys.executable, str(Path(__file__).with_name("stand_in.py")))
    program = replace(launch.SERVICE, launch=lambda: Launch(stand_in, launch.SERVICE_KEY))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCENOGRAPH_HOME", str(home := tmp_path_factory.mktemp("home")))
        processes.up([program], lambda _: None, seconds=120.0)
    yield home
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCENOGRAPH_HOME", str(home))
        processes.down(program.name)
