"""Trains a planner on transcripts of tool calls: LoRA and its kin, by TRL. The embedded one's loop: `finetune.plan`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent.llm.embedded import assemble, is_embedded
from finetune.data.asked import split_files
from finetune.data.transcripts import Transcript, read_transcripts
from finetune.recipes import trainer
from finetune.recipes.options import options, positive
from tools.catalog import ModelEntry, Source
from tools.errors import UserError

DEFAULTS: dict[str, Any] = {
    "num_train_epochs": 2, "per_device_train_batch_size": 4, "gradient_accumulation_steps": 4, "learning_rate": 2e-4,
    "lr_scheduler_type": "cosine", "warmup_steps": 0.03, "max_length": 2048, "packing": False, "seed": 0,
    "gradient_checkpointing": True, "bf16": None, "patience": 3, "peft": "lora", "rank": 16, "last_layers": None,
    "peft_dropout": 0.0,
}  # fmt: skip
"""Over those of TRL's `SFTConfig`, any of which can be set too.

`peft`: `lora`, `dora`, `adalora`, `ia3`, or `none` for all weights; what vLLM cannot load as an adapter is put into the
weights in the end. `last_layers`: adapt only so many. `bf16`: by default where a GPU can.
"""

SIGHT = r".*(vision|visual|connector|projector|merger).*"
"""Modules of multimodal models that are not of the language model."""

OWN = {"patience", "peft", "rank", "last_layers", "peft_dropout"}


def train(
    data: Path, out: Path, base: ModelEntry | None, given: Sequence[str] = (), *, share: float = 0.2
) -> ModelEntry:
    """Train; goes on where an earlier run in the same folder broke off.

    Args:
        data: Transcripts, one a line (`finetune.data.transcripts`).
        out: Folder for checkpoints and the adapter.
        base: A planner of the catalog with a folder of weights.
        given: `name=value`, over `DEFAULTS`.
        share: Of the transcripts that validate.

    Raises:
        UserError: If the base, the data or an option cannot be used.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, AutoTokenizer
    from trl import SFTConfig

    if base is None:
        raise UserError("plan on your own data needs --base: a planner of `scenograph models list` that is here")
    chosen = options(DEFAULTS, trainer.known(SFTConfig) | OWN, given)
    if chosen["bf16"] is None:
        chosen["bf16"] = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    folder = assemble(base) if is_embedded(base) else base.path()
    sees = hasattr(AutoConfig.from_pretrained(folder), "vision_config")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    parts = _parts(data, tokenizer, share, int(chosen["seed"]))
    model = (AutoModelForImageTextToText if sees else AutoModelForCausalLM).from_pretrained(folder)
    layers = model.config.get_text_config().num_hidden_layers
    scores = trainer.fit_sft(
        model,
        tokenizer,
        parts,
        out,
        {name: value for name, value in chosen.items() if name not in OWN},
        adapter(chosen, layers, _steps(len(parts[0]), chosen), sees=sees),
        patience=int(chosen["patience"]),
    )
    weights = out / "adapter"
    return ModelEntry(
        name=out.name,
        task="plan",
        backend="vllm",
        sources=(Source(kind="file", location=str(weights.resolve())), *base.sources),
        tools=base.tools,
        licence=base.licence,
        base=base.name,
        metrics={"first_val_loss": scores["first"], "val_loss": scores["best"]},
    )


def _parts(data: Path, tokenizer: Any, share: float, seed: int) -> list[list[dict[str, str]]]:
    """Prompts and completions to train and to validate on; a transcript's turns stay on one side."""
    if splits := split_files(data):
        return [[turn for one in read_transcripts(part) for turn in turns(one, tokenizer)] for part in splits]
    files = sorted(data.glob("*.jsonl")) if data.is_dir() else [data]
    if len(files) != 1:
        raise UserError(f"{data} holds {len(files)} files .jsonl: name one, or call two train.jsonl and val.jsonl")
    transcripts = read_transcripts(files[0])
    order = np.random.default_rng(seed).permutation(len(transcripts))
    count = min(max(round(share * len(order)), 1), len(order) - 1)
    chosen = [[transcripts[index] for index in part] for part in (order[count:], order[:count])]
    return [[turn for one in part for turn in turns(one, tokenizer)] for part in chosen]


def turns(transcript: Transcript, tokenizer: Any) -> list[dict[str, str]]:
    """Each message of the assistant as a completion of all that stands before it, in the model's own chat format."""
    if transcript.images:
        raise UserError("images in transcripts are not trained on: leave them out")
    found = []
    for index, message in enumerate(transcript.messages):
        if message["role"] != "assistant":
            continue
        before = _rendered(transcript.messages[:index], transcript.tools, tokenizer, opened=True)
        after = _rendered(transcript.messages[: index + 1], transcript.tools, tokenizer, opened=False)
        if not after.startswith(before):
            raise UserError("this model's chat template rewrites earlier messages: it cannot be trained turn by turn")
        found.append({"prompt": before, "completion": after[len(before) :]})
    return found


def _rendered(messages: list[dict[str, Any]], tools: list[dict[str, Any]], tokenizer: Any, *, opened: bool) -> str:
    parsed = json.loads(json.dumps(messages))
    for message in parsed:
        for call in message.get("tool_calls") or ():
            arguments = call["function"]["arguments"]
            call["function"]["arguments"] = json.loads(arguments) if isinstance(arguments, str) else arguments
    text = tokenizer.apply_chat_template(parsed, tools=tools or None, tokenize=False, add_generation_prompt=opened)
    return str(text)


def _steps(count: int, chosen: dict[str, Any]) -> int:
    batch = int(chosen["per_device_train_batch_size"]) * int(chosen["gradient_accumulation_steps"])
    return max(-(-count // batch) * int(chosen["num_train_epochs"]), 1)


def adapter(chosen: dict[str, Any], layers: int, steps: int, *, sees: bool = False) -> Any:
    """The adapter's configuration, or none where all weights are trained.

    Args:
        chosen: `peft`, `rank`, `last_layers` and `peft_dropout`.
        layers: How many the model has.
        steps: How many there will be, which AdaLoRA's budget follows.
        sees: Whether the model takes images: what it sees with stays as it is, since vLLM adapts the language only.

    Raises:
        UserError: If there is no such kind.
    """
    import peft

    last, rank = chosen["last_layers"], positive(chosen, "rank")
    ends = "|".join(map(str, range(layers - int(last or 0), layers)))
    low_rank: dict[str, Any] = {
        "lora_alpha": 2 * rank,
        "lora_dropout": float(chosen["peft_dropout"]),
        # Of Llama's, Qwen's and their like the matrices are called `…_proj`.
        "target_modules": "all-linear" if last is None else rf".*\.layers\.({ends})\..*_proj",
        "exclude_modules": SIGHT if sees else None,
        "task_type": "CAUSAL_LM",
    }
    match str(chosen["peft"]):
        case "none":
            return None
        case "lora" | "dora" as kind:
            return peft.LoraConfig(r=rank, use_dora=kind == "dora", **low_rank)
        case "adalora":
            first, end = steps // 10, steps // 2
            return peft.AdaLoraConfig(
                init_r=2 * rank, target_r=rank, total_step=steps, tinit=first,
                tfinal=steps - end, **low_rank,
            )  # fmt: skip
        case "ia3":
            return peft.IA3Config(task_type="CAUSAL_LM")
    raise UserError(f"peft is lora, dora, adalora, ia3 or none, not {chosen['peft']!r}")
