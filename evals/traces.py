"""A trial as text that a person reads: the question, each call with what it told, the answer and the scores."""

from __future__ import annotations

import orjson

from evals.trial import Result


def trace(result: Result) -> str:
    """The whole of a graded trial, a line for each thing."""
    trial = result.trial
    question = trial.question
    lines = [f"{question.id}: {question.query}", f"expected {question.answer!r}"]
    for step in trial.steps:
        lines.append(f"  {step.tool}({_arguments(step.arguments)})  {step.seconds:.2f} s")
        told = f"refused: {step.error}" if step.error else step.text
        lines.extend(f"    {line}" for line in told.splitlines())
    if trial.reply is not None:
        lines.append(f"answered {trial.reply.value!r}: {trial.reply.text}")
        lines.append(f"evidence {', '.join(trial.reply.evidence) or 'none'}")
    lines.extend(told for told in (trial.gave_up, trial.error) if told)
    lines.append(f"{'right' if result.correct else f'wrong, owed to {result.why}'}; {trial.seconds:.2f} s")
    scored = (f"{one.name} {one.value:.3f}{f' ({one.why})' if one.why else ''}" for one in result.scores if one.weight)
    return "\n".join([*lines, *scored])


def _arguments(arguments: dict[str, object]) -> str:
    return ", ".join(f"{name}={orjson.dumps(value).decode()}" for name, value in arguments.items())
