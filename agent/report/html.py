"""A report as one HTML file that needs nothing else: pictures, style and script are in it. Looks stand in `page/`."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from agent.report.claims import Fragment, Report, Section, Sentence
from agent.report.facts import Facts
from agent.report.view import Drawing, data_url, draw, thumbnail
from agent.report.words import Words
from graphs.scene import SceneGraph

FOLDER = Path(__file__).parent / "page"


def render(report: Report, scene: SceneGraph, pictures: Mapping[str, bytes], sure: float) -> str:
    """Write the page.

    Args:
        report: What is said.
        scene: What it rests on.
        pictures: JPEG by image id.
        sure: Score from which on a thing counts as seen.
    """
    words = Words(report.language)
    return (
        environment()
        .get_template("report.html.jinja")
        .render(
            report=report,
            words=words,
            scene=scene,
            claims={claim.id: claim for claim in report.claims},
            drawings=drawings(report, scene, pictures, sure, words),
            alt=functools.partial(_alt, report, words),
            used=used,
            once=_Once(),
        )
    )


def lead(report: Report, scene: SceneGraph, pictures: Mapping[str, bytes], links: Mapping[str, str]) -> str:
    """The first page of a report on many images: what is said of all, and thumbnails that lead to the other pages.

    Args:
        report: What is said.
        scene: What it rests on.
        pictures: JPEG by image id.
        links: File name of the page of each image, by its id.
    """
    words = Words(report.language)
    claims = {claim.id: claim for claim in report.claims}

    def target(claim_id: str) -> str:
        first = claims[claim_id].evidence[0]
        entity = scene.get(first)
        image = entity.image_id if entity else first
        return f"{links[image]}#{image}"

    thumbnails = {image: data_url(thumbnail(picture)) for image, picture in pictures.items()}
    return (
        environment()
        .get_template("lead.html.jinja")
        .render(report=report, words=words, claims=claims, links=links, target=target, thumbnails=thumbnails)
    )


def drawings(
    report: Report, scene: SceneGraph, pictures: Mapping[str, bytes], sure: float, words: Words
) -> dict[str, Drawing]:
    """The drawing of each page, by image id."""
    facts = Facts(scene, sure)
    return {
        page.image: draw(scene, facts.of(page.image), pictures[page.image], report.claims, words)
        for page in report.pages
    }


@functools.cache
def environment() -> Environment:
    """The templates of pages: what is not markup is escaped."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["jinja"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["file"] = lambda name: Markup((FOLDER / name).read_text(encoding="utf-8"))
    return made


class _Once:
    """Says of each id whether it comes for the first time: an id stands but once in a document."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, name: str) -> bool:
        first = name not in self._seen
        self._seen.add(name)
        return first


def _alt(report: Report, words: Words, image: str) -> str:
    """What a picture shows, for those who do not see it: its title and its counts."""
    page = next(page for page in report.pages if page.image == image)
    counts = [
        words.count(claim.content)
        for claim in report.claims
        if claim.content.kind == "count" and claim.content.image == image
    ]
    return words("page.alt", title=page.title, contents=words.joined(counts))


def used(sections: Iterable[Section]) -> list[str]:
    """Ids of the claims that some sections make, in order."""
    said: list[Sentence] = []
    for one in sections:
        said += one.sentences
        said += [cell for row in (one.table.rows if one.table else ()) for cell in row]
    return list(dict.fromkeys(part.claim for sentence in said for part in sentence if isinstance(part, Fragment)))
