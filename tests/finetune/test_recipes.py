"""Each recipe in miniature: it learns, and a run that is given again goes on from where it was."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from finetune.recipes import classify, describe, detect, plan
from tools.catalog import active, sealed
from tools.catalog.changes import keep
from tools.errors import UserError
from tools.models import load

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # the trainers' own libraries warn of themselves


def test_classify_learns_and_goes_on(shapes: Path, tmp_path: Path) -> None:
    options = ["per_device_train_batch_size=8", "image_size=64", "learning_rate=0.01"]
    entry = classify.train(shapes, tmp_path / "shapes-model", [*options, "num_train_epochs=3"])
    assert entry.metrics["val_accuracy"] >= max(entry.metrics["first_val_accuracy"], 0.75)
    assert entry.classes == ("cross", "disc")
    deployed = load(sealed(entry))  # what the tool `classify` looks with
    pictures = [Image.open(path).convert("RGB") for path in sorted(shapes.glob("*/*.png"))]
    said = [entry.classes[index] for index in deployed(pictures).argmax(axis=1)]
    assert (
        np.mean([word == path.parent.name for word, path in zip(said, sorted(shapes.glob("*/*.png")), strict=True)])
        > 0.7
    )
    checkpoints = sorted((tmp_path / "shapes-model" / "checkpoints").iterdir())
    again = classify.train(shapes, tmp_path / "shapes-model", [*options, "num_train_epochs=4"])
    assert len(checkpoints) == 2
    assert (
        again.metrics["first_val_accuracy"] == entry.metrics["first_val_accuracy"]
    )  # its first epoch was not repeated


def test_classify_learns_from_mixed_and_attacked_images_and_from_teachers(
    shapes: Path, home: Path, tmp_path: Path
) -> None:
    options = ["per_device_train_batch_size=8", "image_size=64", "learning_rate=0.01", "num_train_epochs=2"]
    keep(sealed(classify.train(shapes, tmp_path / "first", options)))
    harder = ["mixup=0.2", "cutmix=1.0", "adversarial=0.01", "teacher=first, siglip-none"]
    with pytest.raises(UserError, match="no model 'siglip-none'"):
        classify.train(shapes, tmp_path / "second", [*options, *harder])
    harder[-1] = "teacher=first,first"
    entry = classify.train(shapes, tmp_path / "second", [*options, *harder])
    assert entry.metrics["val_accuracy"] >= max(entry.metrics["first_val_accuracy"], 0.75)
    with pytest.raises(UserError, match="cannot teach these classes: it must be a recogniser that knows cross, disc"):
        classify.train(shapes, tmp_path / "third", [*options, "teacher=diorama-planner"])


def test_detect_trains_on_coco_and_gives_a_candidate(boxes: Path, tmp_path: Path) -> None:
    entry = detect.train(boxes, tmp_path / "found", None, ["epochs=1", "imgsz=64", "batch=4", "workers=0"])
    assert entry.classes == ("ball", "box")
    assert entry.status == "candidate"
    assert entry.path().exists()
    assert set(entry.metrics) == {"val_box_map50", "val_mask_map50"}


def test_only_the_last_layers_are_adapted_where_that_is_asked() -> None:
    import peft
    from transformers import LlamaConfig, LlamaForCausalLM

    tiny = LlamaConfig(
        vocab_size=16, hidden_size=8, intermediate_size=8, num_hidden_layers=3, num_attention_heads=2,
        num_key_value_heads=2,
    )  # fmt: skip
    chosen = plan.DEFAULTS | {"peft": "lora", "rank": 2, "last_layers": 1}
    model = peft.get_peft_model(LlamaForCausalLM(tiny), plan.adapter(chosen, 3, 10))
    trained = {name.split(".layers.")[1][0] for name, one in model.named_parameters() if one.requires_grad}
    assert trained == {"2"}


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """Forty pictures of a red or a blue square, with a question and a caption about each."""
    folder = tmp_path / "asked"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for number in range(40):
        name = ("red", "blue")[number % 2]
        image = Image.fromarray(rng.integers(200, 255, (32, 32, 3), dtype=np.uint8))
        image.paste(name, (4, 4, 28, 28))
        image.save(folder / f"{number}.png")
        rows.append({"image": f"{number}.png", "question": "What colour is it?", "answer": name})
        rows.append({"file_name": f"{number}.png", "text": f"a {name} one"})
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def test_describe_learns_and_goes_on_to_the_same_result(asked: Path, tmp_path: Path) -> None:
    options = ["per_device_train_batch_size=16", "image_size=32", "width=32", "lr_scheduler_type=constant"]
    whole = describe.train(asked, tmp_path / "whole", None, [*options, "num_train_epochs=6"])
    assert whole.metrics["val_word_accuracy"] > max(whole.metrics["first_val_word_accuracy"], 0.9)
    captioner = load(sealed(whole))  # what the tool `describe` answers with
    picture = Image.open(asked / "0.png").convert("RGB")
    assert [captioner(picture, one).text for one in ("what colour is it?", "")] == ["red", "a red one"]

    describe.train(asked, tmp_path / "parts", None, [*options, "num_train_epochs=1"])
    parts = describe.train(asked, tmp_path / "parts", None, [*options, "num_train_epochs=6"])
    assert parts.metrics == whole.metrics
    again = load(sealed(parts))(picture, "What colour is it?")
    assert again.score == pytest.approx(captioner(picture, "What colour is it?").score, abs=1e-6)


def test_describe_goes_on_from_a_model_that_it_made(asked: Path, tmp_path: Path) -> None:
    first = describe.train(asked, tmp_path / "first", None, ["image_size=32", "width=32", "num_train_epochs=1"])
    further = describe.train(asked, tmp_path / "further", first, ["num_train_epochs=1"])
    assert (further.base, further.image_size) == ("first", 32)
    with pytest.raises(UserError, match="is no model of this recipe"):
        describe.train(asked, tmp_path / "other", active("segment"))
