"""Turns what tools saw into labelled images: gathering, review, COCO. The page stands in `review.html.jinja`."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import networkx as nx
from PIL import Image
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from graphs.scene import SceneEntity, SceneGraph
from graphs.types import Mask
from tools import masks
from tools.errors import UserError
from tools.intake import picture
from tools.read_text import LABEL as TEXT
from tools.regions import PICTURE

GRAPH = "graph.json"
PAGE = Path(__file__).with_name("review.html.jinja")
NO_THINGS = (PICTURE, TEXT)
"""Labels of a picture as a whole and of a line of text, which no detector is to learn."""
CROP_PX = 160
MARGIN = 0.15
"""Of a box's sides: what is shown around it, so that a person sees where the thing stands."""


class Label(NamedTuple):
    """One thing that a tool saw, as a label in the making.

    Attributes:
        key: Names it in a review, the same on each pass over the same runs.
        image: File of the image.
        entity: What was seen.
    """

    key: str
    image: Path
    entity: SceneEntity

    @property
    def doubt(self) -> float:
        """How unsure the model was: 1 at a score of one half, 0 at none or one (least confidence, Settles 2009)."""
        return 1 - abs(2 * self.entity.score - 1)


class Decision(BaseModel):
    """What a person decided about one label."""

    model_config = ConfigDict(extra="forbid")

    key: str
    verdict: Literal["accept", "reject", "fix"]
    label: str = ""


_DECISIONS = TypeAdapter(list[Decision])


def gather(runs: Iterable[Path]) -> list[Label]:
    """The things that were seen in the images of some runs, those that the models doubted most first.

    Args:
        runs: Each a `graph.json` as `ask`, `look` and `report` write it, the folder of one, or a folder of such.

    Raises:
        UserError: If there is none, one cannot be read, or its image is gone.
    """
    files = sorted({file for run in runs for file in _graphs(run)})
    found: dict[str, Label] = {}
    for file in files:
        try:
            scene = SceneGraph.from_json(json.loads(file.read_bytes()))
        except OSError as error:
            raise UserError(f"cannot read {file} ({error.strerror})") from error
        except (ValueError, KeyError, TypeError, AttributeError, nx.NetworkXError) as error:
            raise UserError(f"{file} is no scene graph of this project") from error
        for entity in scene.entities():
            if entity.label in NO_THINGS:
                continue
            ref = scene.image(entity.image_id)
            if ref is None or ref.origin != "file":
                continue  # a crop or a made picture is no evidence of what a photograph holds
            if not Path(ref.path).exists():
                raise UserError(f"{file} is about {ref.path}, which is gone: put it back or leave the run out")
            box = ",".join(str(round(value)) for value in entity.box.xyxy)
            key = f"{ref.sha256[:12]}/{entity.label}/{box}"
            found.setdefault(key, Label(key, Path(ref.path), entity))
    return sorted(found.values(), key=lambda one: (-one.doubt, one.key))


def _graphs(run: Path) -> list[Path]:
    """The graphs at a path: it is one, the folder of one, or a folder of such folders."""
    if run.is_file():
        return [run]
    found = [run / GRAPH] if (run / GRAPH).exists() else list(run.rglob(GRAPH))
    if not found:
        raise UserError(f"no {GRAPH} is at {run}: name what `scenograph ask` or `look --out` wrote")
    return found


def read_review(path: Path) -> dict[str, Decision]:
    """The decisions that the review page saved, by key.

    Raises:
        UserError: If the file is not one of these.
    """
    try:
        return {one.key: one for one in _DECISIONS.validate_json(path.read_bytes())}
    except (OSError, ValidationError) as error:
        raise UserError(f"{path} is not what the review page saves as review.json") from error


