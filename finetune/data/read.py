"""Reads labelled images as people keep them: COCO, YOLO, Pascal VOC, LabelMe, a folder a class. Checks live beside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tools.errors import UserError

if TYPE_CHECKING:
    from supervision import ClassificationDataset, DetectionDataset

Format = Literal["coco", "yolo", "voc", "labelme", "folders"]
IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
SPLITS = (("train",), ("val", "valid", "validation"))
"""Names of the two folders of a data set that is split already."""


def format_of(folder: Path) -> Format:
    """The format of a data set, by the files in it.

    Raises:
        UserError: If there is no such folder, or nothing in it tells the format.
    """
    if not folder.is_dir():
        raise UserError(f"no folder {folder}: name one that holds images and their labels")
    if _data_yaml(folder) is not None:
        return "yolo"
    if _coco_json(folder) is not None:
        return "coco"
    if _beside_images(folder, "*.xml"):
        return "voc"
    if any("shapes" in _keys(path) for path in _beside_images(folder, "*.json")):
        return "labelme"
    if any(_images_in(sub) for sub in _folders(folder)):
        return "folders"
    raise UserError(
        f"{folder} holds no labels that are known here: data.yaml (YOLO), a COCO .json, .xml (Pascal VOC), "
        "LabelMe .json, or one folder of images a class"
    )


def read_boxes(folder: Path) -> DetectionDataset:
    """Read boxes and, where they are given, outlines.

    Args:
        folder: In COCO, YOLO, Pascal VOC or LabelMe format.

    Returns:
        supervision's data set: images stay on disk until they are asked for.

    Raises:
        UserError: If the labels cannot be read, or are of whole images.
    """
    from supervision import DetectionDataset

    readers: dict[str, Callable[[Path], Any]] = {
        "coco": lambda path: DetectionDataset.from_coco(str(_image_folder(path)), str(_coco_json(path))),
        "yolo": _read_yolo,
        "voc": lambda path: DetectionDataset.from_pascal_voc(
            str(_image_folder(path)), str(_label_folder(path, ".xml"))
        ),
        "labelme": lambda path: DetectionDataset.from_labelme(
            str(_image_folder(path)), str(_label_folder(path, ".json"))
        ),
    }
    kind = format_of(folder)
    if kind == "folders":
        raise UserError(f"{folder} tells a class an image but no boxes: train `classify` on it")
    try:
        read: DetectionDataset = readers[kind](folder)
    except (KeyError, ValueError, IndexError, OSError) as error:
        raise UserError(f"the {kind} labels in {folder} cannot be read: {error}") from error
    return read


def read_classes(folder: Path) -> ClassificationDataset:
    """Read one class an image from one folder of images a class.

    Raises:
        UserError: If the folder is laid out otherwise.
    """
    from supervision import ClassificationDataset

    if (kind := format_of(folder)) != "folders":
        raise UserError(f"{folder} is in {kind} format: `classify` wants one folder of images a class")
    return ClassificationDataset.from_folder_structure(str(folder))


def given_splits(folder: Path) -> tuple[Path, Path] | None:
    """The folders `train` and `val` of a data set that is split already, or none; of YOLO's those in `images` too."""
    for within in (folder, folder / "images"):
        found = [next((within / name for name in names if (within / name).is_dir()), None) for names in SPLITS]
        if found[0] is not None and found[1] is not None:
            return found[0], found[1]
    return None


def _read_yolo(folder: Path) -> DetectionDataset:
    from supervision import DetectionDataset

    data = str(_data_yaml(folder))
    images, labels = folder / "images", folder / "labels"
    if folder.parent.name == "images":  # a part: images/train beside labels/train
        images, labels = folder, folder.parent.parent / "labels" / folder.name
    if not images.is_dir():
        raise UserError(f"{folder} has a data.yaml but no folder `images`")
    parts = [""] if _images_in(images) else [sub.name for sub in _folders(images)]
    read = [DetectionDataset.from_yolo(str(images / part), str(labels / part), data) for part in parts]
    return DetectionDataset.merge(read) if len(read) > 1 else read[0]


def _data_yaml(folder: Path) -> Path | None:
    """The file of a data set of YOLO's; a part's lies above it."""
    is_part = any(folder.name in names for names in SPLITS)
    above = (folder.parent, folder.parent.parent) if is_part else ()
    places = (place / name for place in (folder, *above) for name in ("data.yaml", "data.yml"))
    return next((path for path in places if path.exists()), None)


def _coco_json(folder: Path) -> Path | None:
    wanted = {"images", "annotations", "categories"}
    return next((path for path in _beside_images(folder, "*.json") if wanted <= _keys(path)), None)


def _beside_images(folder: Path, pattern: str) -> list[Path]:
    """Files of a pattern in the folder or one of those in which labels are commonly kept."""
    return [
        path for sub in ("", "annotations", "Annotations", "labels") for path in sorted((folder / sub).glob(pattern))
    ]


def _keys(path: Path) -> set[str]:
    try:
        data = json.loads(path.read_bytes())
    except ValueError:
        return set()
    return set(data) if isinstance(data, dict) else set()


def _label_folder(folder: Path, suffix: str) -> Path:
    return _beside_images(folder, f"*{suffix}")[0].parent


def _image_folder(folder: Path) -> Path:
    """The folder that holds the images: `images`, `JPEGImages`, or the data set's own."""
    named = (folder / name for name in ("images", "JPEGImages"))
    return next((sub for sub in named if sub.is_dir()), folder)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _images_in(folder: Path) -> Iterable[Path]:
    return [path for path in folder.iterdir() if path.suffix.lower() in IMAGES]
