"""The transformers backend with a small classifier that has learnt nothing, added as a user adds one."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.catalog.adding import describe
from tools.models import load


def test_a_classifier_of_transformers_names_what_it_knows(tmp_path: Path) -> None:
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    config = ViTConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=16,
        id2label={0: "dog", 1: "cat", 2: "tree"},
    )  # fmt: skip
    ViTForImageClassification(config).save_pretrained(tmp_path)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path)

    recogniser = load(describe(tmp_path, "small-vit"))
    noise = np.random.default_rng(0).integers(0, 256, (2, 40, 50, 3), dtype=np.uint8)
    shares = recogniser([Image.fromarray(one) for one in noise])
    assert (recogniser.name, recogniser.classes, shares.shape) == ("small-vit", ("dog", "cat", "tree"), (2, 3))
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert np.linalg.norm(recogniser.embed([Image.fromarray(noise[0])]), axis=1) == pytest.approx(1, abs=1e-4)
