from __future__ import annotations

import numpy as np
import pytest

from evals.diorama.world import make_diorama
from finetune.recognise import RecogniseConfig, crops, fit
from graphs.taxonomy import CATEGORIES


def test_the_head_tells_gaussian_classes_apart_and_knows_how_sure_it_may_be() -> None:
    rng = np.random.default_rng(0)
    means = rng.normal(size=(len(CATEGORIES), 32))
    classes = np.repeat(np.arange(len(CATEGORIES)), 60)
    points = (means[classes] + 0.35 * rng.normal(size=(len(classes), 32))).astype(np.float32)
    head = fit(points[::2], classes[::2], shrinkage=0.01)
    logits = points[1::2] @ head["weight"].astype(np.float32).T + head["bias"].astype(np.float32)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    right = shares.argmax(axis=1) == classes[1::2]
    assert right.mean() > 0.97
    assert shares.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.03)


def test_crops_show_the_things_of_a_scene_a_little_off() -> None:
    config = RecogniseConfig()
    truth = make_diorama(4200).truth
    made = list(crops(4200, config))
    assert [CATEGORIES[number] for _, number in made] == [thing.category for thing in truth.objects]
    for (crop, _), thing in zip(made, truth.objects, strict=True):
        longest = max(thing.box.x2 - thing.box.x1, thing.box.y2 - thing.box.y1)
        assert abs(crop.width - crop.height) <= 1
        assert 2 * config.half[0] * longest - 2 <= crop.width <= 2 * config.half[1] * longest + 2
    assert [crop.tobytes() for crop, _ in crops(4200, config)] == [crop.tobytes() for crop, _ in made]
