"""Trains the generator, a small pixel-space diffusion transformer. From top to bottom: data, parts, noise, training."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from evals.diorama.prompts import CELL, EMPTY, PHRASES, SIDE, TRAIN_SCENES, TRAIN_SEED, sample_prompt
from evals.diorama.render import paint
from finetune.first_weights import compute, denoise
from graphs.taxonomy import CATEGORIES

if TYPE_CHECKING:
    import torch
    from transformers import T5Tokenizer

NAME = "diorama-generator"
MAX_TOKENS = 16
LATENT_SCALE = 0.1


class GenerateConfig(BaseModel):
    """The recipe.

    A token of the transformer is a whole cell of the scenes' grid: nine tokens make a picture, so that a step costs
    little. Noise is shifted towards high levels, where it is decided what stands in which cell.
    """

    scenes: int = TRAIN_SCENES
    steps: int = 8_000
    batch: int = 32
    lr: float = 1.5e-3
    cooldown: float = 0.4
    warmup: int = 30
    drop_prompt: float = 0.1
    width: int = 160
    heads: int = 4
    layers: int = 5
    noise_shift: float = 0.25
    save_every: int = 100
    start_scenes: int = 1_500
    seed: int = 0


def _data(out: Path, config: GenerateConfig) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Paint the scenes, unless they are there: pixels (scenes, SIDE, SIDE, 3), and their prompts."""
    pixels, prompts = out / "scenes.npy", out / "prompts.json"
    if not prompts.exists():
        data = np.zeros((config.scenes, SIDE, SIDE, 3), dtype=np.uint8)
        texts = []
        for index in range(config.scenes):
            prompted = sample_prompt(TRAIN_SEED + index)
            data[index] = np.asarray(paint(prompted.scene).image)
            texts.append(prompted.text)
            if index % 1000 == 0:
                print(json.dumps({"scene": index, "of": config.scenes}), flush=True)
        np.save(pixels, data)
        prompts.write_text(json.dumps(texts))
    return np.load(pixels, mmap_mode="r"), json.loads(prompts.read_text())


def word_tokenizer() -> T5Tokenizer:
    """One token a word: those of the prompts' grammar."""
    from transformers import T5Tokenizer

    phrases = [*CATEGORIES, EMPTY, "a an and", *(phrase for said in PHRASES.values() for phrase in said)]
    words = sorted({word for phrase in phrases for word in phrase.split()})
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0), (",", -1.0), *((f"▁{word}", -1.0) for word in words)]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0, model_max_length=MAX_TOKENS)


def identity_vae() -> Any:
    """An autoencoder that changes nothing but the scale: the pipeline's class wants one, the model works on pixels."""
    import torch
    from diffusers import AutoencoderTiny

    vae: Any = AutoencoderTiny(
        encoder_block_out_channels=(3,),
        decoder_block_out_channels=(3,),
        num_encoder_blocks=(0,),
        num_decoder_blocks=(0,),
        latent_channels=3,
        scaling_factor=1 / LATENT_SCALE,
    )
    # Encoder and decoder see pixels from 0 to 1. The decoder bends what is far from 0 and cuts off what is below it, so
    # that latents are kept small and are lifted before the cut.
    first, second = vae.encoder.layers
    lift, _, lower = vae.decoder.layers
    eye = torch.eye(3)
    with torch.no_grad():
        for layer, gain, offset in (
            (first, 1.0, 0.0),
            (second, 2 * LATENT_SCALE, -LATENT_SCALE),
            (lift, 1.0, 1.0),
            (lower, 0.5 / LATENT_SCALE, 0.5 - 0.5 / LATENT_SCALE),
        ):
            layer.weight.zero_()
            layer.weight[:, :, 1, 1] = gain * eye
            layer.bias.fill_(offset)
    return vae


def _betas(config: GenerateConfig, count: int = 1000) -> list[float]:
    """The cosine schedule of Nichol and Dhariwal (2021), shifted as in Hoogeboom et al., "simple diffusion" (2023)."""
    time = (np.arange(count) + 1) / count
    log_snr = -2 * np.log(np.tan(np.pi / 2 * np.clip(time, 0.002, 0.999))) + 2 * math.log(config.noise_shift)
    alphas = 1 / (1 + np.exp(-log_snr))
    betas = 1 - alphas / np.concatenate([[1.0], alphas[:-1]])
    return [float(beta) for beta in np.clip(betas, 1e-6, 0.999)]


