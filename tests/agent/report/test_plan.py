from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.report.claims import Count, Fragment, Report, Section
from agent.report.words import LANGUAGES, Words
from tests.agent.report.conftest import PARK, seen

if TYPE_CHECKING:
    from tests.agent.report.conftest import Reporter


def prose(section: Section) -> str:
    parts = [part for sentence in section.sentences for part in (*sentence, " ")]
    return "".join(part if isinstance(part, str) else part.text for part in parts).strip()


def section(report: Report, kind: str, page: int = 0) -> Section:
    return next(one for one in report.pages[page].sections if one.kind == kind)


def test_counts_are_exact_and_what_is_in_doubt_stands_apart(reported: Reporter) -> None:
    report, _ = reported()

    assert prose(section(report, "summary")) == (
        "The image shows 2 dogs (and possibly 1 more) and 1 house. "
        "The largest thing is house-1, which fills about 12% of the image."
    )
    table = section(report, "doubtful").table
    assert table is not None
    assert [row[0] for row in table.rows] == [("dog-2",)]
    doubted = [claim for claim in report.claims if claim.certainty == "possible"]
    assert {claim.content.kind for claim in doubted} == {"is", "coloured", "placed", "fills"}
    assert doubted[0].text == "It may be that this is so: dog-2 is a dog."


def test_a_search_with_limits_says_at_least(reported: Reporter) -> None:
    report, _ = reported(seen("img-1", PARK[:3], labels=("cat",)))

    assert prose(section(report, "summary")).startswith("The image shows at least 2 dogs and at least 1 house.")


def test_an_empty_image_is_a_claim_with_evidence(reported: Reporter) -> None:
    report, _ = reported(seen("img-1", ()))

    assert prose(section(report, "summary")) == "Nothing was found in the image: it shows no things."
    assert report.claims[0].evidence == ("img-1",)


def test_none_is_claimed_of_what_was_looked_for_alone(reported: Reporter) -> None:
    report, _ = reported(seen("img-1", (), labels=("guitar", "animal")))
    told = prose(section(report, "summary"))
    assert told == "Nothing was found in the image: it shows no animals and no guitars."

    report, _ = reported(seen("img-1", (), labels=()))
    assert prose(section(report, "summary")) == "Nobody has looked for things in the image."
    assert report.claims == ()


def test_relations_are_told_once_and_hold(reported: Reporter) -> None:
    report, _ = reported()

    assert prose(section(report, "relations")) == "Dog-1 is near house-1 and left of dog-3. House-1 is left of dog-3."


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_claim_has_evidence_in_the_scene_and_every_fragment_a_claim(reported: Reporter, lang: str) -> None:
    report, scene = reported(seen("img-1"), seen("img-2", PARK[:2]), lang=lang)

    assert all(claim.evidence and all(name in scene for name in claim.evidence) for claim in report.claims)
    sections = [*report.overview, *(one for page in report.pages for one in page.sections)]
    cells = [cell for one in sections if one.table for row in one.table.rows for cell in row]
    said = [*(sentence for one in sections for sentence in one.sentences), *cells]
    used = {part.claim for sentence in said for part in sentence if isinstance(part, Fragment)}
    assert used == {claim.id for claim in report.claims}


def test_chinese_reads_as_chinese(reported: Reporter) -> None:
    report, _ = reported(lang="zh")

    assert (
        prose(section(report, "summary"))
        == "图中有2只狗（另有1只存疑）和1座房子。 最大的物体是房子-1，占图像面积的约12%。"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (Count(image="", label="bus", number=1), "1 bus"),
        (Count(image="", label="bus", number=3), "3 buses"),
        (Count(image="", label="person", number=2, at_least=True), "at least 2 people"),
        (Count(image="", label="butterfly", number=0), "no butterflies"),
        (Count(image="", label="mouse", number=0, more=2), "possibly 2 mice"),
    ],
)
def test_numbers_in_words(content: Count, words: str) -> None:
    assert Words("en").count(content) == words


def test_both_languages_have_the_same_phrases() -> None:
    groups = ("number", "claim", "part", "prose", "place", "predicate", "section", "column", "made", "page")
    assert all(Words("en").group(name).keys() == Words("zh").group(name).keys() for name in groups)
