"""What graders read: a question with its truth, and the record of what was done about it. No formula, no runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from evals.diorama.cases import Call, Plan

if TYPE_CHECKING:
    from agent.run import Run

Asked = Literal["relevant", "irrelevant", "missing_tool", "missing_parameter"]
"""Whether the tools can help: they can, they never could, the one that could is not offered, or too little is said."""


class Question(BaseModel):
    """A question and what a right answer is; a diorama's `Case` has these fields, so that one makes the other.

    Attributes:
        id: Unique within its suite.
        query: The question.
        images: Files, in the order of the ids `img-1`, `img-2`.
        kind: What is asked for.
        asked: Whether the tools can help.
        answer: The typed value; `None` where the tools cannot tell.
        tolerance: Relative error allowed in a number.
        accepted_plans: Tool calls that lead to the answer, the shortest first; `answer` itself is left out.
        forbidden: Tools that must not be called.
        condition: What a suite changed about it, such as `renamed`; pairs share the rest of their id.
        tags: For slicing.
        held_out: Whether no training question uses this phrasing.
    """

    id: str
    query: str
    images: list[str] = Field(default_factory=list)
    kind: str = ""
    asked: Asked = "relevant"
    answer: bool | int | float | str | list[str] | None = None
    tolerance: float = 0.0
    accepted_plans: list[Plan] = [[]]
    forbidden: list[str] = Field(default_factory=list)
    condition: str = ""
    tags: list[str] = Field(default_factory=list)
    held_out: bool = False

    @property
    def plans(self) -> list[list[Call]]:
        """The calls of each accepted plan, its steps forgotten."""
        return [[call for step in plan for call in step] for plan in self.accepted_plans]


class Step(BaseModel):
    """One tool call.

    Attributes:
        tool: Its name, as the model wrote it.
        arguments: Likewise.
        call_id: Unique within the trial.
        text: What the tool told.
        error: What the model was told instead.
        gives: Ids of the entities and images that it brought.
        seconds: How long the tool took.
        turn: The step of the plan that it stands for, where a suite forces one after the other; else 0.
    """

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    call_id: str = ""
    text: str = ""
    error: str | None = None
    gives: list[str] = Field(default_factory=list)
    seconds: float = 0.0
    turn: int = 0


class Reply(BaseModel):
    """The answer that was accepted."""

    text: str
    value: bool | int | float | str | list[str] | None = None
    evidence: list[str] = Field(default_factory=list)


class Trial(BaseModel):
    """A question with what was done about it.

    Attributes:
        question: What was asked.
        offered: The tools that the model could call, in OpenAI's form, as they stood.
        steps: Every call, in order, the answers among them.
        reply: The answer that was accepted; none if it raised.
        gave_up: Why no answer could be established.
        error: What was raised.
        scene: The scene graph as node-link JSON.
        seconds: From question to answer.
        tokens: Read and written, over all calls of the model.
    """

    question: Question
    offered: list[dict[str, Any]] = Field(default_factory=list)
    steps: list[Step] = Field(default_factory=list)
    reply: Reply | None = None
    gave_up: str | None = None
    error: str | None = None
    scene: dict[str, Any] = Field(default_factory=dict)
    seconds: float = 0.0
    tokens: int = 0

    @classmethod
    def of(cls, question: Question, run: Run, offered: list[dict[str, Any]], seconds: float) -> Trial:
        """The trial that a run of the agent is."""
        nodes: list[dict[str, Any]] = run.scene.get("nodes", [])
        steps = [
            Step(
                tool=step.tool,
                arguments=step.arguments,
                call_id=step.call_id,
                text=step.observation.text if step.observation else "",
                error=step.error,
                gives=[node["id"] for node in nodes if _saw(node, step.call_id)]
                + [image.id for image in (step.observation.images if step.observation else ())],
                seconds=step.seconds,
            )
            for step in run.steps
        ]
        return cls(
            question=question,
            offered=offered,
            steps=steps,
            reply=Reply.model_validate(run.answer.model_dump()),
            gave_up=run.error,
            scene=run.scene,
            seconds=seconds,
            tokens=run.usage.prompt_tokens + run.usage.completion_tokens,
        )


def _saw(node: dict[str, Any], call_id: str) -> bool:
    return any(witness["call_id"] == call_id for witness in node.get("witnesses", []))


class Score(BaseModel):
    """What a grader found of one trial.

    Attributes:
        name: Of the metric.
        value: Usually 0 to 1.
        weight: What it counts in the metric, which is the weighted mean over the trials.
        why: What led to it.
    """

    name: str
    value: float
    weight: float = 1.0
    why: str = ""


class Result(BaseModel):
    """A trial with its scores.

    Attributes:
        trial: What was done.
        scores: Each name at most once.
        why: What it failed by; none if it is right.
    """

    trial: Trial
    scores: list[Score]
    why: str | None = None

    @property
    def correct(self) -> bool:
        """Whether it is right."""
        return self.why is None

    def score(self, name: str) -> float | None:
        """The value of a score, if it has it."""
        return next((one.value for one in self.scores if one.name == name), None)
