"""The check that an answer's evidence exists and bears it out; pure, without models and without rewriting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from langchain_core.messages import AnyMessage
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from agent.case import Case, Value, found, said, unsearched
from agent.claims import Claim
from agent.originals import passed_off
from agent.values import measured, value_stands
from graphs.rules import SIGNS
from graphs.scene import SceneGraph
from graphs.taxonomy import ANYTHING, covers
from tools.read_text import LABEL as TEXT

_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}


def _printable(text: object) -> object:
    """The text without control characters, which a terminal would obey."""
    return text.translate(_CONTROLS) if isinstance(text, str) else text


class Answer(BaseModel):
    """What the run answers.

    Attributes:
        text: A sentence for a person.
        value: The same, typed; None when the tools could not establish it.
        evidence: Scene ids, of entities or images, that the answer rests on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    text: Annotated[str, BeforeValidator(_printable), Field(min_length=1)]
    value: Value
    evidence: tuple[str, ...]


def verify(answer: Answer, scene: SceneGraph, messages: Sequence[AnyMessage]) -> str | None:
    """Say why the evidence does not bear the answer out.

    The ids must exist. The value must be what the scene holds for the question's claim, or the text's, or the last
    call's: a count is that of all things that match, all of them cited; a relation holds between the things cited; a
    "there is none" needs a search that a tool really ran on the image for that label. Each claim that the text makes
    must hold too, and it may name nothing that no tool has told of. An answer of null carries no evidence.

    Args:
        answer: What the model answered.
        scene: The fold of the transcript over the run's images.
        messages: The transcript: the question, the calls, and what the tools told.

    Returns:
        A short sentence for the model, or None when all is well.
    """
    cited = list(dict.fromkeys(answer.evidence))
    if unknown := [name for name in cited if name not in scene]:
        return f"no such id in the scene: {', '.join(unknown)}"
    if reason := passed_off(answer.text, cited, scene):
        return reason
    if answer.value is None and cited:
        return "value null means not established: evidence must be empty"
    if answer.value is not None and not cited:
        return "a value needs evidence: cite the ids it rests on, or answer with value null"
    case = Case(answer.text, answer.value, answer.evidence, scene, messages)
    checks = (_text,) if answer.value is None else (_cited, value_stands, _text)
    return next((reason for check in checks if (reason := check(case))), None)


def _cited(case: Case) -> str | None:
    """Each thing cited is of a kind that the question or the answer speaks of, or carries the answer to it."""
    about = (claim.label for claim in case.question.claims)  # "what is left of the tree?" is about anything
    labels = {*case.question.labels, *case.text.labels, *about}
    if not case.question.labels and not case.text.labels:
        labels = {claim.label for claim in case.claims} or {ANYTHING}
    for entity in case.entities:
        if case.named and entity.image_id not in case.scopes:
            return f"{entity.id} is in {entity.image_id}, the question is about {case.named}"
        if case.answers(entity) is None and not any(covers(label, entity.label) for label in labels):
            return f"{entity.id} is cited, but the answer is about {', '.join(sorted(labels))}"
    return None


def _text(case: Case) -> str | None:
    """Every claim of the text holds in some scope, and no word in it names what nobody has told of."""
    if unknown := [name for name in case.text.ids if name not in case.scene]:
        return f"the text names {', '.join(unknown)}, which is not in the scene"
    if case.value is not None:
        told = {*case.told, *(word for label in case.known for word in label.split())}
        if any(entity.label == TEXT for entity in case.entities):
            told |= set(case.asked.lower().replace("?", " ").split())  # what carries the words that were read
        if strange := [word for word in case.text.strangers if word not in told]:
            return f"the text names {strange[0]!r}, of which no tool has told"
        absent = {claim.label for claim in case.text.claims if claim.number == 0}  # "and no horses": whether is checked
        if stray := [label for label in case.text.labels if label not in absent and not _meant(case, label)]:
            return f"the text is about {', '.join(stray)}, the question about {', '.join(case.question.labels)}"
        if beside := next((claim for claim in case.text.claims if not _at_the_same_end(case, claim)), None):
            return f"the text is about {said(beside)}, the question about {said(case.question.claims[0])}"
    return next((reason for claim in _texts(case) if (reason := _holds(case, claim))), _loose(case))


def _meant(case: Case, label: str) -> bool:
    """Whether the question asks about a label, or the scene holds such things, or a tool looked for them by name."""
    asked = [one for one in case.question.labels if one != ANYTHING]
    known = not case.question.labels or label == ANYTHING or label in case.known or bool(case.scene.find(label))
    return known or any(covers(label, one) or covers(one, label) for one in asked)


def _at_the_same_end(case: Case, claim: Claim) -> bool:
    """Whether what a text relates things to is what the question does, where both speak of the same relation."""
    asked = [one for one in case.question.claims if one.relation and one.relation == claim.relation]
    ends = [(one, one.other or "", claim.other or "") for one in asked]
    return not ends or any(covers(a, b) or covers(b, a) or b == one.label for one, a, b in ends)


def _texts(case: Case) -> Iterator[Claim]:
    declined = case.value is None
    # "The tools cannot tell what the dog thinks": a label alone, with nothing said of it, claims nothing there.
    return (c for c in case.text.claims if not declined or c.number is not None or c.colour or c.relation)


def _holds(case: Case, claim: Claim) -> str | None:
    counts = [len(found(case.scene, claim, scope)) for scope in case.scopes]
    if claim.denied and claim.number:
        true = any(not SIGNS[claim.bound or "="](count, claim.number) for count in counts)
        return None if true else f"the text says that there are not {claim.number} of {said(claim)}, but there are"
    if claim.number == 0 or claim.denied:
        if 0 not in counts:
            return f"the text says that there is no such thing as {said(claim)}, the scene holds {counts[0]}"
        looked = [image for image in case.scene.images() if not unsearched(case, [claim], [image])]
        return None if looked or claim.denied else unsearched(case, [claim], case.scene.images()[:1])
    if claim.number is None:
        return None if any(counts) else f"the text says {said(claim)}, which is not in the scene"
    if any(SIGNS[claim.bound or "="](count, claim.number) for count in counts):
        return None
    return f"the text says {claim.number} of {said(claim)}, the scene {counts[0]}"


def _loose(case: Case) -> str | None:
    """Numbers that stand alone are counts of what is spoken of, or were told."""
    labels = {*case.text.labels, *case.question.labels}
    claims = [*map(Claim, labels), *case.question.claims]
    counts = {len(found(case.scene, claim, scope)) for claim in claims for scope in case.scopes}
    for number in case.text.numbers:
        if number not in counts and number != case.value and str(number) not in case.told:
            return f"the text says {number}, which nothing in the scene bears out"
    for share in case.text.shares:
        if reason := measured(case, share):
            return reason
    return None
