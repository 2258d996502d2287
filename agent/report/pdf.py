"""Pages as PDF, printed by the Chromium of the system. What is on the page is `html`'s concern."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from tools.errors import UserError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PAGE_MS = 120_000
"""Milliseconds that opening and printing a page may take; twenty pictures take a few seconds."""


def browser() -> str | None:
    """The Chromium of this system, if there is one."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def require_browser() -> str:
    """The Chromium of this system.

    Raises:
        UserError: If there is none.
    """
    path = browser()
    if path is None:
        raise UserError("PDF needs Chromium: install it (apt install chromium), or print the HTML from your browser")
    return path


def print_pages(pages: Iterable[Path]) -> None:
    """Print HTML files, each to a PDF beside it.

    Raises:
        UserError: If there is no Chromium, or it cannot print.
    """
    path = require_browser()
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path) as chromium:
            tab = chromium.new_page()
            tab.set_default_timeout(PAGE_MS)
            for page in pages:
                tab.goto(page.absolute().as_uri())
                tab.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
                tab.pdf(path=page.with_suffix(".pdf"), prefer_css_page_size=True, print_background=True, tagged=True)
    except Error as error:
        raise UserError(f"Chromium could not print the report: {error.message.splitlines()[0]}") from error
