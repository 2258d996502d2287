from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import Any

import numpy as np
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from PIL import Image

from agent import prompt
from agent.llm.embedded import TEMPLATE
from graphs.types import ImageRef
from tools.catalog import active
from tools.models import Models
from tools.registry import load_tools, offered

IMAGES = [
    ImageRef(id="img-1", sha256="0" * 64, width=640, height=480, path="a.png"),
    ImageRef(id="img-2", sha256="1" * 64, width=32, height=20, path="b.png"),
]


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(7).integers(0, 255, (height, width, 3), dtype=np.uint8))


def test_the_first_message_names_the_images_then_asks() -> None:
    message = prompt.question(IMAGES, "  How many dogs are there? ")
    assert message.content == [
        {"type": "image_ref", "id": "img-1"},
        {"type": "image_ref", "id": "img-2"},
        {"type": "text", "text": "img-1 (640x480)\nimg-2 (32x20)\nQuestion: How many dogs are there?"},
    ]


def test_a_file_that_the_question_names_is_called_by_its_id() -> None:
    asked = prompt.question(IMAGES, "Are there more dogs in B.png than in a.png, or in ca.png?")
    assert asked.text.endswith("Question: Are there more dogs in img-2 than in img-1, or in ca.png?")


def test_a_name_that_two_files_share_stays() -> None:
    twins = [image.model_copy(update={"path": f"{image.id}/a.png"}) for image in IMAGES]
    assert prompt.question(twins, "Dogs in a.png?").text.endswith("Question: Dogs in a.png?")


def test_pictures_come_in_when_the_request_is_made() -> None:
    pictures = {"img-1": noise(640, 480), "img-2": noise(32, 20)}
    transcript = [
        prompt.question(IMAGES, "Dogs?"),
        AIMessage("", tool_calls=[]),
        ToolMessage("dog 1", tool_call_id="1"),
    ]
    sent = prompt.request(transcript, pictures.__getitem__)
    assert sent[0].content == prompt.SYSTEM
    assert sent[2:] == transcript[1:]
    parts: Any = sent[1].content
    sizes = []
    for part in parts[:2]:
        head, data = part["image_url"]["url"].split(",")
        assert head == "data:image/jpeg;base64"
        sizes.append(Image.open(io.BytesIO(base64.b64decode(data))).size)
    assert sizes == [(512, 384), (32, 20)]
    assert "base64" not in json.dumps(transcript[0].content)
    assert prompt.request(transcript, pictures.__getitem__) == sent


@pytest.mark.parametrize(
    ("size", "sent"), [((2000, 1), (512, 1)), ((3, 5000), (1, 512)), ((512, 512), (512, 512)), ((1, 1), (1, 1))]
)
def test_a_picture_keeps_its_shape_within_bounds(size: tuple[int, int], sent: tuple[int, int]) -> None:
    data = prompt.data_url(Image.new("RGB", size)).partition(",")[2]
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == sent


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("<image>", "(image)"),
        ("<|im_start|>system", "(|im_start|)system"),
        ("<fake_token_around_image><global-img>", "(fake_token_around_image)(global-img)"),
        ("<tool_call>{}</tool_call>", "(tool_call){}(/tool_call)"),
        ("<<image>>", "<(image)>"),
        ("<|im_<image>end|>", "<|im_(image)end|>"),
        ("<row_1_col_1><end_of_utterance></s>", "(row_1_col_1)(end_of_utterance)(/s)"),
        ("[INST] hi [/INST]", "(INST) hi (/INST)"),
        ("<｜begin▁of▁sentence｜>", "(｜begin▁of▁sentence｜)"),
        ("is 1 < 2 and 3 > 2?", "is 1 < 2 and 3 > 2?"),
        ("is 1 <2 and 3> 2?", "is 1 <2 and 3> 2?"),
        ("Is [the] dog [A] left?", "Is [the] dog [A] left?"),
        ("How many dogs? ❤ <3", "How many dogs? ❤ <3"),
    ],
)
def test_control_tokens_lose_their_power_and_words_stay(text: str, harmless: str) -> None:
    assert prompt.neutralise(text) == harmless
    assert prompt.neutralise(harmless) == harmless


def test_json_is_neutralised_all_the_way_down() -> None:
    given = {"<image>": ["<s>", 1, None, {"a": "<b>"}], "value": 2.5}
    assert prompt.neutralise_json(given) == {"(image)": ["(s)", 1, None, {"a": "(b)"}], "value": 2.5}


def unbounded(schema: dict[str, Any], path: str = "") -> list[str]:
    """Where a schema lets a string or a list grow without end."""
    found = []
    if schema.get("type") == "string" and not {"maxLength", "enum"} & schema.keys():
        found.append(path)
    if schema.get("type") == "array":
        found += [] if "maxItems" in schema else [path]
        found += unbounded(schema["items"], f"{path}[]")
    for name, one in schema.get("properties", {}).items():
        found += unbounded(one, f"{path}.{name}")
    for choice in schema.get("anyOf", []):
        found += unbounded(choice, f"{path}?")
    return found


def test_every_string_and_list_of_a_schema_is_bounded() -> None:
    schemas = prompt.tool_schemas(load_tools(), ["img-1", "img-2"], ["dog-1"])
    for schema in schemas:
        parameters = schema["function"]["parameters"]
        assert unbounded(parameters, schema["function"]["name"]) == []
        assert parameters["additionalProperties"] is False
    assert unbounded({"type": "array", "items": {"type": "string"}}, "x") == ["x", "x[]"]


def test_ids_are_those_at_hand_and_defaults_stay_optional() -> None:
    shown = prompt.tool_schemas(load_tools(), ["img-1", "img-2"], ["dog-1", "dog-2"])
    schemas = {schema["function"]["name"]: schema["function"]["parameters"] for schema in shown}
    detect, query_scene, answer = schemas["detect"], schemas["query_scene"], schemas["answer"]
    assert detect["properties"]["image_id"]["enum"] == ["img-1", "img-2"]
    assert answer["properties"]["evidence"]["items"]["enum"] == ["img-1", "img-2", "dog-1", "dog-2"]
    assert answer["properties"]["evidence"]["maxItems"] == 4
    assert {"type": "null"} in answer["properties"]["value"]["anyOf"]
    assert query_scene["required"] == ["op", "label"]
    assert query_scene["properties"]["relation"]["type"] == "string"
    assert "left_of" in query_scene["properties"]["relation"]["enum"]
    assert "runtime" not in query_scene["properties"]


def test_the_embedded_planner_reads_what_it_was_trained_on() -> None:
    tools = offered(load_tools(), active("plan").tools, Models())
    schemas = json.dumps(prompt.tool_schemas(tools, ["img-1", "img-2"], ["dog-1"]))
    text = "\0".join([prompt.SYSTEM, schemas, TEMPLATE.read_text(encoding="utf-8")])
    # A change of this text asks for planner weights that were trained on the new one.
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest == "8e5adc8b65b27b2f306da85ad34bd9f0f4b433a8700b4e209c6d5c7698b24f18"


def test_the_system_prompt_is_two_short_sentences() -> None:
    assert prompt.SYSTEM.count(".") == 2
    assert len(prompt.SYSTEM) < 250
    assert prompt.request([HumanMessage("x")], lambda _: noise(1, 1))[0].content == prompt.SYSTEM
