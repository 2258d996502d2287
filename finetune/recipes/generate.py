"""Trains a LoRA for a generator on captioned pictures. The embedded generator's own loop: `finetune.generate`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from finetune.data.asked import Asked, read_asked
from finetune.recipes.denoising import Levels, Told, encode, learner, levels, part_of, tell
from finetune.recipes.options import options, positive
from finetune.recipes.trainer import fit, known
from tools import pipelines
from tools.catalog import ModelEntry, Source
from tools.errors import UserError
from tools.intake import picture

if TYPE_CHECKING:
    import torch

DEFAULTS: dict[str, Any] = {
    "num_train_epochs": 30, "per_device_train_batch_size": 4, "per_device_eval_batch_size": 4, "learning_rate": 1e-4,
    "lr_scheduler_type": "constant", "seed": 0, "rank": 16, "peft_dropout": 0.0, "caption_dropout": 0.1, "patience": 5,
}  # fmt: skip
"""Over those of transformers' `TrainingArguments`, any of which can be set too.

`rank`: of the LoRA, whose alpha is the same. `caption_dropout`: share of the rows that are trained on without their
caption, 0 to 1, which is what guidance compares with.
"""

OWN = {"rank", "peft_dropout", "caption_dropout", "patience"}
BACKEND = "diffusers"
ATTENTION = ["to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"]
"""What the projections of attention are called in diffusers, those of a second stream of tokens too."""

VAL_LEVELS = 8
"""At how many levels of noise each picture that validates is looked at; always the same, with the same noise."""


def train(data: Path, out: Path, base: ModelEntry, given: Sequence[str] = (), *, share: float = 0.2) -> ModelEntry:
    """Train; goes on where an earlier run in the same folder broke off.

    Args:
        data: Pictures with captions (`finetune.data.asked`); rows with a question are left out.
        out: Folder for checkpoints and the weights.
        base: A generator whose pipeline folder is here.
        given: `name=value`, over `DEFAULTS`.
        share: Of the pictures that validate, where the data is not split already.

    Raises:
        UserError: If the base, the data or an option cannot be used.
    """
    import torch

    chosen = options(DEFAULTS, known() | OWN, given)
    torch.manual_seed(int(chosen["seed"]))
    _check(base)
    parts = _captioned(data, share, int(chosen["seed"]))
    pipeline = pipelines.load(base)
    noise = levels(pipeline, base.name)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    told, latents = _prepared(pipeline.to(device), base, [row for part in parts for row in part])
    pipeline.to("cpu")  # of its parts the Trainer needs the denoiser alone
    model = _adapted(pipeline, list(told.values()), chosen)
    dropout = float(chosen["caption_dropout"])
    scores = fit(
        model,
        [_examples(part, latents, list(told), noise, drop) for part, drop in zip(parts, (dropout, None), strict=True)],
        out,
        {name: value for name, value in chosen.items() if name not in OWN}
        | {"metric_for_best_model": "loss", "greater_is_better": False, "label_names": ["caption"]},
        patience=int(chosen["patience"]),
        metrics=lambda _: {},  # the loss is all there is
    )
    return ModelEntry(
        name=out.name,
        task="generate",
        backend=BACKEND,
        sources=_written(model, pipeline, out, base),
        image_size=base.image_size,
        sampling=base.sampling,
        licence=base.licence,
        memory=base.memory or 4 * base.size,  # of which the size of a LoRA says nothing
        base=base.name,
        metrics={"first_val_loss": scores["first"], "val_loss": scores["best"]},
    )


def _check(base: ModelEntry) -> None:
    if base.backend != BACKEND:
        raise UserError(f"{base.name} is no diffusion pipeline: name a generator of `scenograph models list`")
    if base.path().is_file():
        raise UserError(f"{base.name} is a LoRA: name the pipeline that it stands on")


def _captioned(data: Path, share: float, seed: int) -> list[list[Asked]]:
    """Rows to train and to validate on."""
    parts = [[row for row in part if not row.question] for part in read_asked(data, share, seed)]
    if not all(parts):
        raise UserError(f"{data} holds no captions to train and to validate on: give rows of image and caption")
    return parts


def _prepared(
    pipeline: Any, base: ModelEntry, rows: Sequence[Asked]
) -> tuple[dict[str, Told], dict[Path, torch.Tensor]]:
    """What the denoiser is told of each caption, first of none, and the latents of each picture: all that stays put."""
    from rich.console import Console
    from rich.progress import track

    side = base.image_size or 512
    given = base.sampling.arguments if base.sampling else {}
    bar = Console(stderr=True)
    captions = dict.fromkeys(["", *(row.answer for row in rows)])
    images = dict.fromkeys(row.image for row in rows)
    told = {text: tell(pipeline, text, side, given) for text in track(captions, "reading", console=bar, transient=True)}
    latents = {
        path: encode(pipeline, _pixels(path, side)[None])[0].cpu()
        for path in track(images, "looking", console=bar, transient=True)
    }
    return told, latents


def _pixels(path: Path, side: int) -> torch.Tensor:
    """The middle square of a picture, read as the tools read it: (3, side, side), -1 to 1."""
    import torch

    image = ImageOps.fit(picture(path), (side, side), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1


def _adapted(pipeline: Any, told: Sequence[Told], chosen: dict[str, Any]) -> Any:
    """The denoiser with a LoRA that has learnt nothing; checkpoints hold the LoRA alone."""
    import peft

    denoiser = getattr(pipeline, part_of(pipeline)).requires_grad_(False)
    rank = positive(chosen, "rank")
    config = peft.LoraConfig(
        r=rank, lora_alpha=rank, lora_dropout=float(chosen["peft_dropout"]), target_modules=ATTENTION
    )
    return peft.get_peft_model(learner(denoiser, told), config)


def _examples(
    rows: Sequence[Asked], latents: dict[Path, torch.Tensor], captions: list[str], noise: Levels, dropout: float | None
) -> Any:
    """A torch data set: with a share of captions to drop noise is drawn anew each time, with none it stays the same."""
    import torch

    each = 1 if dropout is not None else VAL_LEVELS
    width = len(noise.time) // each

    class Examples(torch.utils.data.Dataset[dict[str, Any]]):
        def __len__(self) -> int:
            return each * len(rows)

        def __getitem__(self, index: int) -> dict[str, Any]:
            place, part = divmod(index, each)
            clean = latents[rows[place].image]
            drawn = torch.Generator().manual_seed(index) if dropout is None else None
            grain = torch.randn(clean.shape, generator=drawn)
            level = part * width + int(torch.randint(width, (), generator=drawn))
            dropped = dropout is not None and bool(torch.rand(()) < dropout)
            return {
                "noisy": noise.noisy[level, 0] * clean + noise.noisy[level, 1] * grain,
                "target": noise.target[level, 0] * clean + noise.target[level, 1] * grain,
                "time": noise.time[level],
                "caption": 0 if dropped else captions.index(rows[place].answer),
            }

    return Examples()


def _written(model: Any, pipeline: Any, out: Path, base: ModelEntry) -> tuple[Source, ...]:
    """Write the LoRA, or where diffusers loads none for such a pipeline, the pipeline with the LoRA in its weights."""
    import peft
    import torch

    part = part_of(pipeline)
    if hasattr(pipeline, "load_lora_weights"):
        file = out / f"{out.name}.safetensors"
        layers = {
            name.removeprefix("base_model.model.denoiser."): value
            for name, value in peft.get_peft_model_state_dict(model).items()
        }
        given = {f"{part}_lora_layers": layers}
        pipeline.save_lora_weights(out, weight_name=file.name, safe_serialization=True, **given)
        return (Source(kind="file", location=str(file.resolve())), base.sources[0])
    folder = out / "pipeline"
    whole = base.path()
    shutil.copytree(whole, folder, dirs_exist_ok=True, ignore=lambda at, _: [part] if Path(at) == whole else [])
    model.merge_and_unload().denoiser.to(torch.float16).save_pretrained(folder / part, safe_serialization=True)
    return (Source(kind="file", location=str(folder.resolve())),)