def decided(labels: Sequence[Label], review: Mapping[str, Decision], min_score: float) -> list[Label]:
    """The labels to train on: those accepted or put right, and, of those not reviewed, the sure ones.

    Args:
        labels: All that was gathered.
        review: A person's decisions.
        min_score: Score from which a label that nobody reviewed is taken (pseudo-labels, Lee 2013).
    """
    kept = []
    for one in labels:
        decision = review.get(one.key)
        if decision is None:
            kept += [one] if one.entity.score >= min_score else []
        elif decision.verdict == "accept":
            kept.append(one)
        elif decision.verdict == "fix" and decision.label.strip():
            put_right = one.entity.model_copy(update={"label": decision.label.strip().lower()})
            kept.append(one._replace(entity=put_right))
    return kept


def write_coco(
    labels: Sequence[Label], images: Sequence[Path], folder: Path, classes: Sequence[str] | None = None
) -> Sequence[str]:
    """Write a COCO data set with copies of its images.

    Args:
        labels: What is in the images.
        images: All of them, those that hold nothing too.
        folder: Where to write to.
        classes: By default those that occur.

    Returns:
        The classes.
    """
    classes = classes or sorted({one.entity.label for one in labels})
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    numbers = {}
    for number, path in enumerate(dict.fromkeys(images)):
        name = f"{number:05d}-{path.stem}.png"
        image = picture(path)  # upright, as the tools saw it
        image.save(folder / "images" / name)
        numbers[path] = number
        rows.append({"id": number, "file_name": name, "width": image.width, "height": image.height})
    annotations = [_annotation(i, one, numbers[one.image], classes) for i, one in enumerate(labels, 1)]
    categories = [{"id": number, "name": name, "supercategory": ""} for number, name in enumerate(classes, 1)]
    written = {"images": rows, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(written), encoding="utf-8")
    return classes


def polygons(mask: Mask) -> list[list[float]]:
    """The outlines of a mask as COCO keeps them: x and y by turns."""
    from supervision import mask_to_polygons

    outlines = mask_to_polygons(masks.decode(mask))
    return [outline.reshape(-1).astype(float).tolist() for outline in outlines if len(outline) > 2]


def _annotation(number: int, label: Label, image: int, classes: Sequence[str]) -> dict[str, Any]:
    entity = label.entity
    x1, y1, x2, y2 = entity.box.xyxy
    return {
        "id": number,
        "image_id": image,
        "category_id": classes.index(entity.label) + 1,
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "area": entity.box.area,
        "iscrowd": 0,
        "segmentation": [] if entity.mask is None else polygons(entity.mask),
    }


def review_page(labels: Sequence[Label], classes: Sequence[str]) -> str:
    """A self-contained page on which a person accepts, puts right or rejects each label and saves `review.json`."""
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(PAGE.parent), autoescape=True)
    crops = {}
    for path in dict.fromkeys(one.image for one in labels):
        image = picture(path)
        crops.update({one.key: _crop(one, image) for one in labels if one.image == path})
    cards = [
        {
            "key": one.key,
            "label": one.entity.label,
            "score": f"{one.entity.score:.2f}",
            "model": one.entity.model,
            "image": one.image.name,
            "crop": crops[one.key],
        }
        for one in labels
    ]
    return environment.get_template(PAGE.name).render(cards=cards, classes=classes)


def _crop(label: Label, image: Image.Image) -> str:
    """What the box shows, with some of what is around it, as a data URL."""
    from PIL import ImageDraw

    x1, y1, x2, y2 = label.entity.box.xyxy
    dx, dy = (x2 - x1) * MARGIN + 4, (y2 - y1) * MARGIN + 4
    left, top = max(int(x1 - dx), 0), max(int(y1 - dy), 0)
    crop = image.crop((left, top, min(int(x2 + dx), image.width), min(int(y2 + dy), image.height)))
    ImageDraw.Draw(crop).rectangle((x1 - left, y1 - top, x2 - left, y2 - top), outline=(214, 40, 110), width=2)
    crop.thumbnail((CROP_PX, CROP_PX))
    data = io.BytesIO()
    crop.save(data, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode("ascii")
