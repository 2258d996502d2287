"""The diffusers backend: pictures from prompts, and pictures changed. What to make, and if it came out, is others'.

Which pipeline class it is, the weights' `model_index.json` says; how it is sampled, the catalog's entry.
"""

from __future__ import annotations

import inspect
import math
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from tools import pipelines
from tools.catalog import ModelEntry, Sampling
from tools.errors import UserError
from tools.terms import check_cancelled

if TYPE_CHECKING:
    import torch

Step = Callable[[int, int], None]
"""Is told after each denoising step which it was, from 1, and how many there are."""

MULTIPLE = 16
"""Sides of pictures are multiples of this: FLUX and Z-Image pack latents of 8 pixels by twos."""


class Generator:
    """A diffusion pipeline of the catalog, safe to call from several threads."""

    def __init__(self, entry: ModelEntry) -> None:
        """Load the pipeline, without running any code that its folder may carry.

        Args:
            entry: Of a pipeline folder, or of a LoRA whose second source is one.

        Raises:
            UserError: If the weights are missing, not safetensors, not those of the catalog, or no pipeline.
        """
        self.name = entry.name
        self.sampling = entry.sampling or Sampling()
        self.side = entry.image_size or 512
        self._pipeline = pipelines.load(entry)
        pipelines.place(self._pipeline, entry)
        self._lock = threading.Lock()

    @property
    def restyles(self) -> bool:
        """Whether it can make a picture over, image to image."""
        return pipelines.variant(self._pipeline, "AutoPipelineForImage2Image") is not None

    @property
    def fills(self) -> bool:
        """Whether its family has a pipeline that fills masks; `fill` then uses it."""
        return pipelines.variant(self._pipeline, "AutoPipelineForInpainting") is not None

    def __call__(
        self, prompt: str, size: tuple[int, int], seeds: Sequence[int], step: Step | None = None
    ) -> list[Image.Image]:
        """Make pictures of a prompt, one for each seed, in one batch.

        The same seed gives the same picture, alone or in a batch, up to rounding.

        Args:
            prompt: What is to be seen.
            size: Width and height in pixels; what the model was not made for is made at its own size, then scaled.
            seeds: One a picture.
            step: See `Step`.

        Returns:
            RGB pictures of the size.
        """
        width, height = self._native(size)
        given = {"width": width, "height": height, "num_images_per_prompt": len(seeds)}
        return [scaled(image, size) for image in self._run(self._pipeline, prompt, seeds, given, step)]

    def restyle(self, image: Image.Image, prompt: str, seed: int, step: Step | None = None) -> Image.Image:
        """Make a picture over so that it fits a prompt, in its size.

        Raises:
            UserError: If the pipeline's family cannot.
        """
        made = pipelines.variant(self._pipeline, "AutoPipelineForImage2Image")
        if made is None:
            raise UserError(f"model {self.name} cannot make an image over; choose another model for generate")
        pipeline = made.from_pipe(self._pipeline)
        given = {"image": scaled(image, self._native(image.size)), "strength": self.sampling.strength}
        (result,) = self._run(pipeline, prompt, [seed], given, step, strength=self.sampling.strength)
        return scaled(result, image.size)

    def fill(
        self, image: Image.Image, mask: Image.Image, prompt: str, seed: int, step: Step | None = None
    ) -> Image.Image:
        """Paint what a mask covers anew so that it fits a prompt; what lies outside may change a little too.

        Args:
            image: RGB.
            mask: Mode L, white where to paint.
            prompt: What is to be seen in the whole picture.
            seed: Of the noise.
            step: See `Step`.
        """
        size = self._native(image.size)
        picture, hole = scaled(image, size), scaled(mask, size)
        made = pipelines.variant(self._pipeline, "AutoPipelineForInpainting")
        if made is not None:
            pipeline = made.from_pipe(self._pipeline)
            given = {"image": picture, "mask_image": hole, "strength": 1.0, "width": size[0], "height": size[1]}
            (result,) = self._run(pipeline, prompt, [seed], given, step)
        else:
            given = {"width": size[0], "height": size[1]}
            held = pipelines.Held(self._pipeline, picture, hole, seed)
            (result,) = self._run(self._pipeline, prompt, [seed], given, step, held=held)
        return scaled(result, image.size)

    def _native(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size at which the model works for a picture of this size: its own number of pixels, the same shape."""
        if self.sampling.square:
            return self.side, self.side
        scale = self.side / math.sqrt(size[0] * size[1])
        width, height = (max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE) for side in size)
        return width, height

    def _run(
        self,
        pipeline: Any,
        prompt: str,
        seeds: Sequence[int],
        given: dict[str, Any],
        step: Step | None,
        *,
        strength: float = 1.0,
        held: pipelines.Held | None = None,
    ) -> list[Image.Image]:
        import torch

        # Image to image runs this share of the steps; a model of one step must still run one.
        steps = math.ceil(self.sampling.steps / strength)
        accepted = inspect.signature(pipeline.__call__).parameters
        arguments = {
            "num_inference_steps": steps,
            "guidance_scale": self.sampling.guidance,
            "generator": [torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            **self.sampling.arguments,
            **given,
        }

        def after(number: int, latents: torch.Tensor) -> None:
            check_cancelled()
            if held is not None:
                held.restore(number, latents)
            if step is not None:
                step(number + 1, max(1, int(steps * strength)))

        with self._lock:
            check_cancelled()
            result = pipeline(prompt, **_watched(accepted, after), **arguments)
        flagged = getattr(result, "nsfw_content_detected", None) or []
        if any(flagged):
            raise Withheld(sum(map(bool, flagged)))
        return [image.convert("RGB") for image in result.images]


class Withheld(Exception):
    """The pipeline's own safety checker held pictures back; how many is its argument."""


def _watched(accepted: Any, after: Callable[[int, torch.Tensor], None]) -> dict[str, Any]:
    """The argument by which a pipeline is watched; older classes have another than newer ones."""
    if "callback_on_step_end" in accepted:

        def newer(pipeline: Any, number: int, time: Any, state: dict[str, Any]) -> dict[str, Any]:
            after(number, state["latents"])
            return state

        return {"callback_on_step_end": newer}

    def older(number: int, time: Any, latents: torch.Tensor) -> None:
        after(number, latents)

    return {"callback": older}


def scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in another size; itself where it has it already."""
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
