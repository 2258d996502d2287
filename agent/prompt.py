"""What the planner model reads: system prompt, first message, tool schemas, pictures; nothing here calls it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.tools import BaseTool
from PIL import Image

from graphs.types import ImageRef

SYSTEM = (
    "Answer the question about the images by calling tools, then call answer with the scene ids it rests on as "
    "evidence. If the tools cannot establish it, answer with value null and no evidence."
)
LONGEST_SIDE = 512  # pixels of a picture as the model gets it
JPEG_QUALITY = 90
MAX_ITEMS = 8
MAX_LENGTH = {"text": 200}
SHORT = 32  # characters: a category, a colour, an id
# A word in angle brackets may be a control token of some chat template (some write the bar as U+FF5C); so may a
# capitalised word in square brackets (Mistral's family).
_ANGLED = re.compile(r"<([\w/|\uff5c][^\s<>()]{0,63})>")
_SQUARE = re.compile(r"\[(/?[A-Z][A-Z_]{2,31})\]")


def neutralise(text: str) -> str:
    """Take the power from control tokens such as `<image>`, `<|im_start|>` or `<tool_call>` in text from outside.

    The words stay readable: `<image>` becomes `(image)`. Text without such tokens comes back unchanged.
    """
    return _SQUARE.sub(r"(\1)", _ANGLED.sub(r"(\1)", text))


def neutralise_json(value: Any) -> Any:
    """Neutralise every string in plain JSON data."""
    if isinstance(value, str):
        return neutralise(value)
    if isinstance(value, list):
        return [neutralise_json(item) for item in value]
    if isinstance(value, dict):
        return {neutralise(key): neutralise_json(item) for key, item in value.items()}
    return value


def question(images: Sequence[ImageRef], query: str, known: Sequence[ImageRef] = ()) -> HumanMessage:
    """The user's message: the images by reference, then a line for each and the question.

    Args:
        images: The user's images, in order.
        query: The question as the user typed it; where it names an image's file, the id takes the name's place.
        known: Images of earlier questions, which it may name too.
    """
    lines = [f"{image.id} ({image.width}x{image.height})" for image in images]
    text = "\n".join([*lines, f"Question: {neutralise(_by_ids([*known, *images], query.strip()))}"])
    references: list[str | dict[str, Any]] = [{"type": "image_ref", "id": image.id} for image in images]
    return HumanMessage([*references, {"type": "text", "text": text}])


def _by_ids(images: Sequence[ImageRef], query: str) -> str:
    names = [Path(image.path).name for image in images]
    for image, name in zip(images, names, strict=True):
        if name and names.count(name) == 1:
            query = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", image.id, query, flags=re.IGNORECASE)
    return query


def request(messages: Sequence[BaseMessage], picture: Callable[[str], Image.Image]) -> list[BaseMessage]:
    """The messages of one request: the system prompt, then the transcript with the pictures' bytes put in.

    Args:
        messages: The transcript; pictures stand in it as `{"type": "image_ref", "id": …}`.
        picture: Gives the pixels of an image id.
    """
    return [SystemMessage(SYSTEM), *(with_pictures(message, picture) for message in messages)]


def made(images: Sequence[ImageRef]) -> HumanMessage:
    """The user message in which the model sees what tools made: the images by reference, then a line for each."""
    lines = [
        f"{image.id} ({image.width}x{image.height}) {image.origin}" + (f" from {image.parent}" if image.parent else "")
        for image in images
    ]
    references: list[str | dict[str, Any]] = [{"type": "image_ref", "id": image.id} for image in images]
    return HumanMessage([*references, {"type": "text", "text": "\n".join(lines)}])


def with_pictures(message: BaseMessage, picture: Callable[[str], Image.Image]) -> BaseMessage:
    """The message with the bytes put in of the pictures that it refers to."""
    if isinstance(message.content, str):
        return message
    parts: list[str | dict[str, Any]] = []
    for part in message.content:
        if isinstance(part, dict) and part.get("type") == "image_ref":
            parts.append({"type": "image_url", "image_url": {"url": data_url(picture(part["id"]))}})
        else:
            parts.append(part)
    return message.model_copy(update={"content": parts})


def data_url(image: Image.Image) -> str:
    """A picture as a base64 data URL, the same bytes each time: RGB, at most 512 pixels on its longer side, JPEG."""
    scale = LONGEST_SIDE / max(image.size)
    rgb = image.convert("RGB")
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        rgb = rgb.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    buffer = io.BytesIO()
    rgb.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def tool_schemas(
    tools: Sequence[BaseTool], image_ids: Sequence[str], entity_ids: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The tools in OpenAI's form, in fixed order, with every string and list bounded.

    `image_id` may be one of the images, `evidence` any of the ids at hand; arguments with a default stay optional.

    Args:
        tools: The tools, in the order in which the model sees them.
        image_ids: Ids of the images at hand, at least one.
        entity_ids: Ids of the entities in the scene so far.
    """
    enums = {"image_id": list(image_ids), "evidence": [*image_ids, *entity_ids]}
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": _parameters(tool, enums),
                "strict": True,
            },
        }
        for tool in tools
    ]


def _parameters(tool: BaseTool, enums: dict[str, list[str]]) -> dict[str, Any]:
    model: Any = tool.tool_call_schema  # a pydantic model; only tools of MCP servers bring a plain schema
    schema: dict[str, Any] = model if isinstance(model, dict) else model.model_json_schema()
    required: list[str] = schema.get("required", [])
    properties = {}
    for name, given in schema.get("properties", {}).items():
        bounded = _bounded(given, MAX_LENGTH.get(name, SHORT), optional=name not in required)
        if name == "image_id":
            bounded = {**bounded, "enum": enums[name]}
            bounded.pop("maxLength")
        elif name == "evidence":
            ids = enums[name]
            bounded = {**bounded, "items": {"type": "string", "enum": ids}, "maxItems": len(ids)}
        properties[name] = bounded
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _bounded(schema: dict[str, Any], length: int, *, optional: bool = False) -> dict[str, Any]:
    """The schema without titles and defaults, its strings and lists bounded; an optional one loses its null."""
    out = {key: value for key, value in schema.items() if key not in {"title", "default"}}
    if choices := out.pop("anyOf", None):
        kept = [_bounded(choice, length) for choice in choices if not (optional and choice.get("type") == "null")]
        return {**out, **kept[0]} if len(kept) == 1 else {**out, "anyOf": kept}
    if out.get("type") == "string" and not {"enum", "const"} & out.keys():
        out.setdefault("maxLength", length)
    if out.get("type") == "array":
        out["items"] = _bounded(out.get("items", {"type": "string"}), SHORT)
        out.setdefault("maxItems", MAX_ITEMS)
    return out
