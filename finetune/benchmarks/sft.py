"""How fast the planner trains: our loop against a plain transformers Trainer that pads, in one run.

`python -m finetune.benchmarks.sft --count 64` makes that many transcripts, trains on them once with each from the same
weights with the same adapter, batch size and learning rate, and prints samples a second and the mean loss of both.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from finetune import plan
from finetune.plan import Example, PlanConfig
from finetune.staging import write_transcripts
from tools.catalog import active


def _model(config: PlanConfig, weights: Path) -> tuple[Any, Any]:
    from agent.llm.embedded import build, load_sight, load_tokenizer

    model = build(load_tokenizer())
    load_sight(model, weights)
    return model, plan._adapted(model, config, weights)


def ours(examples: list[Example], config: PlanConfig, weights: Path) -> dict[str, float]:
    """One pass with the shared prefix computed once a batch, like lengths together, logits at the targets only."""
    import torch

    model, adapter = _model(config, weights)
    trained = [parameter for parameter in adapter.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.0)
    schedule = plan.batches(examples, model.config.image_token_id, config)
    losses = []
    began = time.perf_counter()
    for chosen in schedule:
        loss, _ = plan.batch_loss(model, [examples[i] for i in chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    seconds = time.perf_counter() - began
    return {"samples_per_second": len(schedule) * config.batch / seconds, "loss": sum(losses) / len(losses)}


def plain(examples: list[Example], config: PlanConfig, weights: Path) -> dict[str, float]:
    """One pass of transformers' Trainer over batches that are padded to their longest, in random order."""
    import torch
    from torch.nn.utils.rnn import pad_sequence
    from transformers import Trainer, TrainingArguments

    model, _ = _model(config, weights)

    class WithPictures(torch.nn.Module):
        """Idefics3 on pictures that its tower has seen already, as in our loop."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: Any, labels: Any, mask: Any, seen: Any) -> dict[str, Any]:
            text = self.model.model.text_model
            with torch.no_grad():
                embedded = text.get_input_embeddings()(ids)
                pictures = self.model.model.connector(seen)
                embedded[ids == self.model.config.image_token_id] = pictures.reshape(-1, pictures.shape[-1])
            hidden = text(inputs_embeds=embedded, attention_mask=mask).last_hidden_state
            logits = self.model.lm_head(hidden)[:, :-1]
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)
            return {"loss": loss}

    def collate(rows: list[Example]) -> dict[str, Any]:
        ids = [torch.from_numpy(row.ids) for row in rows]
        labels = [torch.where(torch.from_numpy(row.target), one, -100) for row, one in zip(rows, ids, strict=True)]
        return {
            "ids": pad_sequence(ids, batch_first=True),
            "labels": pad_sequence(labels, batch_first=True, padding_value=-100),
            "mask": pad_sequence([torch.ones_like(one) for one in ids], batch_first=True),
            "seen": torch.cat([row.features.float() for row in rows]),
        }

    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            folder, per_device_train_batch_size=config.batch, num_train_epochs=1, learning_rate=1e-4, weight_decay=0.0,
            lr_scheduler_type="constant", report_to="none", save_strategy="no", remove_unused_columns=False,
            dataloader_pin_memory=False, disable_tqdm=True, use_cpu=True, max_grad_norm=0.0, dataloader_drop_last=True,
        )  # fmt: skip
        trainer = Trainer(WithPictures(), settings, data_collator=collate, train_dataset=examples)
        began = time.perf_counter()
        result = trainer.train()
        seconds = time.perf_counter() - began
    count = len(examples) // config.batch * config.batch
    return {"samples_per_second": count / seconds, "loss": float(result.training_loss)}


def main(
    count: Annotated[int, typer.Option(min=16, help="Transcripts to train on.")] = 64,
    out: Annotated[Path | None, typer.Option(help="Folder of transcripts; by default one for this run only.")] = None,
) -> None:
    """Train with both, and print what each does and the ratio."""
    import torch

    config = PlanConfig(cases=count)
    torch.set_num_threads(config.threads)
    weights = active("plan").path()
    with tempfile.TemporaryDirectory() as temporary:
        folder = out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        seeds = list(range(plan.SEED + 500_000, plan.SEED + 500_000 + count))
        write_transcripts(folder / "train.jsonl", seeds, config, config.threads)
        model, _ = _model(config, weights)
        examples = plan.load_examples(folder / "train.jsonl", model, config)
    both = {"ours": ours(examples, config, weights), "plain": plain(examples, config, weights)}
    ratio = both["ours"]["samples_per_second"] / both["plain"]["samples_per_second"]
    print(json.dumps({"transcripts": len(examples), **both, "ratio": round(ratio, 2)}))


if __name__ == "__main__":
    typer.run(main)
