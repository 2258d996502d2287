"""A little scene told by hand, as the tools would tell it, and the report on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from agent.report.build import build
from agent.report.claims import Report
from agent.report.facts import Facts
from agent.report.survey import Look, Seen
from agent.report.template import load
from agent.report.view import shrunk
from agent.report.words import Words
from graphs.scene import SceneGraph
from graphs.types import Box, Entity, ImageRef, Observation, Search

Told = tuple[str, tuple[float, float, float, float], float, str]
"""Label, box, score and colour."""

PARK: tuple[Told, ...] = (
    ("dog", (10, 100, 60, 150), 0.9, "brown"),
    ("dog", (300, 20, 340, 60), 0.8, "white"),
    ("house", (80, 40, 200, 160), 0.95, "red"),
    ("dog", (220, 200, 240, 230), 0.2, "black"),
)


def observed(image: str, things: tuple[Told, ...], labels: tuple[str, ...] = ("*",)) -> Observation:
    """What `segment` would have seen; every image has 400 x 300 pixels."""
    call = f"{image}-segment"
    entities = [
        Entity(
            id=f"{call}/{number}",
            label=label,
            image_id=image,
            box=Box(x1=box[0], y1=box[1], x2=box[2], y2=box[3]),
            score=score,
            attributes={"colour": colour, "area_share": (box[2] - box[0]) * (box[3] - box[1]) / 120_000},
            model="eye",
            call_id=call,
            tool="segment",
        )
        for number, (label, box, score, colour) in enumerate(things)
    ]
    searches = [Search(image_id=image, label=one, model="eye", call_id=call, tool="segment") for one in labels]
    return Observation(text="", entities=tuple(entities), searches=tuple(searches))


def seen(image: str, things: tuple[Told, ...] = PARK, labels: tuple[str, ...] = ("*",)) -> Seen:
    """An image that was looked at."""
    ref = ImageRef(id=image, sha256=image, width=400, height=300, path=f"/pictures/{image}.png")
    return Seen(image=ref, looks=(Look(tool="segment", observation=observed(image, things, labels), seconds=0.1),))


Reporter = Callable[..., tuple[Report, SceneGraph]]


@pytest.fixture
def reported() -> Reporter:
    """Makes the report on images that were looked at."""

    def make(
        *images: Seen, template: str = "general", lang: str = "en", reference: str | None = None
    ) -> tuple[Report, SceneGraph]:
        return build(images or [seen("img-1")], load(template), Words(lang), reference=reference)

    return make


@pytest.fixture
def facts(reported: Reporter) -> Facts:
    """Those of the little scene."""
    return Facts(reported()[1], load("general").sure)


@pytest.fixture
def pictures() -> dict[str, bytes]:
    """Some pixels for pages."""
    return {f"img-{number}": shrunk(Image.new("RGB", (400, 300), "#9fc")) for number in range(1, 5)}


@pytest.fixture
def dog_file(tmp_path: Path) -> Path:
    """A picture file."""
    path = tmp_path / "dog.png"
    Image.new("RGB", (100, 80), "green").save(path)
    return path
