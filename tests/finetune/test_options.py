import pytest

from finetune.recipes.options import options, positive
from tools.errors import UserError

KNOWN = {"epochs", "lr0", "freeze", "cos_lr", "device"}


def test_values_are_read_as_yaml() -> None:
    chosen = options(
        {"epochs": 3, "lr0": 0.1}, KNOWN, ["epochs=5", "lr0=1e-3", "cos_lr=true", "device=[0,1]", "freeze=null"]
    )
    assert chosen == {"epochs": 5, "lr0": 0.001, "cos_lr": True, "device": [0, 1], "freeze": None}


@pytest.mark.parametrize(
    ("given", "told"),
    [("epochs", "name=value"), ("epoch=3", "nearest: epochs"), ("lr0=[1", "is not YAML"), ("lr0=a", "lr0 is a number")],
)
def test_what_cannot_be_set_is_refused_in_words(given: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        options({"lr0": 0.1}, KNOWN, [given])


@pytest.mark.parametrize("value", [0, -1, 1.5, "many", True, None])
def test_what_counts_is_a_whole_number_from_one_on(value: object) -> None:
    assert positive({"rank": 8}, "rank") == 8
    with pytest.raises(UserError, match="rank is a whole number from 1 on"):
        positive({"rank": value}, "rank")
