"""The planner's own model as the one that looks at pictures for `describe`; when it may, `give` decides."""

from __future__ import annotations

import httpx
import openai
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from PIL import Image
from pydantic import ValidationError

from agent.llm.client import MAX_RETRIES, failures
from agent.llm.endpoint import Endpoint
from agent.prompt import data_url
from tools.errors import ToolError, UserError
from tools.sight import Description
from tools.workspace import Workspace

MAX_TOKENS = 384
FORM = {
    "type": "json_schema",
    "json_schema": {"name": "description", "strict": True, "schema": Description.model_json_schema()},
}
"""What structured outputs hold the reply to."""


def give(workspace: Workspace, endpoint: Endpoint) -> None:
    """Let `describe` look with the planner's model, unless that was trained on some tools only: it plans, no more."""
    if not endpoint.tools:
        workspace.seer = EndpointSeer(endpoint)


class EndpointSeer:
    """A multimodal model at an OpenAI-compatible server; see `tools.sight.Seer`."""

    def __init__(self, endpoint: Endpoint, transport: httpx.BaseTransport | None = None) -> None:
        """Name the server.

        Args:
            endpoint: Which model, where.
            transport: What carries the requests; by default the network.
        """
        self.name = endpoint.model
        self._endpoint = endpoint
        self._transport = transport

    def __call__(self, image: Image.Image, request: str) -> Description:
        """Describe a picture as the request says.

        Raises:
            ToolError: If what the model said is no description.
            UserError: If it cannot be reached, is slow, refuses or answers garbage.
        """
        message = HumanMessage(
            [
                {"type": "image_url", "image_url": {"url": data_url(image)}},
                {"type": "text", "text": request},
            ]
        )
        where = self._endpoint
        local = httpx.URL(where.url).host in {"127.0.0.1", "localhost", "::1"}
        with httpx.Client(transport=self._transport, timeout=where.timeout, trust_env=not local) as http:
            llm = ChatOpenAI(
                base_url=where.url,
                model=where.model,
                api_key=where.key,
                temperature=0.0,
                max_completion_tokens=MAX_TOKENS,
                timeout=where.timeout,
                max_retries=MAX_RETRIES,
                http_client=http,
                openai_proxy="",  # the client knows the proxies of the environment; langchain would refuse both
            )
            with failures(llm):
                try:
                    reply = llm.bind(response_format=FORM).invoke([message])
                except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                    said = " ".join(error.message.split())[:200]
                    raise UserError(
                        f"the model server at {where.url} did not describe a picture ({said}): check that "
                        f"{where.model} takes images"
                    ) from error
        try:
            return Description.model_validate_json(str(reply.content))
        except ValidationError as error:
            raise ToolError("the model's description could not be read: ask about a smaller part, or again") from error
