from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.report import html, markdown
from agent.report.claims import Fragment
from agent.report.write import Finished, write
from tests.agent.report.conftest import seen

if TYPE_CHECKING:
    from tests.agent.report.conftest import Reporter


def test_a_page_holds_all_it_needs(reported: Reporter, pictures: dict[str, bytes]) -> None:
    report, scene = reported(seen("img-1"), seen("img-2"))
    page = html.render(report, scene, pictures, 0.4)

    addresses = re.findall(r'(?:href|src|url)\s*=?\s*["(]([^")]*)', page)
    assert not [one for one in addresses if not one.startswith(("data:", "#")) and one not in ("",)]
    assert page.count('class="thing') == 8
    assert 'aria-label="img-1.png: 2 dogs (and possibly 1 more) and 1 house"' in page
    assert set(re.findall(r'data-claim="(c\d+)"', page)) == {claim.id for claim in report.claims}


def test_what_is_written_in_an_image_is_no_markup(reported: Reporter, pictures: dict[str, bytes]) -> None:
    hostile = seen("img-1", (("<script>alert(1)</script>", (10, 10, 50, 50), 0.9, "red"),))
    report, scene = reported(hostile)

    assert "<script>alert" not in html.render(report, scene, pictures, 0.4)
    assert "<script>alert" not in markdown.render(report, scene, "pictures")


def test_markdown_has_a_footnote_for_each_claim(reported: Reporter) -> None:
    report, scene = reported()
    text = markdown.render(report, scene, "pictures")

    for claim in report.claims:
        assert f"[^{claim.id}]: " in text
        assert text.count(f"[^{claim.id}]") >= 2
    assert "dog-1 in img-1 at 10, 100, 60, 150, score 0.90, segment with eye" in text
    assert "The image shows 2 dogs (and possibly 1 more)[^c1] and 1 house[^c2]." in text


def test_files_of_all_formats(reported: Reporter, pictures: dict[str, bytes], tmp_path: Path) -> None:
    report, scene = reported()
    written = write(Finished(report, scene, pictures, 0.4), tmp_path, ["html", "md", "json"])

    assert [path.name for path in written] == ["report.html", "report.md", "report.json"]
    assert (tmp_path / "pictures" / "img-1.svg").read_text().startswith("<svg")
    data = json.loads(written[2].read_text())
    assert data["report"]["claims"][0]["evidence"] == ["dog-1", "dog-3", "dog-2"]
    assert {"id": "dog-1", "kind": "entity"}.items() <= next(
        n for n in data["scene"]["nodes"] if n["id"] == "dog-1"
    ).items()
    assert any(isinstance(part, Fragment) for part in report.pages[0].sections[0].sentences[0])


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_the_same_report_gives_the_same_bytes(
    reported: Reporter, pictures: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    texts = []
    for folder in ("a", "b"):
        report, scene = reported()
        write(Finished(report, scene, pictures, 0.4), tmp_path / folder, ["html", "md"])
        texts.append((tmp_path / folder / name).read_bytes())
    assert texts[0] == texts[1]
