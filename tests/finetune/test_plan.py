"""What the embedded planner is taught: transcripts of the real flow, with mistakes put right and questions to look."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from agent.flow import REJECTED
from finetune import described
from finetune.plan import SEED, Example, PlanConfig, batches, shared_prefix
from finetune.staging import Staging, transcript

PICTURE = 9
"""The token of a picture."""


def told(one: dict[str, Any] | None) -> Iterator[tuple[str, str, Any]]:
    """Role, text or tool, and arguments, turn by turn after the question."""
    assert one is not None
    for message in one["messages"][2:]:
        if message["role"] == "tool":
            yield "tool", message["content"], None
        else:
            for call in message["tool_calls"]:
                yield "calls", call["function"]["name"], json.loads(call["function"]["arguments"])


def test_an_answer_with_a_fault_is_sent_back_and_put_right(tmp_path: Path) -> None:
    config = Staging(slip_rate=1.0, miss_rate=0.0, framed=0.0, invented=0.0, describing=0.0)
    transcripts = [transcript(seed, config, tmp_path) for seed in range(SEED + 900_000, SEED + 900_024)]
    slipped = [one for one in transcripts if one and one["slips"]]
    assert len(slipped) >= 8
    for one in slipped:
        turns = list(told(one))
        rejected = [place for place, turn in enumerate(turns) if turn[0] == "tool" and turn[1].startswith(REJECTED)]
        assert len(rejected) == len(one["slips"]) == 1
        assert turns[rejected[0] - 1][1] == turns[-1][1] == "answer"
        assert turns[rejected[0] - 1][2] != turns[-1][2]
    kinds = {one["kind"] for one in slipped}
    assert {"compare", "list"} & kinds
    assert any(turns[-2][1].startswith(REJECTED) for turns in map(list, map(told, slipped)))  # put right at once


def test_what_only_a_model_can_see_is_asked_of_describe(tmp_path: Path) -> None:
    config = Staging(slip_rate=0.0, invented=1.0, framed=1.0)
    made = [transcript(seed, config, tmp_path) for seed in range(SEED + 900_100, SEED + 900_108)]
    asked = [one for one in made if one and one["kind"] == "describe"]
    assert len(asked) >= 7
    for one in asked:
        assert [tool["function"]["name"] for tool in one["tools"]][-2:] == ["describe", "answer"]
        (_, first, look), (_, said, _), (_, last, answer) = told(one)
        assert (first, last, answer["evidence"]) == ("describe", "answer", ["picture-1"])
        assert answer["text"].lower().rstrip(".") in said
        assert look["question"].lower().rstrip("?.") in one["messages"][1]["content"][-1]["text"].lower()


def test_peoples_questions_are_about_their_own_pictures(tmp_path: Path) -> None:
    rows = []
    for number in range(8):
        colour = ("red", "teal")[number % 2]
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{number}.png")
        rows.append({"image": f"{number}.png", "question": "what color is it?", "answer": colour})
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    drawn = [described.draw(tmp_path / "rows.jsonl", seed, np.random.default_rng(seed)) for seed in range(8)]
    for item in drawn:
        assert item.dioramas[0].image.getpixel((0, 0)) == ((255, 0, 0) if item.case.answer == "red" else (0, 128, 128))


def example(before: int, length: int) -> Example:
    ids = np.array([*range(100, 100 + before), PICTURE, *range(length)])
    return Example(ids, np.ones(len(ids), dtype=np.bool_), torch.zeros(0))


@pytest.mark.parametrize("seed", range(3))
def test_a_batch_holds_what_begins_alike(seed: int) -> None:
    examples = [example(5 if number % 2 else 8, 3 + number) for number in range(16)]
    chosen = batches(examples, PICTURE, PlanConfig(batch=4, seed=seed))
    assert sorted(index for batch in chosen for index in batch) == list(range(16))
    assert sorted(shared_prefix([examples[index] for index in batch], PICTURE) for batch in chosen) == [5, 5, 8, 8]
