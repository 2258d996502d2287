import json
import subprocess
import sys

import pytest
from langchain_core.tools import BaseTool
from pydantic import BaseModel

from tools.catalog import active
from tools.models import Models
from tools.registry import TOOLS, load_tools, offered

TYPES = {
    "detect": ["image_id", "labels"],
    "segment": ["image_id", "labels"],
    "query_scene": ["op", "label", "colour", "relation", "other"],
    "ask_scene": ["op", "label", "other", "relation", "by", "thing", "goal"],
    "segment_at": ["image_id", "box", "point"],
    "classify": ["image_id", "thing", "box", "labels"],
    "describe": ["image_id", "thing", "box", "question"],
    "read_text": ["image_id", "thing", "box"],
    "look_closer": ["image_id", "thing", "box"],
    "measure": ["things"],
    "compare": ["image_id", "other_id"],
    "find_similar": ["image_id", "thing", "box", "folder", "count"],
    "generate": ["prompt", "width", "height", "seed", "count", "best_of"],
    "edit": ["image_id", "instruction", "region", "seed"],
    "answer": ["text", "value", "evidence"],
    "promote": ["name", "data"],
    "train": ["name", "recipe", "data", "base", "options"],
    "training": ["wait"],
}
BROUGHT = ["promote", "train", "training"]
"""By `finetune`, through the same door as other packages' tools."""


@pytest.fixture(scope="module")
def tools() -> dict[str, BaseTool]:
    return {made.name: made for made in load_tools()}


def arguments(made: BaseTool) -> type[BaseModel]:
    shown = made.tool_call_schema
    assert isinstance(shown, type)
    assert issubclass(shown, BaseModel)
    return shown


def schema(made: BaseTool) -> dict[str, object]:
    return arguments(made).model_json_schema()


def test_the_tools_stand_in_their_order(tools: dict[str, BaseTool]) -> None:
    assert list(tools) == [*(path.partition(":")[2] for path in TOOLS), *BROUGHT] == list(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_the_model_sees_arguments_with_descriptions_and_no_runtime(tools: dict[str, BaseTool], name: str) -> None:
    properties = schema(tools[name])["properties"]
    assert isinstance(properties, dict)
    assert list(properties) == TYPES[name]
    assert all(field["description"] for field in properties.values())
    assert "\n" not in tools[name].description


def test_a_planner_is_offered_what_it_knows_and_one_that_names_nothing_all(tools: dict[str, BaseTool]) -> None:
    made = list(tools.values())
    assert [tool.name for tool in offered(made, ("answer", "detect", "sing"), Models())] == ["detect", "answer"]
    assert offered(made, (), Models()) == made


def test_a_planner_of_few_tools_is_offered_describe_where_a_model_was_trained_for_it(
    tools: dict[str, BaseTool], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = ("detect", "describe", "answer")
    assert [tool.name for tool in offered(list(tools.values()), known, Models())] == ["detect", "answer"]
    monkeypatch.setattr(Models, "entry", lambda self, task: active("plan"))
    assert [tool.name for tool in offered(list(tools.values()), known, Models())] == list(known)


def unbounded(part: object) -> list[object]:
    """The strings and arrays in a schema that may grow without end."""
    if isinstance(part, list):
        return [found for inner in part for found in unbounded(inner)]
    if not isinstance(part, dict):
        return []
    here = (part.get("type") == "string" and not {"maxLength", "enum"} & set(part)) or (
        part.get("type") == "array" and "maxItems" not in part
    )
    return ([part] if here else []) + [found for inner in part.values() for found in unbounded(inner)]


@pytest.mark.parametrize("name", TYPES)
def test_every_string_and_list_is_bounded(tools: dict[str, BaseTool], name: str) -> None:
    assert unbounded(schema(tools[name])["properties"]) == []


@pytest.mark.parametrize("value", [3, 0.5, True, "left_of", ["dog", "cat"], None])
def test_answer_keeps_the_type_of_its_value(tools: dict[str, BaseTool], value: object) -> None:
    given = {"text": "So it is.", "value": value, "evidence": ["dog-1"]}
    kept = arguments(tools["answer"]).model_validate(given).model_dump()
    assert kept == given
    assert type(kept["value"]) is type(value)
    call = {"name": "answer", "args": given, "id": "1", "type": "tool_call"}
    assert tools["answer"].invoke(call).content == "So it is."


def test_naming_the_tools_imports_nothing_heavy() -> None:
    heavy = ["torch", "ultralytics", "supervision", "langchain_core", "langgraph", "transformers"]
    script = (
        "import json, sys, tools, tools.registry, tools.catalog, tools.models, tools.workspace, tools.errors\n"
        f"print(json.dumps([name for name in {heavy} if name in sys.modules]))\n"
        "tools.registry.load_tools()\n"
        f"print(json.dumps([name for name in {heavy[:3]} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [[], []]
