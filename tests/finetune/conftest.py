"""Small labelled data sets: what a person might bring, made of squares."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

CLASSES = ("ball", "box")


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    """Ten images in COCO format, each with a ball; every second one also with a box."""
    folder = tmp_path / "boxes"
    folder.mkdir()
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number in range(10):
        image = Image.effect_noise((80, 60), 20 + 7 * number).convert("RGB")
        things = [(1, (8, 8, 20, 20))] + ([(2, (40, 20, 30, 30))] if number % 2 else [])
        for category, (x, y, w, h) in things:
            ImageDraw.Draw(image).rectangle((x, y, x + w, y + h), fill=(255, 20 * number, 0))
            annotations.append(
                {"id": len(annotations) + 1, "image_id": number, "category_id": category, "bbox": [x, y, w, h],
                 "area": w * h, "iscrowd": 0, "segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]]}
            )  # fmt: skip
        image.save(folder / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 80, "height": 60})
    categories = [{"id": i, "name": name, "supercategory": ""} for i, name in enumerate(CLASSES, 1)]
    written = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(written))
    return folder


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Forty pictures of discs and of crosses."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "shapes"
    for number in range(40):
        name = ("disc", "cross")[number % 2]
        (folder / name).mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(rng.integers(90, 160, (64, 64, 3), dtype=np.uint8))
        draw = ImageDraw.Draw(image)
        x, y = rng.integers(8, 24, 2).tolist()
        if name == "disc":
            draw.ellipse((x, y, x + 32, y + 32), fill=(220, 60, 40))
        else:
            draw.line((x, y, x + 32, y + 32), fill=(40, 60, 220), width=6)
            draw.line((x + 32, y, x, y + 32), fill=(40, 60, 220), width=6)
        image.save(folder / name / f"{number}.png")
    return folder
