"""A model of the user's own, given as a path: what kind it is and which classes it has, read from its own files."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from tools.catalog import ModelEntry, Source, sealed
from tools.errors import UserError
from tools.pipelines import refuse_unsafe

TASKS = ("detect", "segment")
"""Tasks of ultralytics' models that the tools have use for."""

_ARCHITECTURES = {
    "ForImageClassification": ("recognise", "transformers"),
    "Sam2": ("outline", "sam2"),
    "Siglip": ("recognise", "siglip"),
    "CLIPModel": ("recognise", "siglip"),
    "ForConditionalGeneration": ("plan", "vllm"),
}
"""Task and backend, by a part of the architecture's name; the first that fits."""


def describe(path: Path, name: str | None = None) -> ModelEntry:
    """The entry of a model in a file or folder; no code in it is run.

    Args:
        path: A `.pt` or `.onnx` of ultralytics, or a folder of transformers or of diffusers.
        name: What to call it; by default as the file is called.

    Raises:
        UserError: If it is none of these, or says too little about itself.
    """
    path = path.expanduser().resolve()
    if not path.exists():
        raise UserError(f"no such file or folder: {path}; give the path of a model")
    match path.suffix.lower() if path.is_file() else "folder":
        case "folder":
            told = _folder(path)
        case ".onnx":
            told = _onnx(path)
        case ".pt":
            told = _checkpoint(path)
        case _:
            raise UserError(
                f"{path} is no model that can be added; give a .pt, a .onnx, or a folder of transformers or diffusers"
            )
    source = Source(kind="file", location=str(path))
    given = {"licence": "unknown", **told, "name": name or path.stem, "sources": (source,)}
    return sealed(ModelEntry.model_validate(given))


def _checkpoint(path: Path) -> dict[str, Any]:
    from tools.detector import load_yolo

    yolo = load_yolo(path, None)
    return _seen(path, str(yolo.task), _classes(yolo.names), yolo.overrides.get("imgsz"))


def _classes(names: Any) -> list[str]:
    """The classes of a YOLO, which older versions of ultralytics list and newer ones number."""
    return list(names.values() if isinstance(names, dict) else names)


def _onnx(path: Path) -> dict[str, Any]:
    """What ultralytics wrote into the file as it exported it."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    try:
        told = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).get_modelmeta()
        metadata = told.custom_metadata_map
        names = _classes(ast.literal_eval(metadata["names"]))
        size = ast.literal_eval(metadata.get("imgsz", "None"))
    except KeyError as error:
        raise UserError(f"{path} names no classes; export it with ultralytics, which writes them into it") from error
    except Exception as error:  # onnxruntime raises types of its own, which it does not export.
        raise UserError(f"{path} cannot be read as ONNX; get a whole copy of the file") from error
    return _seen(path, metadata.get("task", ""), names, size) | {
        "licence": metadata.get("license", "unknown").split(" ")[0]
    }


def _seen(path: Path, task: str, names: list[str], size: object) -> dict[str, Any]:
    if task not in TASKS:
        raise UserError(f"{path} is a model for {task or 'an unnamed task'}; the tools use: {', '.join(TASKS)}")
    longest = max(size) if isinstance(size, list | tuple) and size else size
    return {
        "task": task,
        "backend": "ultralytics",
        "classes": tuple(map(str, names)),
        "image_size": longest if isinstance(longest, int) else None,
    }


def _folder(path: Path) -> dict[str, Any]:
    if (path / "model_index.json").is_file():
        refuse_unsafe(path.name, path)
        return {"task": "generate", "backend": "diffusers"}
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
        [architecture] = map(str, config["architectures"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is no folder of transformers; it needs a config.json that names one architecture"
        ) from error
    if not list(path.glob("*.safetensors")):
        raise UserError(f"{path} holds no .safetensors; weights in other forms may carry code, convert them first")
    for part, (task, backend) in _ARCHITECTURES.items():
        if part in architecture:
            labels = config.get("id2label", {}) if backend == "transformers" else {}
            try:
                ordered = [str(labels[key]) for key in sorted(labels, key=int)]
            except (TypeError, ValueError, KeyError) as error:
                raise UserError(f"{path}: id2label in config.json does not number the classes") from error
            return {"task": task, "backend": backend, "classes": tuple(ordered)}
    raise UserError(f"{path} is a {architecture}, for which there is no tool; see `scenograph models add --help`")
