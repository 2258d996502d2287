from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from agent import tracing
from tests.agent.conftest import Server
from tools.workspace import Workspace

PLANS = (
    [("detect", {"image_id": "img-1", "labels": ["dog"]}), ("segment", {"image_id": "img-1", "labels": ["zebu"]})],
    [("answer", {"text": "There are 2 dogs.", "value": 2, "evidence": ["dog-1", "dog-2"]})],
)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    return exporter


def test_a_run_is_a_tree_of_spans_by_the_genai_conventions(
    serve: Callable[..., Server], workspace: Workspace, spans: InMemorySpanExporter
) -> None:
    asyncio.run(serve(*PLANS).agent().ask(workspace, "How many dogs are there?", run_id="run-1"))
    made = spans.get_finished_spans()
    (root,) = [span for span in made if span.parent is None]
    assert root.name == "invoke_agent scenograph"
    assert root.attributes is not None
    assert root.attributes["gen_ai.conversation.id"] == "run-1"
    others = sorted(span.name for span in made if span.parent is not None)
    assert others == ["chat scripted", "chat scripted", "execute_tool detect", "execute_tool segment"]
    named = {span.name: span for span in made}
    assert (named["chat scripted"].attributes or {})["gen_ai.usage.input_tokens"] == 100
    assert named["execute_tool detect"].status.is_unset
    assert "zebu" in str(named["execute_tool segment"].status.description)


@pytest.fixture
def sink() -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes whatever is sent to it: its URL, and the bodies."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            bodies.append(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(202)
            self.end_headers()
            self.wfile.write(b"{}")

        do_PATCH = do_POST

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}", bodies
        http.shutdown()


TRACED = """
import asyncio, sys
from pathlib import Path
from langsmith.run_trees import get_cached_client
from agent import tracing
from tests.agent.conftest import Server, two_dogs_and_a_tree
from tests.agent.test_tracing import PLANS
from tools.models import Models
from tools.workspace import Workspace

tracing.start()
workspace = Workspace.open([Path(sys.argv[1])], Models(lambda _: two_dogs_and_a_tree()))
run = asyncio.run(Server(PLANS).agent().ask(workspace, "How many dogs are there?"))
assert run.answer.value == 2, run
get_cached_client().flush()
"""


def test_langsmith_gets_the_run_without_its_pictures(sink: tuple[str, list[bytes]], picture: Path) -> None:
    url, bodies = sink
    settings = {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": url, "LANGSMITH_API_KEY": "key", "PATH": ""}
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", TRACED, str(picture)],
        env=settings,
        cwd=root,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    sent = b"".join(bodies)
    assert b"How many dogs are there?" in sent
    assert tracing.PICTURE.encode() in sent
    assert b"base64," not in sent


def test_no_picture_is_left_in_messages_or_in_text() -> None:
    url = "data:image/png;base64,SECRET"
    message = HumanMessage([{"type": "image_url", "image_url": {"url": url}}])
    hidden = repr(tracing.without_pictures({"messages": [[message]], "text": f'{{"url": "{url}"}}'}))
    assert "SECRET" not in hidden
    assert hidden.count(tracing.PICTURE) == 2
