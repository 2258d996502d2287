import json

import httpx
import pytest
from PIL import Image
from pydantic import SecretStr

from agent.llm.endpoint import Endpoint
from agent.llm.seer import EndpointSeer, give
from tests.agent.conftest import completion
from tools.errors import ToolError, UserError
from tools.workspace import Workspace

ENDPOINT = Endpoint(url="http://model.test/v1", model="large", key=SecretStr("secret"), timeout=5.0)
SAID = {"sentence": "A red square.", "attributes": [{"name": "colour", "value": "red"}]}


def seer(reply: httpx.Response | Exception, kept: list[httpx.Request]) -> EndpointSeer:
    def answer(request: httpx.Request) -> httpx.Response:
        kept.append(request)
        if isinstance(reply, Exception):
            raise reply
        return reply

    return EndpointSeer(ENDPOINT, httpx.MockTransport(answer))


def says(content: str) -> httpx.Response:
    body = completion([])
    body["choices"][0] |= {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return httpx.Response(200, json=body)


def test_the_model_is_asked_for_a_description_in_form() -> None:
    kept: list[httpx.Request] = []
    said = seer(says(json.dumps(SAID)), kept)(Image.new("RGB", (8, 8), "red"), "What is it?")
    assert said.model_dump() == SAID
    body = json.loads(kept[0].content)
    [picture, text] = body["messages"][0]["content"]
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert text == {"type": "text", "text": "What is it?"}
    schema = body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"]["required"] == ["sentence", "attributes"]
    assert body["model"] == "large"


@pytest.mark.parametrize("content", ["A red square.", "{}", '{"sentence": "", "attributes": []}', ""])
def test_what_is_no_description_is_told_to_the_planner(content: str) -> None:
    with pytest.raises(ToolError, match="could not be read"):
        seer(says(content), [])(Image.new("RGB", (8, 8)), "What is it?")


def test_a_server_that_takes_no_images_is_told_to_the_person() -> None:
    reply = httpx.Response(400, json={"error": {"message": "images are not supported"}})
    with pytest.raises(UserError, match="images are not supported.*check that large takes images"):
        seer(reply, [])(Image.new("RGB", (8, 8)), "What is it?")


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (httpx.ConnectError("refused"), "cannot reach the model server at http://model.test/v1"),
        (httpx.ReadTimeout("slow"), r"did not answer within 5\.0 s"),
        (httpx.Response(401, json={"error": {"message": "Unauthorized"}}), "refused the key"),
        (httpx.Response(200, text="<html>"), "no chat completion"),
    ],
)
def test_failures_are_told_as_when_planning(reply: httpx.Response | Exception, told: str) -> None:
    with pytest.raises(UserError, match=told):
        seer(reply, [])(Image.new("RGB", (8, 8)), "What is it?")


def test_a_planner_that_was_trained_on_a_few_tools_is_not_asked_to_look() -> None:
    workspace = Workspace()
    give(workspace, ENDPOINT.model_copy(update={"tools": ("detect", "describe", "answer")}))
    assert workspace.seer is None
    give(workspace, ENDPOINT)
    assert workspace.seer is not None
    assert workspace.seer.name == "large"
