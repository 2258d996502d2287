"""A scene graph as reports read it: image by image, what counts as seen apart from what is in doubt. No claims here."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agent.report.claims import Place
from graphs.geometry import boxes_of, iou
from graphs.query import by_size
from graphs.scene import SceneEntity, SceneGraph
from graphs.taxonomy import covers
from graphs.types import Relation

READER = "read_text"
"""The tool whose entities are texts, not things."""

MEASURES = ("regions", "compare", "shelf")
"""What was measured without a model that knows things; see `measures`."""

COUNTERPART_IOU = 0.3
"""A thing and its counterpart in a reference image stand in about the same place."""

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
        measured: Regions, differences and gaps, the largest first.
        relations: Between the things of this image.
    """

    def __init__(self, image: str, entities: list[SceneEntity], relations: list[Relation], sure: float) -> None:
        """Sort what was found."""
        self.image = image
        things = [entity for entity in entities if entity.tool not in (READER, *MEASURES)]
        self.measured = by_size([entity for entity in entities if entity.tool in MEASURES])
        self.sure = by_size([thing for thing in things if thing.score >= sure])
        self.doubtful = sorted((thing for thing in things if thing.score < sure), key=lambda thing: -thing.score)
        self.texts = sorted((e for e in entities if e.tool == READER), key=lambda e: (e.box.y1, e.box.x1))
        self.relations = relations

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels of the things that count as seen, each once."""
        return tuple(dict.fromkeys(thing.label for thing in self.sure))

    def ids(self, label: str) -> tuple[list[str], list[str]]:
        """Ids of the things that a label covers: those that count as seen, and those in doubt."""
        sure, doubtful = (
            sorted(thing.id for thing in things if covers(label, thing.label)) for things in (self.sure, self.doubtful)
        )
        return sure + sorted(one.id for one in self.measured if label == one.label), doubtful

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
        self.images = scene.images()
        entities: dict[str, list[SceneEntity]] = defaultdict(list)
        relations: dict[str, list[Relation]] = defaultdict(list)
        for entity in scene.entities():
            entities[entity.image_id].append(entity)
        for one in scene.relations():
            if (subject := scene.get(one.subject)) is not None:
                relations[subject.image_id].append(one)
        self._images = {name: Findings(name, entities[name], relations[name], sure) for name in self.images}

    def of(self, image: str) -> Findings:
        """What was found in an image."""
        return self._images[image]

    def all(self) -> list[Findings]:
        """What was found in each image, in their order."""
        return list(self._images.values())

    def place_of(self, entity: SceneEntity) -> Place | None:
        """The ninth of its image in which the middle of an entity's box lies; none if the image's size is unknown."""
        middle = self._middle(entity)
        return _NINTHS[min(int(3 * middle[1]), 2)][min(int(3 * middle[0]), 2)] if middle else None

    def inside(self, entity: SceneEntity, box: tuple[float, float, float, float]) -> bool:
        """Whether the middle of an entity's box lies in a box that is given in shares of the image."""
        middle = self._middle(entity)
        return middle is not None and box[0] <= middle[0] <= box[2] and box[1] <= middle[1] <= box[3]

    def counterpart(self, entity: SceneEntity, image: str) -> SceneEntity | None:
        """The thing of another image that is of the same category and stands where this one does, seen or in doubt.

        Places are compared in shares of the images, which may be of other sizes.
        """
        found = self._images[image]
        peers = [peer for peer in (*found.sure, *found.doubtful) if peer.label == entity.label]
        if not peers:
            return None
        shared = iou(self._shares([entity]), self._shares(peers))[0]
        best = int(shared.argmax())
        return peers[best] if shared[best] >= COUNTERPART_IOU else None

    def _shares(self, entities: list[SceneEntity]) -> NDArray[np.float64]:
        """Boxes `xyxy` of entities of one image in shares of its width and height; in pixels if these are unknown."""
        image = self.scene.image(entities[0].image_id)
        return boxes_of(entities) / ([image.width, image.height] * 2 if image else 1)

    def _middle(self, entity: SceneEntity) -> tuple[float, float] | None:
        image = self.scene.image(entity.image_id)
        if image is None:
            return None
        return (entity.box.x1 + entity.box.x2) / 2 / image.width, (entity.box.y1 + entity.box.y2) / 2 / image.height


def text_of(entity: SceneEntity) -> str:
    """What a reader read."""
    return str(entity.attributes.get("text", entity.label))
