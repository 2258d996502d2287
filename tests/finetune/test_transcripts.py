import json
from pathlib import Path
from typing import Any

import pytest

from finetune.data.transcripts import read_transcripts
from finetune.recipes.plan import turns
from tools.errors import UserError

CALL = {"id": "1", "type": "function", "function": {"name": "detect", "arguments": '{"image_id": "img-1"}'}}
LINE: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "You plan."},
        {"role": "user", "content": "How many dogs?"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "1", "content": "2 dogs"},
        {"role": "assistant", "content": "Two."},
    ],
    "tools": [],
}


def written(folder: Path, *lines: object) -> Path:
    path = folder / "plans.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def test_each_turn_of_the_assistant_is_a_completion(tmp_path: Path) -> None:
    class Tokenizer:
        def apply_chat_template(self, messages: Any, add_generation_prompt: bool, **_: Any) -> str:
            text = "".join(
                f"<{one['role']}>{one['content']}{json.dumps(one.get('tool_calls', ''))}" for one in messages
            )
            return text + ("<assistant>" if add_generation_prompt else "")

    [one, _] = read_transcripts(written(tmp_path, LINE, LINE))
    first, second = turns(one, Tokenizer())
    assert '"arguments": {"image_id": "img-1"}' in first["completion"]
    assert second["prompt"].endswith("<assistant>")
    assert second["completion"].startswith("Two.")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"messages": []}, "line 2 is no transcript"),
        ({"messages": LINE["messages"][:2]}, "nothing to learn"),
        ({"messages": [*LINE["messages"], {"role": "wizard", "content": ""}]}, "'wizard'"),
        (LINE | {"images": ["gone.png"]}, "gone.png"),
        (LINE | {"messages": [{"role": "assistant", "tool_calls": [{"name": "x", "arguments": "{}"}]}] * 2}, "form"),
        (
            LINE
            | {
                "messages": [
                    {"role": "assistant", "tool_calls": [{"function": {"name": "detect", "arguments": "{image"}}]},
                    {"role": "user", "content": "?"},
                ]
            },
            "OpenAI's form",
        ),
    ],
)
def test_what_is_no_transcript_is_told_with_its_line(tmp_path: Path, line: object, told: str) -> None:
    with pytest.raises(UserError, match=told):
        read_transcripts(written(tmp_path, LINE, line))
