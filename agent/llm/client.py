"""The client to an OpenAI-compatible model server: how it is called, what its failures mean."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import _convert_message_to_dict

from agent import tracing
from agent.llm.endpoint import Endpoint
from tools.errors import UserError

MAX_TOKENS = 512  # of one plan: an answer that names some sixty things fits
MAX_RETRIES = 1


def http_client(endpoint: Endpoint) -> httpx.AsyncClient:
    """The connection pool for an endpoint; a proxy of the environment is not asked for this machine itself."""
    local = httpx.URL(endpoint.url).host in {"127.0.0.1", "localhost", "::1"}
    return httpx.AsyncClient(timeout=endpoint.timeout, trust_env=not local)


class _Plain(ChatOpenAI):
    """The model, asked in plain JSON and read as plain JSON.

    On the way that langchain goes, the SDK walks through messages and tools, part by part along their types, and makes
    of the reply an object that langchain takes apart again, in another thread: at each step anew, as long as all the
    rest of a step. Retries, time limits and errors are the SDK's on this way too.
    """

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        settings = self._get_request_payload([], stop=stop, **kwargs)
        del settings["messages"]
        # The body begins with the messages, so that a request goes on where the one before it ended.
        body = {"messages": [_asked(message) for message in messages], **settings}
        seconds: Any = self.request_timeout
        async with asyncio.timeout(seconds):  # in all: those of httpx are from one byte to the next
            reply = await self.root_async_client.post("/chat/completions", cast_to=httpx.Response, body=body)
        return self._create_chat_result(reply.json())


def _asked(message: BaseMessage) -> dict[str, Any]:
    """A message in OpenAI's form, in which those of people are already."""
    if isinstance(message, HumanMessage):
        return {"content": message.content, "role": "user"}
    return _convert_message_to_dict(message)


def chat_model(endpoint: Endpoint, client: httpx.AsyncClient, *, max_retries: int = MAX_RETRIES) -> ChatOpenAI:
    """The chat model: temperature 0, bounded tokens, few retries.

    Args:
        endpoint: Which model, where.
        client: The connection pool; the caller closes it.
        max_retries: How often a request that failed on the way is sent again.
    """
    return _Plain(
        base_url=endpoint.url,
        model=endpoint.model,
        api_key=endpoint.key,
        temperature=0.0,
        max_completion_tokens=MAX_TOKENS,
        timeout=endpoint.timeout,
        max_retries=max_retries,
        http_async_client=client,
        openai_proxy="",  # the client knows the proxies of the environment; langchain would refuse both
    )


async def plan(llm: ChatOpenAI, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]) -> AIMessage:
    """Have the model call tools.

    Args:
        llm: The chat model.
        messages: The whole prompt.
        tools: Schemas in OpenAI's form.

    Returns:
        A message with at least one tool call, its arguments parsed.

    Raises:
        UserError: The server is down, slow, or does not answer with tool calls.
    """
    with failures(llm, "chat completion with tool calls"), tracing.planning(llm) as span:
        reply = await llm.ainvoke(list(messages), tools=list(tools), tool_choice="required")
        tracing.used(span, reply.usage_metadata)
    return _called(reply, llm.openai_api_base)


@contextmanager
def failures(llm: ChatOpenAI, wanted: str = "chat completion") -> Iterator[None]:
    """Tell in one line what goes wrong with a model server.

    Args:
        llm: The chat model that is called within.
        wanted: What it shall send.

    Raises:
        UserError: The server is down, slow, refuses, or sends something else.
    """
    url = llm.openai_api_base
    try:
        yield
    except (openai.APITimeoutError, TimeoutError) as error:
        raise UserError(
            f"the model server at {url} did not answer within {llm.request_timeout} s: try again, or raise "
            "SCENOGRAPH_LLM_TIMEOUT"
        ) from error
    except openai.APIConnectionError as error:
        raise UserError(
            f"cannot reach the model server at {url}: start it with `scenograph llm up`, or check SCENOGRAPH_LLM_URL"
        ) from error
    except openai.APIStatusError as error:
        raise UserError(_refusal(error, url, llm.model_name)) from error
    except (openai.APIError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        # What langchain and the SDK raise on a body that is no chat completion has no type of its own.
        raise UserError(
            f"the model server at {url} sent something that is no {wanted}: check SCENOGRAPH_LLM_URL and "
            "SCENOGRAPH_LLM_MODEL"
        ) from error


def _refusal(error: openai.APIStatusError, url: str | None, model: str) -> str:
    match error.status_code:
        case 401 | 403:
            return f"the model server at {url} refused the key: set SCENOGRAPH_LLM_KEY"
        case 404:
            return (
                f"the model server at {url} has no model {model!r}: check SCENOGRAPH_LLM_MODEL and SCENOGRAPH_LLM_URL"
            )
        case status:
            said = " ".join(str(error.message).split())[:200]
            return f"the model server at {url} answered {status} ({said}): look at `scenograph llm logs`"


def _called(reply: BaseMessage, url: str | None) -> AIMessage:
    cut = reply.response_metadata.get("finish_reason") == "length"
    if not isinstance(reply, AIMessage) or not (reply.tool_calls or reply.invalid_tool_calls):
        if cut:
            raise UserError(
                f"the model at {url} called no tool within {MAX_TOKENS} tokens: ask in other words, or choose another "
                "SCENOGRAPH_LLM_MODEL"
            )
        raise UserError(
            f"the model at {url} called no tool: serve it with tool calling (vLLM: --enable-auto-tool-choice "
            "--tool-call-parser …), or choose another SCENOGRAPH_LLM_MODEL"
        )
    if reply.invalid_tool_calls:
        name = reply.invalid_tool_calls[0].get("name")
        where = " (cut off)" if cut else ""
        raise UserError(
            f"the model at {url} called {name} with arguments that are no JSON object{where}: try again, or choose "
            "another SCENOGRAPH_LLM_MODEL"
        )
    return reply
