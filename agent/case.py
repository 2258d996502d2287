"""An answer beside what it is held against: the scene, the question, what tools told. Judging it is `verify`'s."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from agent.claims import Claim, Reading
from agent.reading import read
from graphs.query import SceneQuery, ask
from graphs.scene import EVERYTHING, SceneEntity, SceneGraph
from graphs.taxonomy import covers, normalise
from graphs.types import Observation, Search
from tools.describe import asked
from tools.regions import PICTURE
from tools.vision_tool import observations

Value = bool | int | float | str | list[str] | None

ASKS_SCENE = ("query_scene", "ask_scene")
"""Tools that tell of the scene only what it holds anyway."""


SENTENCE = 3
"""Words from which on a question within another counts as that one: "a dog?" does not ask what "is a dog red?" does."""

_QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»]+)[\"“”„«»]")
_PLACES = {
    "first": 0,
    "1st": 0,
    "one": 0,
    "second": 1,
    "2nd": 1,
    "two": 1,
    "third": 2,
    "3rd": 2,
    "three": 2,
    "last": -1,
}
_ORDINAL = re.compile(
    r"\b(first|second|third|last|1st|2nd|3rd)(?= (?:image|picture|photo|or|and|one|than)\b|[?.]?$)"
    r"|(?<!the )(?<!this )(?<!that )\b(?:image|picture|photo) (?:no\. ?|number |#)?(\d|one|two|three)\b"
)
_TOGETHER = re.compile(
    r"\bin total\b|\baltogether\b|\b(?:both|all|each|every)(?: of)?(?: the| these| my)? (?:two )?"
    r"(?:images?|pictures?|photos?)\b"
)


@dataclass
class Case:
    """An answer beside everything that it is held against.

    Attributes:
        words: Its text.
        value: Its value.
        evidence: Ids, all of which exist.
        scene: The fold of the transcript.
        messages: The transcript.
    """

    words: str
    value: Value
    evidence: Sequence[str]
    scene: SceneGraph
    messages: Sequence[AnyMessage]

    @cached_property
    def entities(self) -> list[SceneEntity]:
        """The things cited."""
        return [entity for name in dict.fromkeys(self.evidence) if (entity := self.scene.get(name))]

    @cached_property
    def images(self) -> list[str]:
        """The images cited."""
        return [name for name in dict.fromkeys(self.evidence) if self.scene.get(name) is None]

    @cached_property
    def observed(self) -> list[tuple[str | None, Observation]]:
        """What each call told, with the name of its tool."""
        tools = [one for one in self.messages if isinstance(one, ToolMessage)]
        return [(one.name, told) for one in tools for told in observations([one])]

    @cached_property
    def searches(self) -> list[Search]:
        """All that was looked for."""
        return [search for _, told in self.observed for search in told.searches]

    @cached_property
    def looked_at(self) -> set[str]:
        """Images that some tool has searched for something."""
        return {search.image_id for search in self.searches}

    @cached_property
    def known(self) -> set[str]:
        """Labels of what was seen or looked for; a picture as a whole is no thing in it."""
        looked = {search.label for search in self.searches} - {EVERYTHING}
        return (looked | {entity.label for entity in self.scene.entities()}) - {PICTURE}

    @cached_property
    def text(self) -> Reading:
        """What the text claims."""
        return read(_QUOTED.sub(lambda quoted: " " if self.was_told(quoted[1]) else quoted[0], self.words), self.known)

    def was_told(self, words: str) -> bool:
        """Whether tools told all these words, such as those of a sign, which claim nothing about the picture."""
        return _words(words) <= self.told

    @cached_property
    def question(self) -> Reading:
        """What the question asks, the latest of a conversation."""
        return read(self.asked, self.known)

    @cached_property
    def asked(self) -> str:
        """The question in the user's words."""
        humans = [one for one in reversed(self.messages) if isinstance(one, HumanMessage)]
        return next((words for one in humans if (words := _asks(one))), "")

    def answers(self, entity: SceneEntity) -> str | None:
        """What a tool has answered about a thing that was asked the same, with or without the words around it."""
        question = asked(self.asked)
        for name, answer in entity.attributes.items():
            within = len(name.split()) >= SENTENCE and f" {name[:-1]} " in f" {question[:-1]} "
            if name.endswith("?") and (name == question or within) and isinstance(answer, str):
                return answer
        return None

    @cached_property
    def told(self) -> set[str]:
        """Words that tools told which do not look for labels: what they read, described or measured."""
        texts = [told.text for tool, told in self.observed if tool not in ASKS_SCENE and not told.searches]
        texts += [str(value) for entity in self.scene.entities() for value in entity.attributes.values()]
        return _words(" ".join(texts))

    @cached_property
    def claims(self) -> list[Claim]:
        """What the question is about, of which the value must be true; read off the first of these that says it."""
        for reading in (self.question, self.text):
            if reading.claims:
                related = [claim for claim in reading.claims if claim.relation]
                return related or list(reading.claims)
        return _called(self.messages)

    @cached_property
    def mentioned(self) -> list[str]:
        """Images that the question names, by their ids or as the first or the last of several."""
        images = self.scene.images()
        ids = [one for one in self.question.ids if one in images]
        words = [found[1] or found[2] for found in _ORDINAL.finditer(self.asked.lower())]
        places = [_PLACES[word] if word in _PLACES else int(word) - 1 for word in words]
        return list(dict.fromkeys([*ids, *(images[place] for place in places if place < len(images))]))

    @cached_property
    def named(self) -> str | None:
        """The one image that the question names; none if it names no or more."""
        return self.mentioned[0] if len(self.mentioned) == 1 and len(self.scene.images()) > 1 else None

    @cached_property
    def together(self) -> bool:
        """Whether the question is about all images: what it counts, in sum; what it asks, of each."""
        return len(self.scene.images()) > 1 and bool(_TOGETHER.search(self.asked.lower()))

    @cached_property
    def scopes(self) -> list[str | None]:
        """The images in which a number may be meant to hold: all together or any of several; or the one that is named.

        With that go images that were made of it, such as crops.
        """
        images: list[str | None] = list(self.scene.images())
        if self.named:
            return [name for name in images if name and self._origin(name) == self._origin(self.named)]
        return [None, *images] if len(images) > 1 else [None]

    def _origin(self, name: str) -> str:
        image = self.scene.image(name)
        return self._origin(image.parent) if image and image.parent else name

    def matching(self, claim: Claim) -> set[str]:
        """Ids of the things that a claim is about, in all images, or in the one that is named."""
        scopes = self.scopes if self.named else [None]
        return {name for scope in scopes for name in found(self.scene, claim, scope)}

    @property
    def due(self) -> list[str]:
        """The images in which there is none if nobody saw any: the one named, those cited, those of things cited."""
        return [self.named] if self.named else self.images or sorted({one.image_id for one in self.entities})


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+(?:\.\d+)?", text.lower()))


