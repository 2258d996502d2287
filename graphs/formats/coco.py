"""COCO annotations: boxes, masks, categories; score and attributes stand beside them, as CVAT and others write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import orjson

from graphs.formats import pictures
from graphs.formats.plain import FormatError
from graphs.taxonomy import hypernyms
from graphs.types import Entity, ImageRef, Mask


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write the images and entities of a graph to a file; boxes become `xywh`, masks stay run lengths."""
    images = pictures.of(graph)
    labels = sorted({data["label"] for picture in images for data in picture.things.values()})
    numbers = {label: number for number, label in enumerate(labels, 1)}
    things = [(place, data) for place, picture in enumerate(images, 1) for data in picture.things.values()]
    document = {
        "images": [_image(number, picture.data) for number, picture in enumerate(images, 1)],
        "categories": [
            {"id": number, "name": label, "supercategory": next(iter(hypernyms(label)), "")}
            for label, number in numbers.items()
        ],
        "annotations": [
            {"id": number, "image_id": place, "category_id": numbers[data["label"]], **_annotation(data)}
            for number, (place, data) in enumerate(things, 1)
        ],
    }
    path.write_bytes(orjson.dumps(document))


def _image(number: int, data: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {key: data[key] for key in ("width", "height", "sha256") if key in data}
    return {"id": number, "file_name": data.get("path", ""), **known}


def _annotation(data: dict[str, Any]) -> dict[str, Any]:
    x1, y1, x2, y2 = pictures.corners(data)
    area = (x2 - x1) * (y2 - y1)
    outline = {}
    if mask := data.get("mask"):
        from faster_coco_eval.core import mask as coco

        area = float(coco.area({"size": list(mask["size"]), "counts": mask["counts"].encode("ascii")}))
        outline = {"segmentation": {"size": list(mask["size"]), "counts": mask["counts"]}}
    measured = {"score": data["score"], "attributes": data.get("attributes", {})}
    return {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": area, "iscrowd": 0, **outline, **measured}


def read(path: Path) -> nx.MultiDiGraph:
    """Read a file; outlines that are polygons or plain run lengths become compressed run lengths.

    Raises:
        FormatError: It is no COCO file, or a box in it has no area.
    """
    try:
        document = orjson.loads(path.read_bytes())
        labels = {one["id"]: one["name"] for one in document["categories"]}
        images = {
            one["id"]: pictures.image(number, one["file_name"], one["width"], one["height"], one.get("sha256") or "")
            for number, one in enumerate(document["images"], 1)
        }
        things = [_entity(one, labels, images[one["image_id"]]) for one in document["annotations"]]
    except KeyError as error:
        raise FormatError(f"{path} is no COCO file: it lacks {error}") from error
    except (TypeError, ValueError) as error:
        raise FormatError(f"{path} is no COCO file: {' '.join(str(error).split())}") from error
    return pictures.folded(images.values(), things)


def _entity(one: dict[str, Any], labels: dict[int, str], image: ImageRef) -> Entity:
    x, y, width, height = one["bbox"]
    return pictures.entity(
        str(one["id"]),
        labels[one["category_id"]],
        image,
        (x, y, x + width, y + height),
        "coco",
        mask=_mask(one.get("segmentation"), image),
        score=one.get("score", 1.0),
        attributes=one.get("attributes"),
    )


def _mask(outline: Any, image: ImageRef) -> Mask | None:
    if not outline:
        return None
    if isinstance(outline, dict) and isinstance(outline["counts"], str):
        return Mask(size=tuple(outline["size"]), counts=outline["counts"])
    return rasterised(outline, image)


def rasterised(outline: Any, image: ImageRef) -> Mask:
    """A mask of polygons (each a flat list of x and y in pixels) or of uncompressed run lengths."""
    from faster_coco_eval.core import mask as coco

    runs = coco.frPyObjects(outline, image.height, image.width)
    runs = coco.merge(runs) if isinstance(runs, list) else runs
    return Mask(size=(image.height, image.width), counts=runs["counts"].decode("ascii"))
