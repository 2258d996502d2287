"""Each recipe in miniature: it learns, and a run that is given again goes on from where it was."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoConfig

from agent.llm import adapters
from agent.llm.embedded import assemble
from finetune.recipes import classify, describe, detect, plan
from tools.catalog import ModelEntry, Source, active, sealed
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


def test_detect_learns_and_goes_on(boxes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(trainer: Any) -> None:
        def breaks_off(trainer: Any) -> None:
            if trainer.epoch == 1:
                raise KeyboardInterrupt

        trainer.add_callback("on_model_save", breaks_off)

    options = ["epochs=4", "imgsz=64", "batch=4", "workers=0", "lr0=0.01", "patience=0"]
    with monkeypatch.context() as interrupted:
        interrupted.setattr(detect, "use_all_cores", broken_off)
        with pytest.raises(KeyboardInterrupt):
            detect.train(boxes, tmp_path / "found", active("segment"), options)
    results = tmp_path / "found" / "train" / "results.csv"
    before = results.read_text().splitlines()
    entry = detect.train(boxes, tmp_path / "found", active("segment"), options)
    after = results.read_text().splitlines()
    assert len(after) == 5
    assert after[: len(before)] == before  # these epochs were not repeated
    first, *_, last = csv.DictReader(after)
    assert float(last["val/box_loss"]) < float(first["val/box_loss"])
    assert entry.metrics["val_box_map50"] >= float(first["metrics/mAP50(B)"])


def test_detect_learns_from_boxes_alone(boxes: Path, tmp_path: Path) -> None:
    path = boxes / "annotations.json"
    data = json.loads(path.read_text())
    for one in data["annotations"]:
        one["segmentation"] = []
    path.write_text(json.dumps(data))
    entry = detect.train(boxes, tmp_path / "found", None, ["epochs=1", "imgsz=64", "batch=4", "workers=0"])
    assert entry.path().exists()


@pytest.fixture
def planner(tmp_path: Path) -> ModelEntry:
    """A planner of a few thousand weights beside its tokenizer, with the embedded one's way to write calls."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(assemble(active("plan")))
    tiny = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, tie_word_embeddings=True, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    LlamaForCausalLM(tiny).save_pretrained(tmp_path / "planner")
    tokenizer.save_pretrained(tmp_path / "planner")
    source = Source(kind="file", location=str(tmp_path / "planner"))
    return ModelEntry(name="tiny", task="plan", backend="vllm", sources=(source,), licence="MIT", tools=("detect",))


@pytest.fixture
def transcripts(tmp_path: Path) -> Path:
    """Twenty questions that are answered by one call."""
    call = {"id": "1", "type": "function", "function": {"name": "detect", "arguments": {"labels": ["dog"]}}}
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"How many dogs are in picture {number}?"},
                {"role": "assistant", "content": "", "tool_calls": [call]},
            ]
        }
        for number in range(20)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path / "rows.jsonl"


PLAN = ["per_device_train_batch_size=4", "gradient_accumulation_steps=1", "lr_scheduler_type=constant", "rank=4"]


@pytest.mark.parametrize("kind", ["lora", "dora", "adalora", "ia3", "none"])
def test_plan_learns_in_each_way_and_leaves_what_vllm_serves(
    kind: str, planner: ModelEntry, transcripts: Path, tmp_path: Path
) -> None:
    options = [*PLAN, f"peft={kind}", "learning_rate=0.02", "num_train_epochs=2"]
    entry = plan.train(transcripts, tmp_path / "mine", planner, options)
    assert entry.metrics["val_loss"] < entry.metrics["first_val_loss"]
    assert adapters.is_adapter(entry) is (kind == "lora")
    assert adapters.rank(entry) == adapters.RANKS[0]
    assert (entry.path() / "tokenizer_config.json").exists()
    if kind != "lora":
        assert AutoConfig.from_pretrained(entry.path()).hidden_size == 16


def test_plan_goes_on_to_the_same_result(planner: ModelEntry, transcripts: Path, tmp_path: Path) -> None:
    options = [*PLAN, "learning_rate=0.02"]
    whole = plan.train(transcripts, tmp_path / "whole", planner, [*options, "num_train_epochs=2"])
    plan.train(transcripts, tmp_path / "parts", planner, [*options, "num_train_epochs=1"])
    parts = plan.train(transcripts, tmp_path / "parts", planner, [*options, "num_train_epochs=2"])
    assert parts.metrics == pytest.approx(whole.metrics, rel=1e-5)


def test_plan_refuses_what_cannot_be_served(planner: ModelEntry, transcripts: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="peft is lora, dora, adalora, ia3 or none, not 'prefix'"):
        plan.train(transcripts, tmp_path / "mine", planner, [*PLAN, "peft=prefix"])


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
