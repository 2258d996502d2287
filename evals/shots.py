"""Pictures of reports for the documentation: `python -m evals.shots docs` writes three that differ most."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from agent.report.build import build
from agent.report.gather import gather
from agent.report.pdf import require_browser
from agent.report.survey import Surveyor
from agent.report.template import load
from agent.report.words import Words
from agent.report.write import Finished, write
from evals.diorama.render import paint
from evals.diorama.scene import sample_scene

if TYPE_CHECKING:
    from playwright.sync_api import Browser

VIEW = {"width": 1180, "height": 820}
COLOURS = 224
"""A page has few colours beside its pictures, and a picture for the README should stay under 150 KB."""


@dataclass(frozen=True)
class Shot:
    """One picture of a report.

    Attributes:
        name: Of its file.
        template: Of the report.
        seed: Of the diorama.
        frames: For each image, which objects are left out of the scene.
        language: Of the report.
        click: What is clicked: a selector.
        article: Which image's part is shown, counted from 0.
        compared: Whether the first image is the reference.
    """

    name: str
    template: str
    seed: int
    frames: tuple[tuple[int, ...], ...]
    language: str
    click: str
    article: int = 0
    compared: bool = False


SHOTS = (
    Shot("report-general", "general", 3_102_050, ((),), "en", ".summary .claim"),
    Shot("report-inspection", "inspection", 3_101_886, ((), (1,)), "en", ".changes .claim", 1, compared=True),
    Shot("report-surveillance-zh", "surveillance", 3_100_714, ((3, 4), (4,), ()), "zh", ".zones .claim", 2),
)


def main(out: Path, shots: Sequence[Shot] = SHOTS) -> None:
    """Write the pictures into a folder."""
    from playwright.sync_api import sync_playwright

    path = require_browser()
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path) as chromium:
        for shot in shots:
            with tempfile.TemporaryDirectory(prefix="scenograph-shots-") as folder:
                _picture(chromium, shot, _page(shot, Path(folder)), out / f"{shot.name}.png")


def _page(shot: Shot, folder: Path) -> Path:
    """The report as an HTML file."""
    scene = sample_scene(shot.seed)
    paths = []
    for number, left_out in enumerate(shot.frames, start=1):
        kept = tuple(thing for place, thing in enumerate(scene.objects) if place not in left_out)
        paths.append(folder / f"picture-{number}.png")
        paint(replace(scene, objects=kept)).image.save(paths[-1])
    template = load(shot.template)
    reference = Image.open(paths[0]).convert("RGB") if shot.compared else None
    surveyor = Surveyor(template.focus, measured=template.measures, reference=reference)
    gathered = gather(paths, surveyor, folder / "seen")
    words = Words(shot.language)
    report, graph = build(gathered.seen, template, words, reference="img-1" if shot.compared else None)
    return write(Finished(report, graph, gathered.pictures, template.sure), folder / "out", ["html"])[0]


def _picture(chromium: Browser, shot: Shot, page: Path, path: Path) -> None:
    tab = chromium.new_page(viewport={"width": VIEW["width"], "height": VIEW["height"]})
    tab.goto(page.as_uri())
    article = tab.locator("article").nth(shot.article)
    article.locator(shot.click).first.click()
    article.scroll_into_view_if_needed()
    tab.mouse.move(2, 2)
    article.evaluate("one => window.scrollTo(0, one.offsetTop - 12)")
    with Image.open(io.BytesIO(tab.screenshot())) as taken:
        taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    tab.close()
    sys.stdout.write(f"{path} {path.stat().st_size / 1024:.0f} KB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
