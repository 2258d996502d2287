"""What the project promises about itself: its pins, and the verbs of its one command."""

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMANDS = ["ask", "diorama", "eval", "llm", "report", "train"]


@pytest.mark.parametrize("name", ["cpu", "cuda"])
def test_pins_have_hashes_and_name_no_index_and_no_host(name: str) -> None:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    requirements = [line for line in lines if line and not line.startswith((" ", "#"))]

    assert requirements
    assert all(re.match(r"[a-z0-9.-]+(\[[a-z0-9,-]+\])?==\S+ .*\\$", line) for line in requirements)
    assert sum("--hash=sha256:" in line for line in lines) >= len(requirements)
    assert not [line for line in lines if "://" in line or re.match(r"\s*--(?!hash=)", line)]


@pytest.mark.parametrize("name", ["opencv-python", "torchaudio", "torchcodec"])
def test_a_package_that_is_left_out_is_in_no_pin(name: str) -> None:
    pins = [(ROOT / "requirements" / f"{extra}.txt").read_text() for extra in ("cpu", "cuda")]

    assert not any(re.search(rf"^{name}==", text, re.MULTILINE) for text in pins)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_verb_loads(name: str) -> None:
    (verb,) = entry_points(group="scenograph.commands", name=name)

    assert callable(verb.load())
