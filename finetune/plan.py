"""Trains the embedded planner on transcripts of staged runs. From top to bottom: tokens, batches, loss, LoRA."""

from __future__ import annotations

import base64
import io
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import Field

from finetune import sight
from finetune.staging import Staging, write_transcripts

if TYPE_CHECKING:
    import torch
    from transformers import Idefics3ForConditionalGeneration, PreTrainedTokenizerBase

SEED = 40_000_000
"""Training questions are about the scenes of the seeds from here on, validation questions about those before."""

BASE = "SmolLM2-135M-Instruct"


class PlanConfig(Staging):
    """The recipe. Only the last layers are adapted: the others need no backward pass, which saves a quarter.

    Attributes:
        first_seed: Of the first question.
        cases: How many questions.
        val_cases: How many validate.
        max_tokens: Longer transcripts are left out.
        batch: Transcripts a step.
        lr: The highest learning rate.
        rank: Of the LoRA.
        last_layers: How many are adapted.
        seed: Of the order of training.
        threads: Of torch, and processes that write transcripts.
        save_every: Steps between checkpoints.
        validate_every: Steps between validations.
    """

    first_seed: int = SEED
    cases: int = 1_920
    val_cases: int = 64
    max_tokens: int = 800
    batch: int = 8
    lr: float = 8e-4
    rank: int = 16
    last_layers: int = 16
    seed: int = 0
    threads: int = Field(default_factory=lambda: os.cpu_count() or 1)
    save_every: int = 25
    validate_every: int = 100


class Example(NamedTuple):
    """A transcript in tokens.

    Attributes:
        ids: Token ids, (length,).
        target: Which tokens the model is to write, (length,).
        features: What the vision tower sees in the pictures, (pictures, patches, hidden).
    """

    ids: npt.NDArray[np.int64]
    target: npt.NDArray[np.bool_]
    features: torch.Tensor

    def before(self, image_token: int) -> int:
        """How many tokens stand before the first picture."""
        return int(np.flatnonzero(self.ids == image_token)[0])


def tokens(transcript: dict[str, Any], tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[bool]]:
    """The ids of a transcript, and which the model is to write: the assistant's turns and their ends, save slips."""
    from agent.llm.embedded import IMAGE_TOKEN, IMAGE_TOKENS

    text = tokenizer.apply_chat_template(transcript["messages"], tools=transcript["tools"], tokenize=False)
    picture = f"<fake_token_around_image><global-img>{IMAGE_TOKEN * IMAGE_TOKENS}<fake_token_around_image>"
    text = str(text).replace(IMAGE_TOKEN, picture)
    opening, closing = "<|im_start|>assistant\n", "<|im_end|>"
    spans, end = [], 0
    while (start := text.find(opening, end)) >= 0:
        end = text.index(closing, start) + len(closing)
        spans.append((start + len(opening), end))
    spans = [span for turn, span in enumerate(spans) if turn not in transcript["slips"]]
    encoded = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    target = [any(start <= first < stop for start, stop in spans) for first, _ in encoded["offset_mapping"]]
    return encoded["input_ids"], target


