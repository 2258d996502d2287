"""What one trial of the agent scores: the metrics of `evals.metrics` put together. Each suite says which it reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from evals.diorama.cases import Plan
from evals.metrics import abstention, data_flow, efficiency
from evals.metrics.answers import is_right
from evals.metrics.argument_f1 import argument_f1
from evals.metrics.arguments import argument_name_f1, argument_value_accuracy
from evals.metrics.called import ENDING, steps_of
from evals.metrics.order import exact_order, partial_order, subsequence
from evals.metrics.tool_f1 import tool_f1
from evals.metrics.valid_calls import forbidden, invented, is_valid, schemas_of
from evals.suites.attribution import why_wrong
from evals.suites.runner import unscored
from evals.trial import Question, Reply, Result, Score, Step, Trial

Scorer = Callable[[Trial], list[Score]]


def grader(*scorers: Scorer) -> Callable[[Trial], Result]:
    """A grader that gives the scores of several scorers, in order."""

    def grade(trial: Trial) -> Result:
        scores = [score for scorer in scorers for score in scorer(trial)]
        return Result(trial=trial, scores=scores, why=None if correct(trial) else why_wrong(trial))

    return grade


def correct(trial: Trial) -> bool:
    """Whether the answer is right; a trial that raised or gave up has not answered, whatever the truth is."""
    question, reply = trial.question, trial.reply
    if reply is None or trial.error is not None or trial.gave_up is not None:
        return False
    return is_right(question.answer, reply.value, reply.evidence, question.tolerance)


def calls(trial: Trial) -> list[Score]:
    """`valid_calls`, over all calls; a trial that raised counts as one call that is not valid."""
    schemas = schemas_of(trial.offered)
    faults = [step.tool for step in trial.steps if not is_valid(step, schemas)]
    if not trial.steps:
        return [Score(name="valid_calls", value=0.0, why=trial.error or "no call")]
    share = 1 - len(faults) / len(trial.steps)
    return [Score(name="valid_calls", value=share, weight=len(trial.steps), why=", ".join(faults))]


def plan(trial: Trial) -> list[Score]:
    """`tool_f1` and `argument_f1`, best over the accepted plans, by phrasing too; `calls_ratio`."""
    plans, error = trial.question.plans, trial.error
    if error is not None:
        tools, arguments = (Score(name=name, value=0.0, why=error) for name in ("tool_f1", "argument_f1"))
    else:
        tools = Score(name="tool_f1", value=tool_f1(trial.steps, plans).f1)
        arguments = Score(name="argument_f1", value=argument_f1(trial.steps, plans).f1)
    due = efficiency.calls_due(plans)
    ratio = Score(name="calls_ratio", value=len(trial.steps) / due, weight=due)
    return [*by_phrasing(tools, trial), *by_phrasing(arguments, trial), ratio]


def by_phrasing(score: Score, trial: Trial) -> list[Score]:
    """A score, and the same for trained and for held-out phrasings alone, one of which does not apply."""
    held_out = trial.question.held_out
    parts = {f"{score.name}_trained": not held_out, f"{score.name}_heldout": held_out}
    return [score, *(score.model_copy(update={"name": n}) if here else unscored(n) for n, here in parts.items())]


def plan_in_detail(trial: Trial) -> list[Score]:
    """Precision and recall of tools, names and values of arguments, and order."""
    steps, plans = [] if trial.error else trial.steps, trial.question.plans
    tools = tool_f1(steps, plans)
    agreeing, shared = argument_value_accuracy(steps, plans)
    ordered = trial.question.accepted_plans
    failed = trial.error is not None
    values = {
        "tool_precision": tools.precision,
        "tool_recall": tools.recall,
        "argument_name_f1": argument_name_f1(steps, plans).f1,
        "order_exact": float(exact_order(steps, ordered)),
        "order_subsequence": subsequence(steps, ordered),
        "order_partial": partial_order(steps, ordered),
    }
    scores = [Score(name=name, value=0.0 if failed else value) for name, value in values.items()]
    value = Score(name="argument_values", value=agreeing / shared if shared else 0.0, weight=shared)
    return [*scores, value, _flow(trial)]


def _flow(trial: Trial) -> Score:
    """`data_flow_f1`, best over the plans; it applies where a plan says which output feeds which argument."""
    due = [edges for plan in trial.question.plans if (edges := data_flow.edges_due(plan))]
    if not due:
        return unscored("data_flow_f1")
    made = data_flow.edges_made(steps_of(trial.steps))
    return Score(name="data_flow_f1", value=max(data_flow.data_flow_f1(made, edges).f1 for edges in due))


def spent(trial: Trial) -> list[Score]:
    """Calls beyond need, inventions, forbidden calls, recovery, whether pictures made were looked at, tokens."""
    schemas = schemas_of(trial.offered)
    tools, arguments = invented(trial.steps, schemas)
    count = len(trial.steps)
    given = sum(len(step.arguments) for step in trial.steps)
    right = efficiency.recovered(trial.steps, correct(trial))
    used = data_flow.passed_on(trial.steps)
    return [
        Score(name="repeated_calls", value=float(efficiency.repeated(trial.steps))),
        Score(name="surplus_calls", value=float(efficiency.surplus(trial.steps, trial.question.plans))),
        Score(name="invented_tools", value=tools / count if count else 0.0, weight=count),
        Score(name="invented_arguments", value=arguments / given if given else 0.0, weight=given),
        Score(name="forbidden_calls", value=float(forbidden(trial.steps, trial.question.forbidden).total())),
        unscored("recovery") if right is None else Score(name="recovery", value=right),
        unscored("pictures_passed_on") if used is None else Score(name="pictures_passed_on", value=used),
        Score(name="tokens_per_query", value=float(trial.tokens)),
    ]


def answer(trial: Trial) -> list[Score]:
    """`answer_accuracy`, by phrasing too."""
    return by_phrasing(Score(name="answer_accuracy", value=float(correct(trial))), trial)


def seconds(trial: Trial) -> list[Score]:
    """`seconds_per_query`."""
    return [Score(name="seconds_per_query", value=trial.seconds)]


def held(trials: Sequence[Trial]) -> list[abstention.Held]:
    """What the trials did, for the confusion of abstention."""
    return [
        abstention.Held(
            one.question.asked,
            abstention.did(one.reply.value if one.reply else None, one.gave_up, one.error),
            abstention.calls_of(one.steps),
        )
        for one in trials
    ]


def whole(*more: Scorer) -> Callable[[Trial], Result]:
    """The grader of suites that run the agent: calls, plan, answer and seconds, and what a suite adds."""
    return grader(calls, plan, plan_in_detail, *more, answer, seconds)


def gold(question: Question, plan: Plan, offered: list[dict[str, Any]]) -> Trial:
    """A trial in which an accepted plan was followed and the right answer given."""
    called = [Step(tool=call.tool, arguments=call.arguments) for step in plan for call in step]
    evidence = [] if question.answer is None else ["img-1"]
    reply = Reply(text="So it is.", value=question.answer, evidence=evidence)
    ending = Step(tool=ENDING, arguments=reply.model_dump())
    return Trial(question=question, offered=offered, steps=[*called, ending], reply=reply)
