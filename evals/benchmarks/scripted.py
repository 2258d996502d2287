"""A model server without a model: a process of its own that plans the same steps for everybody, at once."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

ROLE = b'"role":"assistant"'
"""What the bodies of the clients here hold once for each plan made; they all write JSON without spaces."""

USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
ANSWER = {"text": "There is 1 dog.", "value": 1, "evidence": ["dog-1"]}


@contextmanager
def serving(steps: int, *tools: str) -> Iterator[str]:
    """Serve in a process of its own; gives the base URL.

    Args:
        steps: How many steps with tools come before the answer.
        tools: What each step calls side by side, with `image_id` and `labels`.
    """
    argv = [sys.executable, "-m", "evals.benchmarks.scripted", str(steps), *tools]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        finally:
            server.terminate()


def replies(steps: int, tools: Sequence[str]) -> list[bytes]:
    """The whole HTTP response of each step, then the answer as a call of `answer`, then the answer as text."""
    plans: list[list[tuple[str, dict[str, Any]]]] = [
        [(tool, {"image_id": "img-1", "labels": [f"{tool} {step}"]}) for tool in tools] for step in range(steps)
    ]
    last: list[tuple[str, dict[str, Any]]] = [("answer", ANSWER)]
    made = [_response(_message(plan), "tool_calls") for plan in [*plans, last]]
    return [*made, _response({"role": "assistant", "content": ANSWER["text"]}, "stop")]


def _message(plan: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    called = [
        {
            "id": f"chatcmpl-tool-{number}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(given)},
        }
        for number, (name, given) in enumerate(plan)
    ]
    return {"role": "assistant", "content": "", "tool_calls": called}


def _response(message: dict[str, Any], reason: str) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": reason}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice]}
    content = json.dumps({**body, "usage": USAGE}).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


class Connection(asyncio.Protocol):
    """One client's connection, kept alive."""

    def __init__(self, made: list[bytes]) -> None:
        """Take the responses."""
        self.made = made
        self.got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the whole body is there."""
        self.got += data
        head, end, body = self.got.partition(b"\r\n\r\n")
        if not end:
            return
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-l"))
        if len(body) < length:
            return
        self.got = body[length:]
        self.transport.write(self.made[self._next(body)])

    def _next(self, body: bytes) -> int:
        done, steps = body.count(ROLE), len(self.made) - 2
        if done < steps:
            return done
        return steps if b'"name":"answer"' in body else steps + 1


async def main(steps: int, tools: Sequence[str]) -> None:
    """Serve until killed; the port is the one line printed."""
    made = replies(steps, tools)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(made), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
