from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw

from agent.report import measures, template
from agent.report.check import check
from agent.report.facts import Facts
from agent.report.survey import Look, Seen
from agent.report.words import LANGUAGES
from tests.agent.report.conftest import PARK, observed, seen
from tests.agent.report.test_plan import prose, section
from tools.errors import UserError

if TYPE_CHECKING:
    from tests.agent.report.conftest import Reporter

STREET = (
    ("person", (100, 100, 130, 180), 0.9, "red"),
    ("car", (140, 120, 240, 180), 0.9, "blue"),
    ("car", (20, 20, 60, 50), 0.9, "green"),
)
EMPTY_STREET = (("car", (140, 120, 240, 180), 0.9, "blue"),)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", template.NAMES)
def test_each_template_makes_claims_that_stand(reported: Reporter, name: str, lang: str) -> None:
    report, scene = reported(seen("img-1", STREET), seen("img-2", PARK), template=name, lang=lang)

    facts = Facts(scene, template.load(name).sure)
    assert [check(one, facts) for one in report.claims] == [None] * len(report.claims)
    assert report.title == template.text_in(template.load(name).title, lang)
    assert [line for line in report.made if line[1] == "0"]  # none was refused


def test_zones_and_meanings(reported: Reporter) -> None:
    report, _ = reported(seen("img-1", STREET), template="surveillance")

    assert prose(section(report, "zones")) == (
        "In the zone left half: car-2, person-1 and car-1. In the zone right half: nothing that counts as seen."
    )
    assert prose(section(report, "meanings")) == "By the rules of the template: person-1 may be walking up to car-2."
    assert [one.certainty for one in report.claims if one.content.kind == "means"] == ["possible"]


def test_events_tell_what_came_and_went(reported: Reporter) -> None:
    report, _ = reported(seen("img-1", EMPTY_STREET), seen("img-2", STREET), template="surveillance")
    events = next(one for one in report.overview if one.kind == "events")

    assert prose(events) == "From img-1 to img-2: 1 car, then 2 cars and no people, then 1 person."


def test_differences_from_the_reference(reported: Reporter) -> None:
    good = seen("img-1", PARK[:3])
    bad = seen("img-2", (PARK[0], ("house", PARK[2][1], 0.95, "blue"), ("cat", (350, 250, 380, 290), 0.9, "black")))
    report, _ = reported(good, bad, template="inspection", reference="img-1")

    assert prose(section(report, "changes", page=1)) == (
        "Compared with img-1: dog-2 is missing in img-2, house-2 has another colour than house-1 and cat-1 has no "
        "counterpart in img-1."
    )
    assert report.pages[0].title == "img-1.png (the reference)"
    assert "changes" not in [one.kind for one in report.pages[0].sections]


def test_many_images_have_an_overview(reported: Reporter) -> None:
    report, _ = reported(*(seen(f"img-{n}", things) for n, things in enumerate((PARK, PARK[:3], STREET[:1]), start=1)))
    overview = {one.kind: one for one in report.overview}

    assert prose(overview["overview"]) == "The 3 images show 4 dogs (and possibly 1 more), 2 houses and 1 person."
    assert prose(overview["groups"]) == (
        "img-1 and img-2 all show dogs and houses. img-3 shows nothing of what the others show."
    )
    index = overview["index"].table
    assert index is not None
    assert [row[0] for row in index.rows] == [("dog",), ("house",), ("person",)]


def test_gaps_are_spaces_in_a_row_wide_enough_for_another_thing() -> None:
    shelf = tuple(("apple", (x, 100.0, x + 20, 120.0), 0.9, "red") for x in (10.0, 40.0, 120.0, 145.0))
    things = observed("img-1", shelf).entities
    (gap,) = measures.gaps(things, "img-1").entities

    assert gap.box.xyxy == (60, 100, 120, 120)
    assert measures.gaps(things[:2], "img-1").entities == ()


def test_bright_regions_have_their_areas(reported: Reporter) -> None:
    image = Image.new("RGB", (400, 300), "black")
    draw = ImageDraw.Draw(image)
    draw.rectangle((50, 50, 149, 149), fill="white")
    draw.ellipse((250, 100, 300, 150), fill="white")
    found = measures.bright_regions(image, "img-1")

    assert [round(float(one.attributes["area_share"]), 2) for one in found.entities] == [0.08, 0.02]
    one = seen("img-1", ())
    with_regions = Seen(image=one.image, looks=(*one.looks, Look(tool="regions", observation=found)))
    report, _ = reported(with_regions, template="medical")
    assert prose(section(report, "regions")) == "Measured: 2 regions."
    assert "no diagnosis" in report.notice


def test_differences_of_pixels() -> None:
    good = Image.fromarray(np.full((300, 400, 3), 120, dtype=np.uint8))
    bad = good.copy()
    ImageDraw.Draw(bad).rectangle((100, 100, 160, 140), fill="yellow")

    assert measures.differences(good, "img-1", good).entities == ()
    (difference,) = measures.differences(bad, "img-1", good).entities
    assert difference.box.xyxy == pytest.approx((100, 100, 161, 141), abs=4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sections = [", "no TOML file"),
        ('sections = ["poem"]\n[title]\nen = "x"', "sections.0"),
        ('sections = ["summary"]\ncolour = 1\n[title]\nen = "x"', "colour"),
        ('sections = ["summary"]\nsure = 2\n[title]\nen = "x"', "sure"),
        ('sections = ["zones"]\ntitle.en = "x"\n[[zones]]\nname.en = "z"\nbox = [0.5, 0, 0, 1]', "is empty"),
        ('sections = ["zones"]\ntitle.en = "x"\n[[zones]]\nname = {}\nbox = [0, 0, 1, 1]', "zones.0.name"),
        (
            'sections = ["meanings"]\ntitle.en = "x"\n[[meanings]]\ntext.en = "y"\n'
            'subject = "dogs"\npredicate = "next to"\nobject = "cat"',
            "meanings.0.predicate",
        ),
    ],
)
def test_a_faulty_template_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        template.load(str(path))
    with pytest.raises(UserError, match="no such template"):
        template.load("missing")


def test_things_of_a_reference_of_another_size_are_found_again(reported: Reporter) -> None:
    large = seen("img-1", tuple((name, (2 * a, 2 * b, 2 * c, 2 * d), s, hue) for name, (a, b, c, d), s, hue in STREET))
    large = large.model_copy(update={"image": large.image.model_copy(update={"width": 800, "height": 600})})
    report, _ = reported(large, seen("img-2", STREET), template="inspection", reference="img-1")
    assert prose(section(report, "changes", 1)).startswith("Compared with img-1: every thing has its counterpart.")


def test_a_uniform_picture_has_no_bright_region() -> None:
    assert measures.bright_regions(Image.new("RGB", (200, 200), (90, 90, 90)), "img-1").entities == ()
