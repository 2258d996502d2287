"""What tests of several packages stand on."""

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SCENOGRAPH_HOME of the test's own, not made yet: catalog, state and logs."""
    monkeypatch.setenv("SCENOGRAPH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
