"""The tool that names what is shown: a thing, a part of an image, or all of it. Finding things is `detect`'s."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from graphs.taxonomy import covers, normalise
from graphs.types import Observation
from tools.errors import ToolError
from tools.recogniser import Recogniser
from tools.regions import Corners, Runtime, ThingId, region
from tools.vision_tool import ImageId, Labels, check_labels, vision_tool

SHOWN = 5
"""How many of the likeliest names are told."""


@vision_tool(seconds=60)
def classify(
    image_id: ImageId,
    runtime: Runtime,
    thing: ThingId | None = None,
    box: Corners | None = None,
    labels: Labels | None = None,
) -> Observation:
    """Say what a thing, a part of an image or all of it shows most likely, and how sure that is.

    Args:
        image_id: Which image to look at.
        runtime: Of the call; hidden from the model.
        thing: Id of the thing to name.
        box: The part to name instead, x1, y1, x2, y2 in pixels.
        labels: What to choose from; empty for all that the model knows, or that the detector knows.
    """
    check_labels(labels or [])
    part = region(runtime, image_id, thing, box)
    recogniser: Recogniser = runtime.context.model("recognise")
    ranked = named(recogniser, part.square(), labels or choices(recogniser, runtime))
    best, share = ranked[0]
    call_id = runtime.tool_call_id or ""
    attributes: dict[str, str | float] = {"recognised_as": best}
    score = bearing_out(part.thing.label, ranked) if part.thing else share
    seen = part.entity("classify", recogniser.name, score, attributes, call_id, "" if part.whole else best)
    return Observation(text=", ".join(f"{name} {share:.2f}" for name, share in ranked[:SHOWN]), entities=(seen,))


def choices(recogniser: Recogniser, runtime: Runtime) -> list[str]:
    """What to choose from where nobody says it: what the recogniser knows, or the detector, if any words will do."""
    return [] if recogniser.classes else list(runtime.context.entry("segment").classes)


def bearing_out(label: str, ranked: Sequence[tuple[str, float]]) -> float:
    """How far what a recogniser names bears a label out, 0 to 1: what it gives to the label and to those below it."""
    return min(sum(share for name, share in ranked if covers(label, name)), 1.0)


def named(recogniser: Recogniser, image: Image.Image, labels: Sequence[str]) -> list[tuple[str, float]]:
    """What a picture shows, the likeliest first, each with 0 to 1.

    Args:
        recogniser: Looks.
        image: The picture.
        labels: What to choose from. Where the recogniser knows classes, a label counts the classes that it covers.

    Raises:
        ToolError: If a label is empty or unknown, or there are too many, or none where they are needed.
    """
    wanted = [" ".join(label.lower().split()) for label in labels]
    if "" in wanted:
        raise ToolError("a label is empty: give words to choose from, or no labels at all")
    if not recogniser.classes:
        if not wanted:
            raise ToolError(f"{recogniser.name} knows no classes of its own: give labels to choose from")
        names, shares = wanted, recogniser([image], wanted)[0]
    elif wanted:
        members = [_classes(label, recogniser) for label in wanted]
        all_shares = recogniser([image])[0]
        names, shares = wanted, np.array([min(all_shares[one].sum(), 1.0) for one in members])
    else:
        names, shares = list(recogniser.classes), recogniser([image])[0]
    order = np.argsort(-shares, kind="stable")
    return [(names[place], float(shares[place])) for place in order]


def _classes(label: str, recogniser: Recogniser) -> list[int]:
    """The classes that a label covers: its own, those below it in the taxonomy, or those that are kinds of it by name.

    Raises:
        ToolError: If there are none.
    """
    term = normalise(label)
    found = [
        place
        for place, name in enumerate(recogniser.classes)
        if label == name or (term and covers(term, name)) or name.endswith(f" {term}")
    ]
    if not found:
        near = difflib.get_close_matches(label, recogniser.classes, n=3, cutoff=0.4) or recogniser.classes[:3]
        raise ToolError(f"{recogniser.name} does not know {label!r}; nearest: {', '.join(near)}")
    return found
