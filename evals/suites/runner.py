"""Runs trials under inspect_ai, which keeps their log; `inspect view` shows it. What is asked and graded lives beside.

A task of inspect is a data set (questions), a solver (what makes a trial of a question) and a scorer (a grader).
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from evals.suites.bench import Solve
from evals.suites.options import Options, gathering
from evals.trial import Question, Result, Score, Trial

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ChatMessage
    from inspect_ai.scorer import Scorer, Target
    from inspect_ai.solver import Generate, Solver, TaskState

Grade = Callable[[Trial], Result]

TRIAL = "trial"


class Ran(NamedTuple):
    """What a task came to: results in the order of the questions, and whether Ctrl-C cut it short."""

    results: list[Result]
    interrupted: bool


def run(
    suite: str,
    questions: Sequence[Question],
    solving: AbstractAsyncContextManager[Solve],
    grade: Grade,
    options: Options,
) -> Ran:
    """Put questions, grade what is done about them, and keep inspect's log in the run's folder.

    Args:
        suite: Names the task.
        questions: Their ids differ.
        solving: Gives what answers, open while it is needed. A trial that raises has failed; the others go on.
        grade: Scores a trial, one that raised too.
        options: How many at once, how often one that raised is tried again, and the folder.
    """
    # the screen is for our own bar, unless the person chose a display of inspect's
    os.environ.setdefault("INSPECT_DISPLAY", "none")
    with gathering("questions", len(questions)) as done:
        from inspect_ai import eval_async
        from inspect_ai.util import display_type

        display_type()  # reads the environment now; else `eval_async` takes "plain"

        before = _logs(options.out)

        async def main() -> None:
            async with solving as solve:
                logs = await eval_async(
                    _task(suite, questions, solve, grade, done.add),
                    model=None,
                    log_dir=str(options.out / "inspect"),
                    log_level="error",
                    max_samples=options.concurrency,
                    retry_on_error=options.retries,
                    fail_on_error=False,
                    ctl_server=False,
                    log_realtime=False,
                )
                # inspect takes Ctrl-C for itself, and then gives no log, or one that says so
                done.interrupted = not logs or logs[0].status == "cancelled"

        asyncio.run(main())
    graded = {one.trial.question.id: one for one in done.results}
    raised = _raised(_logs(options.out) - before, grade)
    results = [graded.get(one.id) or raised.get(one.id) for one in questions]
    return Ran([one for one in results if one is not None], done.interrupted)


def _task(
    suite: str, questions: Sequence[Question], solve: Solve, grade: Grade, each: Callable[[Result], None]
) -> Task:
    from inspect_ai import Task
    from inspect_ai.dataset import MemoryDataset

    samples = [_sample(question) for question in questions]
    return Task(dataset=MemoryDataset(samples), solver=_solver(solve), scorer=_scorer(grade, each), name=suite)


def _sample(question: Question) -> Sample:
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ChatMessageUser, ContentImage, ContentText

    pictures = [ContentImage(image=path) for path in question.images]
    return Sample(
        id=question.id,
        input=[ChatMessageUser(content=[*pictures, ContentText(text=question.query)])],
        target=repr(question.answer),
        metadata={"question": question.model_dump(mode="json")},
    )


def _solver(solve: Solve) -> Solver:
    from inspect_ai.model import ModelOutput
    from inspect_ai.solver import solver

    @solver(name="agent")
    def made() -> Solver:
        async def answer(state: TaskState, generate: Generate) -> TaskState:
            trial = await solve(Question.model_validate(state.metadata["question"]))
            state.store.set(TRIAL, trial.model_dump(mode="json"))
            state.messages.extend(_messages(trial))
            state.output = ModelOutput.from_content("scenograph", trial.reply.text if trial.reply else "")
            return state

        return answer

    return made()


def _messages(trial: Trial) -> list[ChatMessage]:
    """The trial's calls, for `inspect view`."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageTool
    from inspect_ai.tool import ToolCall, ToolCallError

    messages: list[ChatMessage] = []
    for number, step in enumerate(trial.steps):
        name = step.call_id or f"call-{number}"
        call = ToolCall(id=name, function=step.tool, arguments=step.arguments)
        messages.append(ChatMessageAssistant(content="", tool_calls=[call]))
        failed = ToolCallError("unknown", step.error) if step.error else None
        messages.append(ChatMessageTool(content=step.text, tool_call_id=name, function=step.tool, error=failed))
    return messages


def _scorer(grade: Grade, each: Callable[[Result], None]) -> Scorer:
    from inspect_ai.scorer import Score as Scored
    from inspect_ai.scorer import mean, scorer, stderr

    @scorer(name="graded", metrics={"*": [mean(), stderr()]})
    def made() -> Scorer:
        async def score(state: TaskState, target: Target) -> Scored:
            result = grade(Trial.model_validate(state.store.get(TRIAL)))
            each(result)
            value: dict[str, Any] = {one.name: one.value if one.weight else math.nan for one in result.scores}
            return Scored(value=value, explanation=result.why)

        return score

    return made()


def _logs(out: Path) -> set[Path]:
    return set((out / "inspect").glob("*.eval"))


def _raised(logs: set[Path], grade: Grade) -> dict[str, Result]:
    """The trials that a log says have raised, graded as such; what Ctrl-C ended is none of them."""
    from inspect_ai.log import read_eval_log

    found: dict[str, Result] = {}
    for path in logs:
        log = read_eval_log(str(path))
        for sample in log.samples or ():
            error = sample.error
            if TRIAL in sample.store or error is None or (log.status == "cancelled" and "Cancelled" in error.message):
                continue
            question = Question.model_validate(sample.metadata["question"])
            trial = Trial(question=question, error=error.message, seconds=sample.total_time or 0.0)
            found[question.id] = grade(trial)
    return found


def unscored(name: str) -> Score:
    """A score that does not apply to a trial: it stands in the log, and counts nothing."""
    return Score(name=name, value=0.0, weight=0.0)
