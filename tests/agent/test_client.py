from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from langchain_core.messages import HumanMessage
from pydantic import SecretStr

from agent.llm import client
from agent.llm.endpoint import Endpoint, configured, settings
from tools.errors import UserError

if TYPE_CHECKING:
    from tests.agent.conftest import Server

Serve = Callable[..., "Server"]
TOOL = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {}}, "strict": True},
}


def reply(finish_reason: str = "length", **message: Any) -> httpx.Response:
    message = {"role": "assistant", "content": None, **message}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice]}
    return httpx.Response(200, json=body)


def called(arguments: str) -> httpx.Response:
    call = {"id": "a", "type": "function", "function": {"name": "look", "arguments": arguments}}
    return reply(tool_calls=[call])


def refusal(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": message, "type": "error", "code": status}})


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (httpx.ConnectError("refused"), "cannot reach the model server at http://model.test/v1"),
        (httpx.RemoteProtocolError("closed"), "cannot reach the model server"),
        (httpx.ReadTimeout("slow"), r"did not answer within 5\.0 s"),
        (refusal(401, "Unauthorized"), "refused the key: set SCENOGRAPH_LLM_KEY"),
        (refusal(404, "no such model"), "has no model 'scripted'"),
        (refusal(400, "maximum context length is 2048 tokens"), r"answered 400 \(.*maximum context length"),
        (refusal(500, "engine dead"), "answered 500"),
        (httpx.Response(502, text="<html>bad gateway</html>"), "answered 502"),
        (httpx.Response(200, text="<html>"), "no chat completion"),
        (httpx.Response(200, content=b"{not json", headers={"content-type": "application/json"}), "no chat completion"),
        (httpx.Response(200, json={}), "no chat completion"),
        (httpx.Response(200, json=[1, 2]), "no chat completion"),
        (httpx.Response(200, json={"choices": None}), "no chat completion"),
        (httpx.Response(200, json={"choices": []}), "no chat completion"),
        (httpx.Response(200, json={"choices": [{"message": None}]}), "no chat completion"),
        (reply("stop", content="There are two dogs."), "called no tool: serve it with tool calling"),
        (reply(content="There are two dogs, and"), "called no tool within 512 tokens"),
        (called("{'one': "), r"called look with arguments that are no JSON object \(cut off\)"),
        (called('"dog"'), "no chat completion with tool calls"),
        (called("[1]"), "no chat completion with tool calls"),
    ],
)
def test_each_failure_is_one_line_that_says_what_to_do(serve: Serve, response: Any, told: str) -> None:
    llm = serve(response).llm()
    with pytest.raises(UserError, match=told) as caught:
        asyncio.run(client.plan(llm, [HumanMessage("hello")], [TOOL]))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_reply_that_never_ends_is_not_waited_for() -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    async def ask() -> None:
        endpoint = Endpoint(url="http://model.test/v1", model="scripted", key=SecretStr("k"), timeout=0.3)
        answer = httpx.MockTransport(lambda _: httpx.Response(200, content=drip()))
        async with httpx.AsyncClient(transport=answer, timeout=endpoint.timeout) as http:
            await client.plan(client.chat_model(endpoint, http), [HumanMessage("hello")], [TOOL])

    with pytest.raises(UserError, match=r"did not answer within 0\.3 s"):
        asyncio.run(asyncio.wait_for(ask(), 5))


def test_a_proxy_in_the_environment_is_left_to_the_client(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_PROXY", "http://proxy.test:8080")
    assert serve().llm().openai_proxy == ""


def test_a_plan_is_what_was_called(serve: Serve) -> None:
    server = serve([("look", {}), ("look", {"far": True})])
    message = asyncio.run(client.plan(server.llm(), [HumanMessage("hello")], [TOOL]))
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("look", {}), ("look", {"far": True})]
    assert server.requests[0]["tools"] == [TOOL]
    assert server.requests[0]["max_completion_tokens"] == client.MAX_TOKENS


@pytest.mark.parametrize(("url", "trusts"), [("http://127.0.0.1:1/v1", False), ("https://model.test/v1", True)])
def test_no_proxy_stands_before_this_machine(url: str, trusts: bool) -> None:
    assert client.http_client(Endpoint(url=url, model="m")).trust_env is trusts


def test_without_a_url_the_embedded_model_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "MODEL", "KEY", "TIMEOUT"):
        monkeypatch.delenv(f"SCENOGRAPH_LLM_{name}", raising=False)
    assert configured(settings()) is None


def test_the_environment_points_to_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENOGRAPH_LLM_URL", "http://model.test/v1/")
    monkeypatch.setenv("SCENOGRAPH_LLM_MODEL", "big")
    monkeypatch.setenv("SCENOGRAPH_LLM_KEY", "k")
    endpoint = configured(settings())
    assert endpoint is not None
    assert (endpoint.url, endpoint.model, endpoint.key.get_secret_value()) == ("http://model.test/v1", "big", "k")
    assert "'k'" not in repr(endpoint)
