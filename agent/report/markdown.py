"""A report as Markdown: each claim has a footnote with what it rests on; pictures are SVG files beside it."""

from __future__ import annotations

import re

from agent.report.claims import Claim, Report, Section, Sentence
from agent.report.html import environment
from agent.report.view import Drawing
from agent.report.words import Words
from graphs.scene import SceneGraph

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#"})


def render(report: Report, scene: SceneGraph, folder: str) -> str:
    """Write the text.

    Args:
        report: What is said.
        scene: What it rests on.
        folder: Where the pictures lie, as the text links to them.
    """
    words = Words(report.language)
    lines = [f"# {_plain(report.title)}", ""]
    if report.notice:
        lines += [f"> **{_plain(report.notice)}**", ""]
    for section in report.overview:
        lines += _section(section, "##", words)
    for page in report.pages:
        lines += [f"## {_plain(page.title)}", "", f"![{_plain(page.title)}]({folder}/{page.image}.svg)", ""]
        for section in page.sections:
            lines += _section(section, "###", words)
    lines += [f"## {words('section.made')}", ""]
    lines += [f"- {_plain(name)}: {_plain(value)}" for name, value in report.made]
    notes = [f"[^{claim.id}]: {_plain(claim.text)} — {_evidence(claim, scene, words)}" for claim in report.claims]
    return "\n".join([*lines, "", *notes, ""])


def picture(drawing: Drawing, title: str) -> str:
    """The picture with what was found in it, as an SVG file."""
    return environment().get_template("picture.svg.jinja").render(drawing=drawing, label=title, image_id=title)


def _section(section: Section, level: str, words: Words) -> list[str]:
    lines = [f"{level} {_plain(section.title)}", ""]
    if section.sentences:
        space = "" if words.language == "zh" else " "
        lines += [space.join(_said(sentence) for sentence in section.sentences), ""]
    if section.table:
        rows = [[_plain(name) for name in section.table.columns], ["---"] * len(section.table.columns)]
        rows += [[_said(cell) for cell in row] for row in section.table.rows]
        lines += ["| " + " | ".join(row) + " |" for row in rows] + [""]
    return lines


def _said(sentence: Sentence) -> str:
    return "".join(
        _plain(part) if isinstance(part, str) else f"{_plain(part.text)}[^{part.claim}]" for part in sentence
    )


def _evidence(claim: Claim, scene: SceneGraph, words: Words) -> str:
    found = [scene.get(name) for name in claim.evidence]
    told = [words.traced(one) if one else name for name, one in zip(claim.evidence, found, strict=True)]
    return "; ".join(_plain(one) for one in told)


def _plain(text: str) -> str:
    return re.sub(r"\s", " ", text).translate(_SPECIAL)
