from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.report.check import check
from agent.report.claims import Claim, Coloured, Content, Count, Fills, Is, Largest, Placed, Relates
from agent.report.facts import Facts

if TYPE_CHECKING:
    from tests.agent.report.conftest import Reporter


def claim(content: Content, *evidence: str, certainty: str = "sure") -> Claim:
    return Claim.model_validate(
        {"id": "c1", "text": "x", "content": content, "evidence": evidence, "certainty": certainty}
    )


def test_what_the_plan_says_stands(reported: Reporter, facts: Facts) -> None:
    report, _ = reported()

    assert len(report.claims) > 15
    assert [check(one, facts) for one in report.claims] == [None] * len(report.claims)
    assert dict(report.made)["Claims refused by the checker"] == "0"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (claim(Count(image="img-1", label="dog", number=3), "dog-1", "dog-3", "dog-2"), "there are 2"),
        (claim(Count(image="img-1", label="dog", number=2, more=1), "dog-1", "dog-3"), "not all"),
        (claim(Count(image="img-1", label="house", number=1, at_least=True), "house-1"), "searched all over"),
        (claim(Count(image="img-9", label="dog", number=0), "img-1"), "no image"),
        (claim(Is(entity="dog-1", label="cat"), "dog-1"), "it is a dog"),
        (claim(Is(entity="dog-1", label="dog"), "dog-3"), "not the thing"),
        (claim(Is(entity="dog-1", label="dog")), "no evidence"),
        (claim(Is(entity="dog-9", label="dog"), "dog-9"), "no such id"),
        (claim(Is(entity="dog-2", label="dog"), "dog-2"), "certainty"),
        (claim(Is(entity="dog-1", label="dog"), "dog-1", certainty="possible"), "certainty"),
        (claim(Coloured(entity="dog-1", colour="white"), "dog-1"), "colour is brown"),
        (claim(Placed(entity="dog-1", image="img-1", place="right"), "dog-1"), "it is at left"),
        (claim(Fills(entity="dog-1", image="img-1", percent=3.1), "dog-1"), "share is 2.1%"),
        (claim(Largest(entity="dog-1", image="img-1"), "dog-1"), "house-1 is larger"),
        (claim(Relates(subject="dog-1", predicate="right_of", object="house-1"), "dog-1", "house-1"), "not hold"),
        (claim(Relates(subject="dog-1", predicate="left_of", object="dog-2"), "dog-1", "dog-2"), "in doubt"),
        (claim(Relates(subject="dog-1", predicate="left_of", object="dog-3"), "dog-3", "dog-1"), "not the two"),
    ],
)
def test_what_the_scene_does_not_bear_out_is_caught(facts: Facts, wrong: Claim, reason: str) -> None:
    assert reason in str(check(wrong, facts))