def build(config: GenerateConfig) -> Any:
    """The pipeline, untrained: a word-level T5 encoder and a diffusion transformer that predicts the clean picture."""
    from diffusers import DDIMScheduler, PixArtAlphaPipeline, PixArtTransformer2DModel
    from transformers import T5Config, T5EncoderModel

    tokenizer = word_tokenizer()
    text = T5Config(
        vocab_size=len(tokenizer),
        d_model=config.width,
        d_kv=config.width // config.heads,
        num_heads=config.heads,
        d_ff=2 * config.width,
        num_layers=2,
        dropout_rate=0.0,
    )
    transformer = PixArtTransformer2DModel(
        num_attention_heads=config.heads,
        attention_head_dim=config.width // config.heads,
        in_channels=3,
        out_channels=3,
        num_layers=config.layers,
        cross_attention_dim=config.width,
        sample_size=SIDE,
        patch_size=CELL,
        interpolation_scale=1,
        caption_channels=config.width,
    )
    scheduler = DDIMScheduler(
        trained_betas=_betas(config),
        prediction_type="sample",
        clip_sample=False,
        timestep_spacing="trailing",
    )
    return PixArtAlphaPipeline(
        tokenizer=tokenizer,
        text_encoder=T5EncoderModel(text),
        vae=identity_vae(),
        transformer=transformer,
        scheduler=scheduler,
    )


class _Run:
    """The state of a training run: model, optimiser, step; kept in `last.pt`."""

    def __init__(self, out: Path, config: GenerateConfig, pixels: npt.NDArray[np.uint8], ids: torch.Tensor) -> None:
        import torch

        self.config = config
        self.path = out / "last.pt"
        self.pipeline = build(config)
        self.model = torch.nn.ModuleList([self.pipeline.transformer, self.pipeline.text_encoder])
        if not self.path.exists():
            compute(self.pipeline, pixels[: config.start_scenes], ids[: config.start_scenes])
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=config.lr, betas=(0.9, 0.98), weight_decay=0.01)
        self.step = 0
        if self.path.exists():
            kept = torch.load(self.path, weights_only=True)
            self.model.load_state_dict(kept["model"])
            self.optimizer.load_state_dict(kept["optimizer"])
            self.step = kept["step"]

    def save(self) -> None:
        import torch

        state = {"model": self.model.state_dict(), "step": self.step}
        partial = self.path.with_suffix(".partial")
        torch.save(state | {"optimizer": self.optimizer.state_dict()}, partial)
        partial.replace(self.path)

    def update(self, loss: torch.Tensor) -> None:
        import torch

        left = (self.config.steps - self.step) / (self.config.cooldown * self.config.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.lr * max(min(1.0, (self.step + 1) / self.config.warmup, left), 0.0)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1


def _loss(pipeline: Any, clean: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Mean squared error of the predicted clean pictures, at times spread evenly over the batch."""
    import torch

    steps = len(pipeline.scheduler.alphas_cumprod)
    time = ((torch.rand(()) + torch.arange(len(clean)) / len(clean)) % 1 * steps).long()
    return torch.nn.functional.mse_loss(denoise(pipeline, clean, ids, time), clean)


def train(out: Path, config: GenerateConfig | None = None) -> Path:
    """Train from nothing to a pipeline folder; goes on where an earlier run in the same folder broke off.

    Args:
        out: Folder for data, checkpoint and the result.
        config: The recipe.

    Returns:
        The folder, in diffusers' layout and half precision, that `DiffusionPipeline.from_pretrained` loads.
    """
    import torch

    config = config or GenerateConfig()
    out.mkdir(parents=True, exist_ok=True)
    pixels, prompts = _data(out, config)
    torch.manual_seed(config.seed)
    options = {"padding": "max_length", "max_length": MAX_TOKENS, "return_tensors": "pt"}
    ids, nothing = (word_tokenizer()(texts, **options)["input_ids"] for texts in (prompts, [""]))
    run = _Run(out, config, pixels, ids)
    torch.manual_seed(config.seed + run.step)
    run.model.train()
    while run.step < config.steps:
        chosen = torch.randint(len(pixels), (config.batch,))
        clean = torch.from_numpy(pixels[chosen.numpy()]).permute(0, 3, 1, 2).float() / 127.5 - 1
        words = torch.where(torch.rand(config.batch, 1) < config.drop_prompt, nothing, ids[chosen])
        loss = _loss(run.pipeline, clean, words)
        run.update(loss)
        if run.step % 20 == 0:
            print(json.dumps({"step": run.step, "of": config.steps, "loss": float(loss.detach())}), flush=True)
        if run.step % config.save_every == 0:
            run.save()
    run.save()
    return export(run, out / NAME)


def export(run: _Run, folder: Path) -> Path:
    """Write the weights as a pipeline folder, in half precision."""
    import torch

    pipeline = run.pipeline.to(torch.float16)
    pipeline.save_pretrained(folder, safe_serialization=True)
    # Transformers loads in the precision that the file names, diffusers in single: parts of two kinds cannot be run.
    settings = folder / "text_encoder" / "config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"dtype": "float32"}, indent=2) + "\n")
    return folder
