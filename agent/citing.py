"""The things that bear an answer out, where the model cites too few or others too; whether they do, `verify` says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from langchain_core.messages import AnyMessage

from agent.case import Case, found
from agent.claims import Claim
from agent.verify import Answer, verify
from graphs.scene import SceneGraph


def cited_right(answer: Answer, scene: SceneGraph, messages: Sequence[AnyMessage]) -> Answer | None:
    """The same answer with the evidence that bears it out; none where no evidence does, or ids were made up.

    What a value rests on follows from the scene: a small model that counts right may still list the ids wrong.

    Args:
        answer: As the model gave it; its text and its value stay.
        scene: The fold of the transcript.
        messages: The transcript.
    """
    if answer.value is None or any(name not in scene for name in answer.evidence):
        return None
    case = Case(answer.text, answer.value, answer.evidence, scene, messages)
    for evidence in dict.fromkeys(_likely(case)):
        amended = answer.model_copy(update={"evidence": evidence})
        if verify(amended, scene, messages) is None:
            return amended
    return None


def _likely(case: Case) -> Iterator[tuple[str, ...]]:
    """What the answer may rest on: what the question is about, together or each alone, all there is, or the images."""
    labels = [Claim(label) for label in case.question.labels]
    for claims in (case.claims, labels, *([one] for one in case.claims)):
        for scope in case.scopes:
            yield tuple(sorted({name for claim in claims for name in found(case.scene, claim, scope)}))
    for scope in case.scopes:
        yield tuple(one.id for one in case.scene.find(image_id=scope))
    yield tuple(case.scene.images())
