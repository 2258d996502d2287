"""The files of a report, in the formats asked for. What each holds is said in the modules that render it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal, get_args

import orjson

from agent.report import html, markdown
from agent.report.claims import Report
from agent.report.words import Words
from graphs.scene import SceneGraph
from tools.errors import UserError

Format = Literal["html", "md", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)


def write(
    report: Report,
    scene: SceneGraph,
    pictures: Mapping[str, bytes],
    folder: Path,
    formats: Collection[str],
    sure: float,
) -> list[Path]:
    """Write a report.

    Args:
        report: What is said.
        scene: What it rests on.
        pictures: JPEG by image id.
        folder: Where the files go.
        formats: Some of `FORMATS`.
        sure: Score from which on a thing counts as seen.

    Returns:
        The files written, pictures left out.

    Raises:
        UserError: If the folder cannot be written to.
    """
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if "html" in formats:
            written.append(_text(folder / "report.html", html.render(report, scene, pictures, sure)))
        if "md" in formats:
            written.append(_markdown(report, scene, pictures, folder, sure))
        if "json" in formats:
            data = {"report": report.model_dump(mode="json"), "scene": scene.to_json()}
            written.append(folder / "report.json")
            written[-1].write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror}): choose another --out") from error
    return written


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _markdown(report: Report, scene: SceneGraph, pictures: Mapping[str, bytes], folder: Path, sure: float) -> Path:
    beside = folder / "pictures"
    beside.mkdir(exist_ok=True)
    titles = {page.image: page.title for page in report.pages}
    for image, drawing in html.drawings(report, scene, pictures, sure, Words(report.language)).items():
        _text(beside / f"{image}.svg", markdown.picture(drawing, titles[image]))
    return _text(folder / "report.md", markdown.render(report, scene, beside.name))
