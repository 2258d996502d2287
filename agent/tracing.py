"""Traces of runs: OpenTelemetry spans by the GenAI conventions, and LangSmith kept from pictures. Off by default.

https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

from langchain_openai import ChatOpenAI
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from pydantic import BaseModel

AGENT = "scenograph"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
PICTURE = "(picture left out)"
_DATA_URL = re.compile(r"data:image/[^\s\"'<>)]+")

_tracer = trace.get_tracer(AGENT)


def start() -> None:
    """Send spans where OpenTelemetry's variables point, and have LangSmith leave out pictures, each if configured."""
    if any(os.environ.get(name) for name in ENDPOINTS):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        name = os.environ.get("OTEL_SERVICE_NAME", AGENT)
        provider = TracerProvider(resource=Resource.create({"service.name": name}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)
    from langsmith.utils import tracing_is_enabled

    if tracing_is_enabled():
        from langsmith.run_trees import get_cached_client

        # The client that langchain's tracer takes is the first one that is made in the process.
        get_cached_client(hide_inputs=without_pictures, hide_outputs=without_pictures)


def without_pictures(data: Any) -> Any:
    """Data with each picture in it, a data URL, replaced by a word; messages become JSON."""
    if isinstance(data, str):
        return _DATA_URL.sub(PICTURE, data)
    if isinstance(data, BaseModel):
        return without_pictures(data.model_dump())
    if isinstance(data, Mapping):
        return {key: without_pictures(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [without_pictures(value) for value in data]
    return data


def asking(thread: str) -> AbstractContextManager[Span]:
    """The span of a whole run."""
    return _span(f"invoke_agent {AGENT}", SpanKind.INTERNAL, {
        "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": AGENT, "gen_ai.conversation.id": thread,
    })  # fmt: skip


def planning(llm: ChatOpenAI) -> AbstractContextManager[Span]:
    """The span of one request to the model."""
    server = urlsplit(llm.openai_api_base or "")
    return _span(f"chat {llm.model_name}", SpanKind.CLIENT, {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": llm.model_name,
        "server.address": server.hostname or "", "server.port": server.port or 443,
    })  # fmt: skip


def acting(tool: str, call: str | None) -> AbstractContextManager[Span]:
    """The span of one tool call."""
    return _span(f"execute_tool {tool}", SpanKind.INTERNAL, {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, "gen_ai.tool.call.id": call or "",
    })  # fmt: skip


def used(span: Span, tokens: Mapping[str, Any] | None) -> None:
    """Note the tokens of a request, as langchain counts them."""
    if tokens:
        span.set_attribute("gen_ai.usage.input_tokens", tokens["input_tokens"])
        span.set_attribute("gen_ai.usage.output_tokens", tokens["output_tokens"])


def failed(span: Span, why: str) -> None:
    """Note that a tool told the model of a failure."""
    span.set_status(Status(StatusCode.ERROR, why))


def _span(name: str, kind: SpanKind, attributes: dict[str, str | int]) -> AbstractContextManager[Span]:
    return _tracer.start_as_current_span(name, kind=kind, attributes=attributes)
