from __future__ import annotations

import pytest
from langchain_core.messages import ToolMessage

from agent.verify import Answer, verify
from evals.benchmarks.scripted import ROLE, replies
from evals.benchmarks.truths import Truth, truths
from evals.benchmarks.verify import check
from finetune.teacher import conclude


def test_no_false_answer_gets_past_and_no_true_one_is_rejected() -> None:
    checked = check(3_100_000, 60, progress=False)
    assert checked.rejected == []
    assert checked.passed == []
    assert sum(checked.mutants.values()) == 60


def test_the_scripted_server_says_the_steps_in_order() -> None:
    first, second, answer, text = replies(2, ["look", "stamp"])
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.count(b'"name": "look"') == second.count(b'"name": "stamp"') == 1
    assert b'"name": "answer"' in answer
    assert b'"finish_reason": "stop"' in text
    assert ROLE == b'"role":"assistant"'


def concluded(true: Truth) -> Answer:
    """What the teacher answers, having read what the tools told."""
    told = []
    for message in true.messages:
        if isinstance(message, ToolMessage):
            digest = true.scene.digest(message.tool_call_id)
            told.append(f"{message.content}\n{digest}" if digest else str(message.content))
    return Answer.model_validate(conclude(true.case, told))


@pytest.mark.parametrize("seeds", [range(40), pytest.param(range(40, 400), marks=pytest.mark.slow)])
def test_what_the_teacher_answers_is_borne_out(seeds: range) -> None:
    rejected = {}
    for true in truths([3_200_000 + seed for seed in seeds]):
        answer = concluded(true)
        if reason := verify(answer, true.scene, true.messages):
            rejected[f"{true.case.query} -> {answer.text}"] = reason
    assert rejected == {}
