"""The page in a real Chromium: lights, console, network, keyboard, filters, print."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.report.pdf import browser
from agent.report.write import PART, Finished, write
from tests.agent.report.conftest import seen

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.agent.report.conftest import Reporter

pytestmark = pytest.mark.skipif(browser() is None, reason="no Chromium on this machine: apt install chromium")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=browser()) as launched:
        yield launched


@pytest.fixture
def page(chromium: Browser, reported: Reporter, pictures: dict[str, bytes], tmp_path: Path) -> Iterator[Page]:
    report, scene = reported(seen("img-1"), seen("img-2"))
    (path,) = write(Finished(report, scene, pictures, 0.4), tmp_path, ["html"])
    tab = chromium.new_page(viewport={"width": 1280, "height": 900})
    faults: list[str] = []
    tab.on("console", lambda message: faults.append(message.text))
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("request", lambda request: faults.append(request.url) if not request.url.startswith("data:") else None)
    tab.goto(path.as_uri())
    assert faults.pop(0) == path.as_uri()
    yield tab
    assert faults == []
    tab.close()


def lit(page: Page, selector: str) -> set[str | None]:
    return {one.get_attribute("data-id") for one in page.locator(f"{selector}.lit").all()}


def test_a_claim_lights_its_boxes_and_nodes(page: Page) -> None:
    page.locator("#img-1 .claim", has_text="2 dogs").click()

    assert lit(page, ".thing") == lit(page, ".node") == {"dog-1", "dog-2", "dog-3"}
    page.keyboard.press("Escape")
    assert lit(page, ".thing") == set()


def test_a_node_lights_its_box_and_its_claims(page: Page) -> None:
    page.locator("#img-1 .node[data-id=house-1]").click()

    assert lit(page, ".thing") == {"house-1"}
    texts = page.locator("#img-1 .claim.lit").all_inner_texts()
    assert {"1 house", "red", "about 12%"} <= set(texts)


def test_a_box_works_from_the_keyboard(page: Page) -> None:
    box = page.locator("#img-1 .thing[data-id=dog-1]")
    box.focus()
    page.keyboard.press("Enter")

    assert box.get_attribute("aria-pressed") == "true"
    assert lit(page, ".node") == {"dog-1"}


def test_hovering_shows_and_leaves_nothing_behind(page: Page) -> None:
    page.locator("#img-1 .claim", has_text="1 house").hover()
    assert page.locator(".thing.near").count() == 1
    page.locator("h1").hover()
    assert page.locator(".near").count() == 0


def test_the_graph_filters_and_zooms(page: Page) -> None:
    graph = page.locator("#img-1 .graph")
    graph.locator("[type=search]").fill("house")
    assert graph.locator(".node:visible").count() == 1
    assert graph.locator(".edge:visible").count() == 0
    before = graph.locator(".node:visible circle").bounding_box()
    graph.locator("[data-zoom='1.25']").click()
    after = graph.locator(".node:visible circle").bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > 1.2 * before["width"]


def test_all_that_can_be_pressed_has_a_name_and_ids_are_unique(page: Page) -> None:
    nameless = page.evaluate(
        "[...document.querySelectorAll('[role=button], button, input')].filter("
        "one => !(one.getAttribute('aria-label') || one.textContent.trim())).length"
    )
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert nameless == 0
    assert len(ids) == len(set(ids))


def test_many_images_are_spread_over_pages(
    chromium: Browser, reported: Reporter, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    names = [f"img-{number}" for number in range(1, PART + 3)]
    report, scene = reported(*(seen(name) for name in names))
    (path,) = write(Finished(report, scene, dict.fromkeys(names, pictures["img-1"]), 0.4), tmp_path, ["html"])
    tab = chromium.new_page()
    tab.goto(path.as_uri())
    tab.locator(".thumbnails a").nth(PART + 1).click()

    assert tab.url.endswith("/report-002.html#img-26")
    assert tab.locator("article").count() == 2
    tab.close()
