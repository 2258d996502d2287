from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from evals.diorama.signs import with_sign
from evals.diorama.world import make_diorama
from evals.suites import perception
from graphs.taxonomy import CATEGORIES
from tools.catalog import ModelEntry
from tools.models import Models
from tools.reader import Line
from tools.recogniser import Floats
from tools.seen import Seen

if TYPE_CHECKING:
    from tests.evals.conftest import World

SEEDS = range(3000, 3006)


def test_a_sign_hides_nothing_and_is_the_same_for_the_same_seed() -> None:
    signed = 0
    for seed in SEEDS:
        plain = make_diorama(seed)
        before = plain.image.tobytes()
        made = with_sign(plain, seed)
        again = with_sign(make_diorama(seed), seed)
        assert plain.image.tobytes() == before
        if made is None:
            assert again is None
            continue
        signed += 1
        assert again is not None
        assert made.image.tobytes() == again.image.tobytes() != before
        assert made.truth.objects == plain.truth.objects
        box = made.truth.texts[-1].box
        changed = np.any(np.asarray(made.image) != np.asarray(plain.image), axis=2)
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        assert box.x1 <= columns[0] <= columns[-1] < box.x2
        assert box.y1 <= rows[0] <= rows[-1] < box.y2
        for thing in made.truth.objects:
            assert thing.box.x2 <= box.x1 or box.x2 <= thing.box.x1 or thing.box.y2 <= box.y1 or box.y2 <= thing.box.y1
    assert signed >= 4


class Recogniser:
    """Takes everything for what it is told."""

    name = "fake-names"
    classes = CATEGORIES

    def __init__(self, answers: Sequence[str]) -> None:
        """Answer so, in order."""
        self.answers = list(answers)

    def __call__(self, images: Sequence[Image.Image], labels: Sequence[str] = ()) -> Floats:
        """The next answer."""
        shares = np.zeros((1, len(CATEGORIES)), dtype=np.float32)
        shares[0, CATEGORIES.index(self.answers.pop(0))] = 1
        return shares


@pytest.mark.parametrize("right", [True, False])
def test_what_is_seen_is_scored(world: Callable[..., World], right: bool, tmp_path: Path) -> None:
    plain = make_diorama(SEEDS[0])
    signed = with_sign(plain, SEEDS[0])
    assert signed is not None
    things, [text] = plain.truth.objects, signed.truth.texts
    names = [thing.category if right else "clock" for thing in things]
    detector = world(SEEDS[:1], blind=() if right else SEEDS[:1]).sees()

    def read(image: Image.Image) -> list[Line]:
        return [Line(text.word.lower() if right else "?", 0.9, text.box.xyxy)]

    read.name = "fake-reader"  # type: ignore[attr-defined]

    def load(entry: ModelEntry) -> object:
        return {"segment": detector, "recognise": recogniser, "read": read}[entry.task]

    for _ in range(2):  # the second finds in the cache what the first saw
        detector = world(SEEDS[:1], blind=() if right else SEEDS[:1]).sees()
        recogniser = Recogniser(list(names))
        sight = perception.look_at(SEEDS[0], Models(load, seen=Seen(tmp_path / "seen.sqlite")))
    metrics = perception.metrics([sight])
    assert {name: metric.value for name, metric in metrics.items()} == pytest.approx(
        dict.fromkeys(("box_map50", "mask_map50", "classify_accuracy", "words_read"), 1.0 if right else 0.0)
    )
    assert metrics["words_read"].n == 1
    assert len(sight.failures) == (0 if right else len(things) + 1)
