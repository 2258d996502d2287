from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.report.pdf import browser, require_browser
from agent.report.write import Finished, write
from tools.errors import UserError

if TYPE_CHECKING:
    from tests.agent.report.conftest import Reporter


@pytest.mark.skipif(browser() is None, reason="no Chromium on this machine: apt install chromium")
def test_pdf_comes_from_the_page(reported: Reporter, pictures: dict[str, bytes], tmp_path: Path) -> None:
    report, scene = reported()
    (path,) = write(Finished(report, scene, pictures, 0.4), tmp_path, ["pdf"])

    assert path.name == "report.pdf"
    assert path.read_bytes().startswith(b"%PDF-")


def test_without_a_browser_pdf_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt install chromium"):
        require_browser()
