"""One way to run transformers' Trainer: resumable, stopped early by validation, with the best weights at the end."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.errors import UserError

FIXED = {"output_dir", "push_to_hub", "load_best_model_at_end", "eval_strategy", "save_strategy"}
"""Arguments that are not a person's to set: `fit` decides them."""

DEFAULTS: dict[str, Any] = {
    "eval_strategy": "epoch", "save_strategy": "epoch", "logging_strategy": "epoch", "save_total_limit": 2,
    "load_best_model_at_end": True, "report_to": "none", "dataloader_pin_memory": False,
    "remove_unused_columns": False, "greater_is_better": True,
}  # fmt: skip
"""Under what a recipe and a person set. TensorBoard, W&B or MLflow: `report_to`, where they are installed."""


def known(arguments: Any = None) -> set[str]:
    """Names of all the arguments that may be set: optimisers, schedules, precision, accumulation, FSDP, loggers.

    Args:
        arguments: A class of arguments; by default transformers' `TrainingArguments`.
    """
    from transformers import TrainingArguments

    return {field.name for field in dataclasses.fields(arguments or TrainingArguments)} - FIXED


def fit(
    model: Any,
    parts: Sequence[Any],
    out: Path,
    arguments: Mapping[str, Any],
    *,
    patience: int,
    metrics: Callable[[Any], dict[str, float]],
) -> dict[str, float]:
    """Train a model in place; goes on from the newest checkpoint in `out/checkpoints`.

    Several GPUs and machines are used as `accelerate launch` or `torchrun` start it, `fsdp` and the like by arguments.

    Args:
        model: A torch module that returns a mapping with `loss` and `logits`.
        parts: Data sets to train and to validate on.
        out: Folder for checkpoints.
        arguments: Of `TrainingArguments`.
        patience: Epochs without a better `metric_for_best_model` after which training ends.
        metrics: Of predictions on the validation part.

    Returns:
        `first` and `best`: the metric after the first epoch, and in the best, whose weights the model then has.

    Raises:
        UserError: If an argument has a value that `TrainingArguments` refuses.
        KeyboardInterrupt: If a person ended it; the checkpoint is written.
    """
    from transformers import EarlyStoppingCallback, Trainer, TrainingArguments

    interrupt = saves_on_interrupt()
    trainer = Trainer(
        model,
        _settings(TrainingArguments, out, arguments),
        train_dataset=parts[0],
        eval_dataset=parts[1],
        compute_metrics=metrics,
        callbacks=[EarlyStoppingCallback(patience), interrupt],
    )
    return _run(trainer, interrupt)


def fit_sft(
    model: Any,
    tokenizer: Any,
    parts: Sequence[list[dict[str, str]]],
    out: Path,
    arguments: Mapping[str, Any],
    adapter: Any,
    *,
    patience: int,
) -> dict[str, float]:
    """Train a language model on prompts and completions, of which only the completions count, as `fit` does.

    Args:
        model: A causal language model.
        tokenizer: Its tokenizer.
        parts: Rows of `prompt` and `completion` to train and to validate on.
        out: Folder for checkpoints; what was trained is written to `out/adapter`: an adapter if it is plain LoRA, which
            is the kind that vLLM serves, else the whole model.
        arguments: Of `trl.SFTConfig`.
        adapter: A configuration of peft; none trains all weights.
        patience: Epochs without a lower loss after which training ends.

    Returns:
        `first` and `best`: the validation loss after the first epoch, and in the best.
    """
    from datasets import Dataset
    from peft import AdaLoraConfig, LoraConfig
    from transformers import EarlyStoppingCallback
    from trl import SFTConfig, SFTTrainer

    loss = {"metric_for_best_model": "loss", "greater_is_better": False, "remove_unused_columns": True}
    interrupt = saves_on_interrupt()
    trainer = SFTTrainer(
        model,
        args=_settings(SFTConfig, out, loss | dict(arguments)),
        train_dataset=Dataset.from_list(parts[0]),
        eval_dataset=Dataset.from_list(parts[1]),
        processing_class=tokenizer,
        peft_config=adapter,
        callbacks=[EarlyStoppingCallback(patience), interrupt],
    )
    if isinstance(adapter, AdaLoraConfig):
        trainer.add_callback(_allocates())
    scores = _run(trainer, interrupt)
    if adapter is not None and (type(adapter) is not LoraConfig or adapter.use_dora):
        adapted: Any = trainer.model
        trainer.model = adapted.merge_and_unload()
    trainer.save_model(str(out / "adapter"))
    return scores


def _allocates() -> Any:
    """A callback that gives AdaLoRA's ranks to the matrices that need them, while gradients are at hand."""
    from transformers import TrainerCallback

    class Allocates(TrainerCallback):
        def on_optimizer_step(self, args: Any, state: Any, control: Any, **given: Any) -> None:
            given["model"].base_model.update_and_allocate(state.global_step + 1)

    return Allocates()


def _settings(kind: Any, out: Path, arguments: Mapping[str, Any]) -> Any:
    checkpoints = out / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    try:
        return kind(output_dir=str(checkpoints), **(DEFAULTS | dict(arguments)))
    except (TypeError, ValueError) as error:
        raise UserError(f"the recipe's options cannot be used: {error}") from error


def _run(trainer: Any, interrupt: Any) -> dict[str, float]:
    from transformers.trainer_utils import get_last_checkpoint

    trainer.train(resume_from_checkpoint=get_last_checkpoint(trainer.args.output_dir))
    if interrupt.interrupted:
        raise KeyboardInterrupt
    wanted = f"eval_{trainer.args.metric_for_best_model}"
    curve = [float(line[wanted]) for line in trainer.state.log_history if wanted in line]
    best = (max if trainer.args.greater_is_better else min)(curve)
    return {"first": curve[0], "best": best}


def saves_on_interrupt() -> Any:
    """A callback that answers the first Ctrl-C with a checkpoint and an end, so that the same command goes on later."""
    from transformers import TrainerCallback

    class SavesOnInterrupt(TrainerCallback):
        def __init__(self) -> None:
            self.interrupted = False

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self._before = signal.signal(signal.SIGINT, self._note)

        def _note(self, *_: Any) -> None:
            self.interrupted = True
            signal.signal(signal.SIGINT, self._before)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
            if self.interrupted:
                control.should_save = control.should_training_stop = True
            return control

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            signal.signal(signal.SIGINT, self._before)

    return SavesOnInterrupt()
