"""Diffusion pipelines: loaded safely, put where the device has room, and made to hold what an edit must not touch."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.catalog import ROOT, ModelEntry, verified
from tools.errors import UserError

if TYPE_CHECKING:
    import torch
    from PIL import Image

PICKLED = {".bin", ".ckpt", ".pt", ".pth", ".pkl"}
TILED_SIDE = 1024
"""From this size on the autoencoder decodes in tiles: its memory, not the transformer's, is then what runs out."""


def load(entry: ModelEntry) -> Any:
    """Load the pipeline of an entry: safetensors only, no code, nothing from the network.

    Raises:
        UserError: If it is missing, changed, holds pickles or code, or is no pipeline.
    """
    own = verified(entry)
    folder = own if own.is_dir() else _base(entry)
    refuse_unsafe(entry.name, folder)
    import torch
    from diffusers import DiffusionPipeline
    from diffusers.utils import logging as told
    from transformers.utils import logging as transformers_logging

    told.set_verbosity(logging.ERROR)
    told.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    try:
        pipeline = DiffusionPipeline.from_pretrained(
            str(folder), use_safetensors=True, local_files_only=True, dtype=dtype, trust_remote_code=False
        )
    except Exception as error:  # diffusers and transformers raise many types on folders that are no pipelines.
        raise UserError(f"model {entry.name}: {folder} cannot be loaded as a diffusers pipeline ({error})") from error
    pipeline.set_progress_bar_config(disable=True)
    if own is not folder:
        _adapt(pipeline, entry, own)
    if entry.sampling is not None and entry.sampling.scheduler:
        import diffusers

        kind = getattr(diffusers, entry.sampling.scheduler)
        pipeline.scheduler = kind.from_config(pipeline.scheduler.config)
    return pipeline


def _base(entry: ModelEntry) -> Path:
    """The pipeline folder that a LoRA stands on."""
    if len(entry.sources) < 2 or entry.sources[1].kind not in ("repo", "file"):
        raise UserError(f"model {entry.name}: a LoRA names the folder of its pipeline as its second source")
    return ROOT / entry.sources[1].location


def _adapt(pipeline: Any, entry: ModelEntry, weights: Path) -> None:
    if weights.suffix != ".safetensors":
        raise UserError(f"model {entry.name}: {weights.name} is no safetensors file; convert it")
    if not hasattr(pipeline, "load_lora_weights"):
        raise UserError(f"model {entry.name}: {type(pipeline).__name__} takes no LoRA; choose another pipeline")
    pipeline.load_lora_weights(str(weights.parent), weight_name=weights.name, use_safetensors=True)


def refuse_unsafe(name: str, folder: Path) -> None:
    """Refuse a pipeline folder from which loading could run code.

    Raises:
        UserError: If it holds pickled weights or Python files, or no `model_index.json`.
    """
    if not (folder / "model_index.json").is_file():
        raise UserError(f"model {name}: {folder} is no pipeline folder: it has no model_index.json")
    unsafe = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in PICKLED or path.suffix == ".py"
    )
    if unsafe:
        raise UserError(f"model {name}: {unsafe[0]} could run code when loaded; use weights in safetensors")


def place(pipeline: Any, entry: ModelEntry) -> None:
    """Put a pipeline where there is room: all on the GPU, else parts of it as they are needed, else on the CPU."""
    import torch

    vae: Any = getattr(pipeline, "vae", None)
    if hasattr(vae, "enable_slicing"):
        vae.enable_slicing()
    if hasattr(vae, "enable_tiling") and (entry.image_size or 0) >= TILED_SIDE:
        vae.enable_tiling()
    if not torch.cuda.is_available():
        return
    free, _ = torch.cuda.mem_get_info()
    parts = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    sizes = [sum(weight.nbytes for weight in part.parameters()) for part in parts]
    # A third more than the weights for activations, as with FLUX at one megapixel.
    if sum(sizes) * 4 / 3 <= free:
        pipeline.to("cuda")
    elif max(sizes) * 4 / 3 <= free:
        pipeline.enable_model_cpu_offload()
    else:
        pipeline.enable_sequential_cpu_offload()


def variant(pipeline: Any, auto: str) -> Any:
    """The class of diffusers that makes another pipeline of this one's parts, or none where its family has none.

    Args:
        pipeline: From text to image.
        auto: `AutoPipelineForImage2Image` or `AutoPipelineForInpainting`.
    """
    import diffusers
    from diffusers.pipelines import auto_pipeline

    tables = {
        "AutoPipelineForImage2Image": auto_pipeline.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING,
        "AutoPipelineForInpainting": auto_pipeline.AUTO_INPAINT_PIPELINES_MAPPING,
    }
    family = next(
        (name for name, kind in auto_pipeline.AUTO_TEXT2IMAGE_PIPELINES_MAPPING.items() if kind is type(pipeline)), None
    )
    return getattr(diffusers, auto) if family in tables[auto] else None


class Held:
    """What lies outside a mask, put back after each step at that step's level of noise (RePaint, Lugmayr et al. 2022).

    For families that diffusers has no inpainting pipeline for.
    """

    def __init__(self, pipeline: Any, image: Image.Image, mask: Image.Image, seed: int) -> None:
        """Encode the picture.

        Args:
            pipeline: From text to image.
            image: RGB, in the size at which the pipeline works.
            mask: Mode L, of the same size, white where the pipeline paints.
            seed: Of the noise.
        """
        import numpy as np
        import torch

        pixels = torch.from_numpy(np.asarray(image, dtype=np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
        with torch.no_grad():
            encoded = pipeline.vae.encode(pixels.to(pipeline.vae.dtype))
        self._scheduler = pipeline.scheduler
        latents = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()
        self._clean = latents * pipeline.vae.config.scaling_factor
        self._noise = torch.randn(self._clean.shape, generator=torch.Generator().manual_seed(seed))
        hole = torch.from_numpy(np.asarray(mask, dtype=np.float32))[None, None] / 255
        self._hole = torch.nn.functional.interpolate(hole, self._clean.shape[-2:], mode="area")

    def restore(self, number: int, latents: torch.Tensor) -> None:
        """Put back what is held, in place, after step `number`, which is counted from 0."""
        times = self._scheduler.timesteps
        known = self._clean
        if number + 1 < len(times):
            known = self._scheduler.add_noise(self._clean, self._noise, times[number + 1 : number + 2])
        latents.copy_(self._hole * latents + (1 - self._hole) * known)
