"""Scene graph JSON of Visual Genome (a list of images) and of GQA (an object by image id): written and read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import orjson

from graphs.formats import pictures
from graphs.formats.pictures import Picture
from graphs.formats.plain import FormatError
from graphs.types import Entity, ImageRef, Relation

COLOURS = ("black", "white", "grey", "gray", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
"""Attributes are bare words in both; these are colours. (The basic colour terms of Berlin and Kay, 1969.)"""

# As GQA words them; all other predicates differ by the underscore only.
_GQA = {"left_of": "to the left of", "right_of": "to the right of"}
_FROM_GQA = {text: predicate for predicate, text in _GQA.items()}

Told = tuple[str, str, str]


def write(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write a graph as Visual Genome's `scene_graphs.json`, with the size of each image, which is elsewhere there.

    The format has no place for scores, masks, and who saw what.
    """
    ids = _numbers(graph)
    told = pictures.relations(graph)
    path.write_bytes(orjson.dumps([_image(number, one, ids, told) for number, one in enumerate(pictures.of(graph), 1)]))


def _image(number: int, picture: Picture, ids: dict[str, int], told: list[Told]) -> dict[str, Any]:
    here = [one for one in enumerate(told, 1) if one[1][0] in picture.things]
    return {
        "image_id": number,
        "url": picture.data.get("path", ""),
        **{key: picture.data[key] for key in ("width", "height") if key in picture.data},
        "objects": [
            {"object_id": ids[name], "names": [data["label"]], "synsets": [], "attributes": words(data), **_place(data)}
            for name, data in picture.things.items()
        ],
        "relationships": [
            {
                "relationship_id": relation,
                "subject_id": ids[start],
                "predicate": predicate.replace("_", " "),
                "object_id": ids[end],
                "synsets": [],
            }
            for relation, (start, predicate, end) in here
        ],
    }


def write_gqa(graph: nx.MultiDiGraph, path: Path) -> None:
    """Write a graph as GQA's scene graphs; what is left out is as for Visual Genome."""
    ids = _numbers(graph)
    told = pictures.relations(graph)
    document: dict[str, Any] = {}
    for number, picture in enumerate(pictures.of(graph), 1):
        objects: dict[str, Any] = {
            str(ids[name]): {"name": data["label"], "attributes": words(data), "relations": [], **_place(data)}
            for name, data in picture.things.items()
        }
        for start, predicate, end in told:
            if start in picture.things:
                text = _GQA.get(predicate, predicate.replace("_", " "))
                objects[str(ids[start])]["relations"].append({"name": text, "object": str(ids[end])})
        size: dict[str, Any] = {key: picture.data[key] for key in ("width", "height") if key in picture.data}
        stem = Path(picture.data.get("path") or "").stem
        document[str(number) if stem in ("", *document) else stem] = {**size, "objects": objects}
    path.write_bytes(orjson.dumps(document))


def _numbers(graph: nx.MultiDiGraph) -> dict[str, int]:
    return {name: number for number, name in enumerate(graph, 1)}


def _place(data: dict[str, Any]) -> dict[str, float]:
    x1, y1, x2, y2 = pictures.corners(data)
    return {"x": x1, "y": y1, "w": x2 - x1, "h": y2 - y1}


def words(data: dict[str, Any]) -> list[str]:
    """The attributes of an entity as both formats have them: a colour is bare, others read `name: value`."""
    return [
        str(value) if name == "colour" and value in COLOURS else f"{name}: {_spelled(value)}"
        for name, value in data.get("attributes", {}).items()
    ]


def _spelled(value: str | float) -> str:
    """A text as it is, unless it would be read as a number."""
    return value if isinstance(value, str) and not isinstance(_read_value(value), float) else json.dumps(value)


def _read_value(text: str) -> str | float:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    return float(value) if isinstance(value, int | float) else value if isinstance(value, str) else text


def attributes_of(texts: Iterable[str]) -> dict[str, str | float]:
    """Attributes out of words: `name: value` as written by `words`; another word is a colour, or 1.0 where it holds."""
    found: dict[str, str | float] = {}
    for text in texts:
        name, colon, value = text.partition(": ")
        if colon:
            found[name] = _read_value(value)
        elif text in COLOURS and "colour" not in found:
            found["colour"] = text
        else:
            found[text] = 1.0
    return found


def read(path: Path) -> nx.MultiDiGraph:
    """Read a file of either; sizes that are not in it are looked for in an `image_data.json` beside it.

    Raises:
        FormatError: It is no such file, or a size is nowhere.
    """
    try:
        document = orjson.loads(path.read_bytes())
        many = list(_of_gqa(document)) if isinstance(document, dict) else document
        sizes = _sizes(path.with_name("image_data.json"))
        images, things, told = [], [], []
        for number, one in enumerate(many, 1):
            size = one if "width" in one else sizes[one["image_id"]]
            image = pictures.image(number, one.get("url") or str(one["image_id"]), size["width"], size["height"])
            images.append(image)
            things += [_entity(thing, image) for thing in one["objects"]]
            told += [_relation(relation) for relation in one["relationships"]]
        return pictures.folded(images, things, told)
    except KeyError as error:
        raise FormatError(f"{path} is no scene graph file: it lacks {error}, or a size is nowhere") from error
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise FormatError(f"{path} is no scene graph file: {' '.join(str(error).split())}") from error


def _of_gqa(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The images of GQA in the form of Visual Genome."""
    for name, one in document.items():
        objects = one["objects"]
        yield {
            "image_id": name,
            "width": one["width"],
            "height": one["height"],
            "objects": [{"object_id": key, "names": [thing["name"]], **thing} for key, thing in objects.items()],
            "relationships": [
                {"subject_id": key, "predicate": _FROM_GQA.get(told["name"], told["name"]), "object_id": told["object"]}
                for key, thing in objects.items()
                for told in thing["relations"]
            ],
        }


def _sizes(path: Path) -> dict[int, dict[str, Any]]:
    return {one["image_id"]: one for one in orjson.loads(path.read_bytes())} if path.exists() else {}


def _entity(thing: dict[str, Any], image: ImageRef) -> Entity:
    x, y, width, height = thing["x"], thing["y"], thing["w"], thing["h"]
    box = x, y, x + width, y + height
    attributes = attributes_of(thing.get("attributes", ()))
    return pictures.entity(
        str(thing["object_id"]), thing["names"][0], image, box, "visual-genome", attributes=attributes
    )


def _relation(told: dict[str, Any]) -> Relation:
    predicate = "_".join(told["predicate"].lower().split())
    return Relation(subject=str(told["subject_id"]), predicate=predicate, object=str(told["object_id"]), source="model")
