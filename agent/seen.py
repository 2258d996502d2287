"""Everything that the tools see in images, folded into one scene graph: for `look` and for evals. No planner here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from agent.calls import Calls
from agent.exchange import GRAPH
from agent.overlay import annotate
from graphs.scene import SceneEntity, SceneGraph, fold
from graphs.types import ImageRef, Observation
from tools.errors import UserError
from tools.models import SHARED, Models
from tools.registry import load_tools
from tools.sighting import sight
from tools.workspace import Workspace


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


def see(paths: Sequence[Path], models: Models = SHARED, *, text: bool = True, names: bool = True) -> Seen:
    """Look at images with the tools: segment everything, name each thing, read text.

    Args:
        paths: Of the images.
        models: What the tools look with.
        text: Whether to read text.
        names: Whether to have the recogniser name each thing.

    Raises:
        UserError: If an image or a model cannot be had.
    """
    workspace = Workspace.open(paths, models)
    tools, seen, made = load_tools(), list[Observation](), 0
    if workspace.seen is not None:  # many are seen sooner together; each call below then finds its own there
        sight(workspace, "segment", [image.id for image in workspace.images], None, outlines=True)
    for image in workspace.images:
        # One conversation an image: each call folds those before it.
        calls = Calls(workspace, tools, made)
        calls("segment", image_id=image.id, labels=[])
        for one in calls.scene.entities() if names else ():
            calls("classify", image_id=image.id, thing=one.id)
        if text:
            calls("read_text", image_id=image.id)
        seen += calls.observations
        made = calls.made
    return Seen(workspace, fold(seen, workspace.images))


def _row(one: SceneEntity) -> tuple[str, ...]:
    attributes = one.attributes
    share = attributes.get("area_share")
    box = ",".join(str(round(value)) for value in one.box.xyxy)
    area = f"{float(share):.1%}" if share is not None else ""
    shown = [str(attributes.get(name, "")) for name in ("colour", "recognised_as", "text")]
    # The recogniser is given the box: how sure it is of the name says nothing about whether something is there.
    found = max(witness.score for witness in one.witnesses if witness.tool != "classify")
    return one.id, box, f"{found:.2f}", area, *shown