def _features(model: Idefics3ForConditionalGeneration, processor: Any, images: list[str]) -> torch.Tensor:
    import torch

    pictures = [Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB") for data in images]
    pixels = processor.image_processor([pictures], return_tensors="pt")["pixel_values"][0]
    with torch.no_grad():
        seen: torch.Tensor = model.model.vision_model(pixels.float()).last_hidden_state
    return seen.half()


def load_examples(path: Path, model: Idefics3ForConditionalGeneration, config: PlanConfig) -> list[Example]:
    """Read transcripts; those longer than the recipe allows are left out. What was read is kept in a file beside."""
    import torch

    from agent.llm.embedded import load_processor, load_tokenizer

    kept = path.with_suffix(".pt")
    if kept.exists():
        return [Example(ids.numpy(), target.numpy(), seen) for ids, target, seen in torch.load(kept, weights_only=True)]
    tokenizer = load_tokenizer()
    processor = load_processor(tokenizer)
    examples = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            ids, target = tokens(one, tokenizer)
            if len(ids) <= config.max_tokens:
                seen = _features(model, processor, one["images"])
                examples.append(Example(np.array(ids), np.array(target), seen))
    torch.save([(torch.from_numpy(one.ids), torch.from_numpy(one.target), one.features) for one in examples], kept)
    return examples


def shared_prefix(examples: list[Example], image_token: int) -> int:
    """How many tokens all transcripts begin with, up to the first picture: they are computed once a batch."""
    stop = min(one.before(image_token) for one in examples)
    first = examples[0].ids[:stop]
    same = np.all([one.ids[:stop] == first for one in examples], axis=0)
    return stop if same.all() else int(np.argmin(same))


def batches(examples: list[Example], image_token: int, config: PlanConfig) -> list[list[int]]:
    """Batches of examples of like beginning and length, so that much is shared and little is padding; then shuffled."""

    def like(index: int) -> tuple[int, int]:
        return examples[index].before(image_token), len(examples[index].ids)

    rng = np.random.default_rng(config.seed)
    order = rng.permutation(len(examples))
    window = config.batch * 8
    grouped: list[list[int]] = []
    for start in range(0, len(order) - config.batch + 1, window):
        part = sorted(order[start : start + window], key=like)
        chunks = [part[i : i + config.batch] for i in range(0, len(part), config.batch)]
        grouped += [chunks[i] for i in rng.permutation(len(chunks)) if len(chunks[i]) == config.batch]
    return grouped


def batch_loss(model: Idefics3ForConditionalGeneration, examples: list[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross entropy of the tokens that the model is to write, and which of the examples it would write without fault.

    What all begin with is run once; logits are computed at the target positions only.

    Returns:
        The mean loss, and a boolean per example, (batch,).
    """
    import torch
    from torch.nn.functional import cross_entropy
    from torch.nn.utils.rnn import pad_sequence

    text = model.model.text_model
    prefix = shared_prefix(examples, model.config.image_token_id)
    shared = torch.from_numpy(examples[0].ids[:prefix])[None]
    cache = text(input_ids=shared, use_cache=True).past_key_values
    cache.batch_repeat_interleave(len(examples))
    ids = pad_sequence([torch.from_numpy(one.ids[prefix:]) for one in examples], batch_first=True)
    target = pad_sequence([torch.from_numpy(one.target[prefix:]) for one in examples], batch_first=True)
    real = pad_sequence([torch.ones(len(one.ids) - prefix, dtype=torch.long) for one in examples], batch_first=True)
    with torch.no_grad():
        embedded = text.get_input_embeddings()(ids)
        seen = model.model.connector(torch.cat([one.features.float() for one in examples]))
        embedded[ids == model.config.image_token_id] = seen.reshape(-1, seen.shape[-1])
    mask = torch.cat([torch.ones(len(examples), prefix, dtype=torch.long), real], dim=1)
    hidden = text(inputs_embeds=embedded, past_key_values=cache, attention_mask=mask, use_cache=True).last_hidden_state
    rows, columns = torch.nonzero(target, as_tuple=True)
    logits = model.lm_head(hidden[rows, columns - 1])
    wanted = ids[rows, columns]
    wrong = torch.zeros(len(examples)).index_add(0, rows, (logits.argmax(-1) != wanted).float())
    return cross_entropy(logits, wanted), wrong == 0


def _adapted(model: Idefics3ForConditionalGeneration, config: PlanConfig, base: Path | None) -> Any:
    """Put LoRA on all linear layers of the last blocks of the text model, or take up the adapter of earlier weights."""
    from peft import LoraConfig, PeftModel, get_peft_model

    text_config: Any = model.config.text_config
    count = text_config.num_hidden_layers
    adapted = [str(layer) for layer in range(count - config.last_layers, count)]
    lora = LoraConfig(
        r=config.rank,
        lora_alpha=2 * config.rank,
        target_modules=rf"layers\.({'|'.join(adapted)})\..*_proj",
    )
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    if base is not None:
        return PeftModel.from_pretrained(model.model.text_model, str(base), is_trainable=True)
    return get_peft_model(model.model.text_model, lora)


def _validate(model: Any, examples: list[Example], config: PlanConfig) -> dict[str, float]:
    import torch

    with torch.no_grad():
        parts = [examples[i : i + config.batch] for i in range(0, len(examples), config.batch)]
        results = [batch_loss(model, part) for part in parts]
    exact = torch.cat([right for _, right in results]).float().mean()
    return {"val_loss": float(np.mean([float(loss) for loss, _ in results])), "val_exact": float(exact)}


def fit(model: Idefics3ForConditionalGeneration, out: Path, config: PlanConfig, base: Path | None) -> Any:
    """Fit an adapter to the transcripts in `out`; goes on from `plan.pt` where there is one.

    Each step writes a line to `plan.jsonl`: the loss, and the share of transcripts written without fault when each turn
    is given the turns before it; now and then `val_loss` and `val_exact`, the same on transcripts not trained on.

    Returns:
        The adapted text model.
    """
    import torch

    train_set, val_set = (load_examples(out / name, model, config) for name in ("train.jsonl", "val.jsonl"))
    adapter = _adapted(model, config, base)
    trained = [parameter for parameter in adapter.parameters() if parameter.requires_grad]
    schedule = batches(train_set, model.config.image_token_id, config)
    optimizer, decay = _optimizer(trained, config, len(schedule))
    first = _resume(out / "plan.pt", adapter, optimizer, decay)
    print(f"{len(train_set)} transcripts, {len(schedule)} steps, from {first}", flush=True)
    began = time.time()
    for step, chosen in enumerate(schedule[first:], first + 1):
        loss, right = batch_loss(model, [train_set[i] for i in chosen])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        decay.step()
        line = {"step": step, "loss": float(loss.detach()), "exact": float(right.float().mean())}
        if step % config.validate_every == 0 or step == len(schedule):
            line |= _validate(model, val_set, config)
        if step % config.save_every == 0 or step == len(schedule):
            _keep(out / "plan.pt", step, adapter, optimizer, decay)
        with (out / "plan.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        left = (time.time() - began) / (step - first) * (len(schedule) - step) / 60
        print(json.dumps(line | {"of": len(schedule), "minutes_left": round(left, 1)}), flush=True)
    return adapter


def _optimizer(trained: list[torch.nn.Parameter], config: PlanConfig, total: int) -> tuple[Any, Any]:
    import torch

    optimizer = torch.optim.AdamW(trained, lr=config.lr, weight_decay=0.0)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.lr, total_steps=total + 1, pct_start=0.06, cycle_momentum=False
    )


def _keep(path: Path, step: int, adapter: Any, optimizer: Any, decay: Any) -> None:
    """Write a checkpoint in one move, so that a run that is killed while it writes still has the one before."""
    import torch

    weights = {name: value for name, value in adapter.state_dict().items() if "lora_" in name}
    state = {"step": step, "optimizer": optimizer.state_dict(), "decay": decay.state_dict(), "adapter": weights}
    draft = path.with_suffix(".draft")
    torch.save(state, draft)
    draft.replace(path)


def _resume(path: Path, adapter: Any, optimizer: Any, decay: Any) -> int:
    """Load the checkpoint, if there is one; returns the steps that are done."""
    import torch

    if not path.exists():
        return 0
    saved = torch.load(path, weights_only=True)
    optimizer.load_state_dict(saved["optimizer"])
    decay.load_state_dict(saved["decay"])
    adapter.load_state_dict(saved["adapter"], strict=False)
    return int(saved["step"])


def save(model: Idefics3ForConditionalGeneration, adapter: Any, folder: Path) -> None:
    """Write the adapter, the vision tower and the connector in half precision, as the catalog keeps them."""
    import torch
    from safetensors.torch import save_file

    from agent.llm.embedded import SIGHT, sight_of

    folder.mkdir(parents=True, exist_ok=True)
    adapter.peft_config["default"].base_model_name_or_path = BASE  # else it is a path of this machine
    adapter.half().save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    weights = {name: weight.to(torch.float16).contiguous() for name, weight in sight_of(model).items()}
    save_file(weights, folder / SIGHT)


def train(out: Path, config: PlanConfig | None = None, base: Path | None = None) -> Path:
    """Train the planner: sight first, then planning; goes on where an earlier run in the same folder broke off.

    Args:
        out: Folder for data, checkpoints, logs and the result.
        base: Folder of earlier weights to train further: their sight is kept, their adapter is the start.
        config: The recipe. How the weights in the catalog were made, where it differs, stands on their card.

    Returns:
        The folder of the weights, as the catalog keeps them.
    """
    import torch

    from agent.llm.embedded import build, load_sight, load_tokenizer

    config = config or PlanConfig()
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    tokenizer = load_tokenizer()
    model = build(tokenizer)
    if base is None:
        sight.train(model, tokenizer, out)
    else:
        load_sight(model, base)
    for name, first, count in (
        ("train.jsonl", config.first_seed, config.cases),
        ("val.jsonl", SEED - config.val_cases, config.val_cases),
    ):
        write_transcripts(out / name, list(range(first, first + count)), config, config.threads)
    save(model, fit(model, out, config, base), out / "weights")
    return out / "weights"
