"""A scene graph as reports read it: image by image, what counts as seen apart from what is in doubt. No claims here."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from agent.report.claims import Place
from graphs.query import by_size
from graphs.scene import SceneEntity, SceneGraph
from graphs.taxonomy import covers
from graphs.types import Relation

READER = "read_text"
"""The tool whose entities are texts, not things."""

_NINTHS: tuple[tuple[Place, ...], ...] = (
    ("top_left", "top", "top_right"), ("left", "centre", "right"), ("bottom_left", "bottom", "bottom_right"),
)  # fmt: skip


class Findings:
    """What was found in one image.

    Attributes:
        image: Its id.
        sure: Things that count as seen, the largest first.
        doubtful: Things that were seen too unsurely to count, the surest first.
        texts: Texts that were read, from top to bottom.
        relations: Between the things of this image.
    """

    def __init__(self, image: str, entities: list[SceneEntity], relations: list[Relation], sure: float) -> None:
        """Sort what was found."""
        self.image = image
        things = [entity for entity in entities if entity.tool != READER]
        self.sure = by_size([thing for thing in things if thing.score >= sure])
        self.doubtful = sorted((thing for thing in things if thing.score < sure), key=lambda thing: -thing.score)
        self.texts = sorted((e for e in entities if e.tool == READER), key=lambda e: (e.box.y1, e.box.x1))
        self.relations = relations

    def ids(self, label: str) -> tuple[list[str], list[str]]:
        """Ids of the things that a label covers: those that count as seen, and those in doubt."""
        sure, doubtful = (
            sorted(thing.id for thing in things if covers(label, thing.label)) for things in (self.sure, self.doubtful)
        )
        return sure, doubtful

    @cached_property
    def triples(self) -> frozenset[tuple[str, str, str]]:
        """The relations as subject, predicate and object."""
        return frozenset((one.subject, one.predicate, one.object) for one in self.relations)


class Facts:
    """All images of a scene, each sorted once."""

    def __init__(self, scene: SceneGraph, sure: float) -> None:
        """Sort a scene.

        Args:
            scene: What the tools saw.
            sure: Score from which on a thing counts as seen, 0 to 1.
        """
        self.scene = scene
        self.sure = sure
        entities: dict[str, list[SceneEntity]] = defaultdict(list)
        relations: dict[str, list[Relation]] = defaultdict(list)
        for entity in scene.entities():
            entities[entity.image_id].append(entity)
        for one in scene.relations():
            if (subject := scene.get(one.subject)) is not None:
                relations[subject.image_id].append(one)
        self._images = {name: Findings(name, entities[name], relations[name], sure) for name in scene.images()}

    def of(self, image: str) -> Findings:
        """What was found in an image."""
        return self._images[image]

    def all(self) -> list[Findings]:
        """What was found in each image, in their order."""
        return list(self._images.values())

    def place_of(self, entity: SceneEntity) -> Place | None:
        """The ninth of its image in which the middle of an entity's box lies; none if the image's size is unknown."""
        image = self.scene.image(entity.image_id)
        if image is None:
            return None
        column = min(int(3 * (entity.box.x1 + entity.box.x2) / 2 / image.width), 2)
        row = min(int(3 * (entity.box.y1 + entity.box.y2) / 2 / image.height), 2)
        return _NINTHS[row][column]


def text_of(entity: SceneEntity) -> str:
    """What a reader read."""
    return str(entity.attributes.get("text", entity.label))
