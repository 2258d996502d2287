"""YOLO: a folder with data.yaml, images and one text file of labels for each image, boxes relative to its size."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import networkx as nx

from graphs.formats import coco, pictures
from graphs.formats.plain import FormatError
from graphs.types import Entity, ImageRef

DATA, IMAGES, LABELS = "data.yaml", "images", "labels"
PICTURES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write the images of a graph that are on this disk, and the boxes in them, to a folder.

    The format has no place for masks that are no polygons, scores and attributes.

    Raises:
        FormatError: An image is not where it was read from: the format says how large it is by the image alone.
    """
    found = pictures.of(graph)
    labels = sorted({data["label"] for picture in found for data in picture.things.values()})
    for folder in (IMAGES, LABELS):
        (path / folder).mkdir(parents=True, exist_ok=True)
    for picture in found:
        source = Path(picture.data.get("path") or "")
        if not source.is_file():
            raise FormatError(f"YOLO needs the image {picture.name}, which is not at {source}")
        stem = picture.name.replace("/", "-")
        shutil.copyfile(source, path / IMAGES / f"{stem}{source.suffix.lower()}")
        width, height = picture.data["width"], picture.data["height"]
        lines = [
            " ".join([str(labels.index(data["label"])), *map(repr, _relative(pictures.corners(data), width, height))])
            for data in picture.things.values()
        ]
        (path / LABELS / f"{stem}.txt").write_text("".join(f"{line}\n" for line in lines))
    # JSON is YAML too, and needs no care with names such as `no` or `yes`.
    names = "".join(f"\n  {number}: {json.dumps(label)}" for number, label in enumerate(labels))
    (path / DATA).write_text(f"path: .\ntrain: {IMAGES}\nval: {IMAGES}\nnames:{names or ' {}'}\n", encoding="utf-8")


def _relative(xyxy: tuple[float, float, float, float], width: int, height: int) -> tuple[float, ...]:
    x1, y1, x2, y2 = xyxy
    return (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height


def read(path: Path) -> nx.MultiDiGraph:
    """Read a folder; outlines that are polygons become masks.

    Raises:
        FormatError: It lacks data.yaml or images, or a line of labels is malformed.
    """
    names = _names(path / DATA)
    files = sorted(file for file in (path / IMAGES).rglob("*") if file.suffix.lower() in PICTURES)
    if not files:
        raise FormatError(f"{path / IMAGES} holds no images")
    images = [_image(number, file) for number, file in enumerate(files, 1)]
    things = [thing for image in images for thing in _things(path, image, names)]
    return pictures.folded(images, things)


def _names(path: Path) -> dict[int, str]:
    import yaml

    try:
        names = yaml.safe_load(path.read_text(encoding="utf-8"))["names"]
        numbered = names.items() if isinstance(names, dict) else enumerate(names)
        return {int(number): str(name) for number, name in numbered}
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise FormatError(f"{path} does not name the classes: {' '.join(str(error).split())}") from error


def _image(number: int, path: Path) -> ImageRef:
    import hashlib

    from PIL import ExifTags, Image

    try:
        with Image.open(path) as picture:
            width, height = picture.size
            # Labels are made on the picture as it is shown; from 5 on it lies on its side in the file.
            if picture.getexif().get(ExifTags.Base.Orientation, 1) >= 5:
                width, height = height, width
    except Exception as error:  # on malformed files Pillow raises at least seven unrelated types
        raise FormatError(f"{path} is no picture: {' '.join(str(error).split())}") from error
    return pictures.image(number, str(path), width, height, hashlib.sha256(path.read_bytes()).hexdigest())


def _things(folder: Path, image: ImageRef, names: dict[int, str]) -> Iterator[Entity]:
    inside = Path(image.path).relative_to(folder / IMAGES).with_suffix(".txt")
    labels = folder / LABELS / inside
    try:
        lines = labels.read_text(encoding="utf-8").splitlines() if labels.exists() else []
    except (OSError, UnicodeError) as error:
        raise FormatError(f"{labels} is no text: {error}") from error
    for number, line in enumerate((line for line in lines if line.strip()), 1):
        try:
            yield _thing(f"{image.id}-{number}", line.split(), image, names)
        except (KeyError, ValueError) as error:
            raise FormatError(f"{labels}, line {number}: {' '.join(str(error).split())}") from error


def _thing(name: str, parts: list[str], image: ImageRef, names: dict[int, str]) -> Entity:
    label, numbers = names[int(parts[0])], [float(part) for part in parts[1:]]
    if len(numbers) == 4:
        x, y, width, height = numbers
        box = (x - width / 2) * image.width, (y - height / 2) * image.height
        end = (x + width / 2) * image.width, (y + height / 2) * image.height
        return pictures.entity(name, label, image, (*box, *end), "yolo")
    xs, ys = [x * image.width for x in numbers[::2]], [y * image.height for y in numbers[1::2]]
    outline = [one for point in zip(xs, ys, strict=True) for one in point]
    box = min(xs), min(ys)
    mask = coco.rasterised([outline], image)
    return pictures.entity(name, label, image, (*box, max(xs), max(ys)), "yolo", mask=mask)
