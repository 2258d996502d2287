"""A run's messages as the model reads them, and the scene that they fold into; each message is taken in once."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, ToolMessage

from agent import prompt
from graphs.scene import SceneGraph
from graphs.types import ImageRef, Observation
from tools.workspace import Workspace

REUSED = "reused"
"""In a tool message's metadata: the earlier call whose observation it stands for."""


class Transcript:
    """What is derived of a run's messages; kept in memory as the run goes on, and derived anew by the next process."""

    def __init__(self, images: Sequence[ImageRef], workspace: Workspace) -> None:
        """Start before the first message.

        Args:
            images: The user's.
            workspace: Has the pixels of these, and of those that tools make.
        """
        self.scene = SceneGraph(images)
        self.images = [image.id for image in images]
        self.shown: list[BaseMessage] = []
        self._workspace = weakref.ref(workspace)
        self._taken: list[AnyMessage] = []
        self._texts: dict[str, str] = {}
        self._made: list[ImageRef] = []

    def follows(self, messages: Sequence[AnyMessage]) -> bool:
        """Whether these messages go on where those taken in end."""
        count = len(self._taken)
        return count == 0 or (len(messages) >= count and messages[count - 1] is self._taken[-1])

    def take(self, messages: Sequence[AnyMessage]) -> Transcript:
        """Take in what is new of all messages so far."""
        for message in messages[len(self._taken) :]:
            if isinstance(message, ToolMessage):
                self._told(message)
            else:
                self._show_made()
                self.shown.append(self._with_pictures(message))
            self._taken.append(message)
        self._show_made()
        return self

    def _told(self, message: ToolMessage) -> None:
        """The tool's text, then a line for each entity as the call saw it: the same whatever comes later."""
        text = str(message.content)
        if message.artifact:
            observation = Observation.load(message.artifact)
            self.scene.add(observation)
            digest = self.scene.digest(message.tool_call_id)
            text = observation.text + (f"\n{digest}" if digest else "")
            self._made += observation.images
        text = self._texts.get(message.response_metadata.get(REUSED, ""), text)
        self._texts[message.tool_call_id] = text
        said = ToolMessage(prompt.neutralise(text), name=message.name, tool_call_id=message.tool_call_id)
        said.status = message.status
        self.shown.append(said)

    def _show_made(self) -> None:
        """What tools made, once all calls of a step have told: servers refuse pictures in a tool's own message."""
        if self._made:
            self.images += [image.id for image in self._made]
            self.shown.append(self._with_pictures(prompt.made(self._made)))
            self._made = []

    def _with_pictures(self, message: AnyMessage) -> BaseMessage:
        workspace = self._workspace()
        assert workspace is not None
        return prompt.with_pictures(message, workspace.image)


class Transcripts:
    """The transcripts of the runs that go on in this process, each for as long as its workspace lives."""

    def __init__(self) -> None:
        """Start without any."""
        self._by_workspace: weakref.WeakKeyDictionary[Workspace, Transcript] = weakref.WeakKeyDictionary()

    def of(self, workspace: Workspace, images: Sequence[dict[str, Any]], messages: Sequence[AnyMessage]) -> Transcript:
        """The transcript of a run's messages.

        Args:
            workspace: The run's.
            images: The user's, as the state keeps them.
            messages: All of the run's.
        """
        known = self._by_workspace.get(workspace)
        if known is None or not known.follows(messages):
            known = Transcript([ImageRef.model_validate(image) for image in images], workspace)
            self._by_workspace[workspace] = known
        return known.take(messages)


def last_question(messages: Sequence[AnyMessage]) -> int:
    """The place of the question that is being answered."""
    return max(place for place, message in enumerate(messages) if isinstance(message, HumanMessage))
