"""The files of a report, in the formats asked for. What each holds is said in the modules that render it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import orjson

from agent.report import html, markdown
from agent.report.claims import Report
from agent.report.pdf import print_pages
from agent.report.words import Words
from graphs.scene import SceneGraph
from tools.errors import UserError

Format = Literal["html", "md", "pdf", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)

PART = 24
"""Images on one page; more are spread over pages of this many, with a first page that leads to them."""


@dataclass(frozen=True)
class Finished:
    """A report with all that its files need.

    Attributes:
        report: What is said.
        scene: What it rests on.
        pictures: JPEG by image id.
        sure: Score from which on a thing counts as seen.
    """

    report: Report
    scene: SceneGraph
    pictures: Mapping[str, bytes]
    sure: float


def write(done: Finished, folder: Path, formats: Collection[str]) -> list[Path]:
    """Write a report.

    Args:
        done: The report.
        folder: Where the files go.
        formats: Some of `FORMATS`.

    Returns:
        The files that a person opens first.

    Raises:
        UserError: If the folder cannot be written to, or PDF is wanted and there is no Chromium.
    """
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pages = _pages(done, folder) if {"html", "pdf"} & set(formats) else []
        if "html" in formats:
            written += pages[:1]
        if "pdf" in formats:
            print_pages(pages)
            written.append(pages[0].with_suffix(".pdf"))
        if "md" in formats:
            written.append(_markdown(done, folder))
        if "json" in formats:
            data = {"report": done.report.model_dump(mode="json"), "scene": done.scene.to_json()}
            written.append(folder / "report.json")
            written[-1].write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror}): choose another --out") from error
    return written


def _pages(done: Finished, folder: Path) -> list[Path]:
    """One page for a few images; for many, a page that leads to the others."""
    report = done.report
    if len(report.pages) <= PART:
        return [_text(folder / "report.html", html.render(report, done.scene, done.pictures, done.sure))]
    claims = {claim.id: claim for claim in report.claims}
    parts: list[Path] = []
    for start in range(0, len(report.pages), PART):
        pages = report.pages[start : start + PART]
        told = [claims[name] for name in html.used(section for page in pages for section in page.sections)]
        part = report.model_copy(update={"pages": pages, "claims": tuple(told), "overview": (), "made": ()})
        path = folder / f"report-{start // PART + 1:03}.html"
        parts.append(_text(path, html.render(part, done.scene, done.pictures, done.sure)))
    links = {page.image: parts[place // PART].name for place, page in enumerate(report.pages)}
    return [_text(folder / "report.html", html.lead(report, done.scene, done.pictures, links)), *parts]


def _text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _markdown(done: Finished, folder: Path) -> Path:
    beside = folder / "pictures"
    beside.mkdir(exist_ok=True)
    titles = {page.image: page.title for page in done.report.pages}
    drawn = html.drawings(done.report, done.scene, done.pictures, done.sure, Words(done.report.language))
    for image, drawing in drawn.items():
        _text(beside / f"{image}.svg", markdown.picture(drawing, titles[image]))
    return _text(folder / "report.md", markdown.render(done.report, done.scene, beside.name))
