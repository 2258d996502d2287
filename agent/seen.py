"""Everything that the tools see in images, folded into one scene graph: for `look` and for evals. No planner here."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson
from langchain_core.tools import BaseTool

from agent.calls import Calls
from agent.exchange import GRAPH
from agent.overlay import annotate
from graphs.scene import SceneEntity, SceneGraph, fold
from graphs.types import ImageRef, Observation
from tools import sighting
from tools.errors import UserError
from tools.models import SHARED, Models, identity
from tools.registry import load_tools
from tools.seen import Seen as Cache
from tools.seen import key
from tools.workspace import Workspace

FORM = 1
"""Of what is kept; to be raised with every change of what `classify` and `read_text` make of a picture."""


class Seen:
    """What was seen in some images."""

    def __init__(self, workspace: Workspace, scene: SceneGraph) -> None:
        """Take the images and the fold of what was seen in them."""
        self._workspace = workspace
        self.images: list[ImageRef] = workspace.images
        self.scene = scene

    def rows(self) -> list[tuple[str, ...]]:
        """For a person: image, id, box, score, share of the area, colour, what it was recognised as, its text."""
        rows = []
        for image in self.images:
            here = [one for one in self.scene.entities() if one.image_id == image.id]
            rows += [(Path(image.path).name, *_row(one)) for one in here]
            if not here:
                rows.append((Path(image.path).name, "nothing found", "", "", "", "", "", ""))
        return rows

    def to_json(self) -> dict[str, Any]:
        """Images, entities by image, and the graph as node-link JSON."""
        entities = self.scene.entities()
        return {
            "images": [
                image.model_dump(mode="json")
                | {"entities": [one.model_dump(mode="json") for one in entities if one.image_id == image.id]}
                for image in self.images
            ],
            "scene": self.scene.to_json(),
        }

    def write(self, folder: Path) -> list[Path]:
        """Write the annotated pictures and the graph.

        Returns:
            The files.

        Raises:
            UserError: If the folder cannot be written to.
        """
        files = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for image in self.images:
                here = [one for one in self.scene.entities() if one.image_id == image.id]
                path = folder / f"{image.id}-annotated.png"
                annotate(self._workspace.image(image.id), here, {one.id for one in here}).save(path)
                files.append(path)
            (folder / GRAPH).write_bytes(orjson.dumps(self.scene.to_json(), option=orjson.OPT_INDENT_2))
        except OSError as error:
            raise UserError(f"cannot write to {folder} ({error.strerror}): choose another --out") from error
        return [*files, folder / GRAPH]


def see(
    paths: Sequence[Path],
    models: Models = SHARED,
    *,
    text: bool = True,
    names: bool = True,
    left_out: list[str] | None = None,
) -> Seen:
    """Look at images with the tools: segment everything, name each thing, read text.

    Args:
        paths: Of the images.
        models: What the tools look with.
        text: Whether to read text.
        names: Whether to have the recogniser name each thing.
        left_out: Takes why images were left out that cannot be had; by default the first of them is an error.

    Raises:
        UserError: If an image or a model cannot be had.
    """
    workspace = Workspace.open(paths, models, left_out=left_out)
    cache, tools = workspace.seen, load_tools()
    if cache is None:
        looks = [_look(workspace, tools, image, text, names) for image in workspace.images]
    else:
        looks = _kept(cache, workspace, tools, text, names)
    told = [(image.id, one) for image, look in zip(workspace.images, looks, strict=True) for one in look]
    seen = [one.of(f"call-{number}", image) for number, (image, one) in enumerate(told, 1)]
    return Seen(workspace, fold(seen, workspace.images))


def _kept(
    cache: Cache, workspace: Workspace, tools: Sequence[BaseTool], text: bool, names: bool
) -> list[list[Observation]]:
    """What each tool sees in each image, taken from the cache where the same was seen before."""
    keys = _keys(workspace, text, names)
    known = cache.get(keys)
    missing = {one: image for one, image in zip(keys, workspace.images, strict=True) if one not in known}
    # Many are seen sooner together; each look below then finds its own there.
    sighting.sight(workspace, "segment", [image.id for image in missing.values()], None, outlines=True)
    looks = {one: _look(workspace, tools, image, text, names) for one, image in missing.items()}
    fresh = {one: orjson.dumps([told.dump() for told in look]) for one, look in looks.items()}
    cache.put(fresh)
    known |= fresh
    return [[Observation.load(told) for told in orjson.loads(known[one])] for one in keys]


def _look(
    workspace: Workspace, tools: Sequence[BaseTool], image: ImageRef, text: bool, names: bool
) -> list[Observation]:
    """What each tool sees in one image."""
    calls = Calls(workspace, tools)
    calls("segment", image_id=image.id, labels=[])
    for one in calls.scene.entities() if names else ():
        calls("classify", image_id=image.id, thing=one.id)
    if text:
        calls("read_text", image_id=image.id)
    return calls.observations


def _keys(workspace: Workspace, text: bool, names: bool) -> list[str]:
    """Under which all that is seen in each image is kept."""
    detector = identity(workspace.entry("segment"))
    tasks = [task for task, wanted in (("recognise", names), ("read", text)) if wanted]
    models = [identity(workspace.entry(task)) for task in tasks]
    packages = [version(package) for package in ("timm", "torch", "rapidocr")]
    return [
        key("look", FORM, sighting.key(detector, image, outlines=True), models, packages) for image in workspace.images
    ]


def _row(one: SceneEntity) -> tuple[str, ...]:
    attributes = one.attributes
    share = attributes.get("area_share")
    box = ",".join(str(round(value)) for value in one.box.xyxy)
    area = f"{float(share):.1%}" if share is not None else ""
    shown = [str(attributes.get(name, "")) for name in ("colour", "recognised_as", "text")]
    return one.id, box, f"{one.score:.2f}", area, *shown
