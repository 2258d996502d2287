import pytest
from huggingface_hub import constants

from tools.catalog import find
from tools.catalog.hub import offer
from tools.errors import UserError


def test_without_a_network_a_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # where nothing listens
    with pytest.raises(UserError, match="no model hub can be reached .*; try again with a network, or give a path"):
        offer(find("yolo26s-seg"))