def _asks(message: AnyMessage) -> str:
    """The question in a user's message, below the lines that name its images."""
    return message.text.rpartition("Question: ")[2] if "Question: " in message.text else ""


def _called(messages: Sequence[AnyMessage]) -> list[Claim]:
    """The claim that the last tool call looks into; the labels of a question in another language stand nowhere else."""
    calls = [
        call for one in messages if isinstance(one, AIMessage) for call in one.tool_calls if call["name"] != "answer"
    ]
    for call in reversed(calls):
        given = call["args"]
        if isinstance(given.get("label"), str):
            other = normalise(given["other"]) if given.get("other") else None
            relation = given.get("relation") if other else None
            return [Claim(normalise(given["label"]), colour=given.get("colour"), relation=relation, other=other)]
        if given.get("labels"):
            return [Claim(normalise(label)) for label in given["labels"]]
    return []


def found(scene: SceneGraph, claim: Claim, image: str | None = None) -> list[str]:
    """Ids of the things that a claim is about, in one image or all."""
    other = claim.other if claim.relation else None
    query = SceneQuery(op="count", label=claim.label, colour=claim.colour, relation=claim.relation, other=other)
    entities = [entity for name in ask(scene, query).evidence if (entity := scene.get(name))]
    if (less := claim.without) is not None:
        entities = [one for one in entities if one.attributes.get("colour") != less and not covers(less, one.label)]
    return [entity.id for entity in entities if image in (None, entity.image_id)]


def unsearched(case: Case, claims: Sequence[Claim], images: Sequence[str]) -> str | None:
    """Say in which of the images no tool has looked for what the claims are about; None when all were searched."""
    if not claims and (missing := [image for image in images if image not in case.looked_at]):
        return f"nobody has looked in {', '.join(missing)} yet"
    for claim in claims:
        for label in (claim.label, claim.other):
            for image in images:
                if label is not None and not case.scene.searched(label, image):
                    return f"nobody has looked for {label} in {image} yet"
    return None


def said(claim: Claim) -> str:
    """What a claim is about, in words."""
    words = [
        claim.colour,
        claim.label,
        claim.relation and claim.relation.replace("_", " "),
        claim.relation and claim.other,
        claim.without and f"but no {claim.without}",
    ]
    return " ".join(word for word in words if word)
