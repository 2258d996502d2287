"""What a pipeline's denoiser is told in training, and what it should say. Data, LoRA and the run live in `generate`.

What a pipeline tells its denoiser of a prompt differs by family, so it is not rebuilt here: the pipeline itself is
called, and its first call of the denoiser is caught.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.errors import UserError

if TYPE_CHECKING:
    import torch

FLOWS = ("FluxPipeline", "ZImagePipeline")
"""Classes of diffusers, of those that match flows, whose call of the denoiser is known here."""


class Levels(NamedTuple):
    """The levels of noise that a pipeline was trained on, a row each.

    Attributes:
        noisy: Shares of the clean latents and of the noise in what the denoiser gets, (levels, 2).
        target: Shares of the same two in what it should say, (levels, 2).
        time: What it is told of the level, (levels,).
    """

    noisy: torch.Tensor
    target: torch.Tensor
    time: torch.Tensor


class Told(NamedTuple):
    """What a denoiser is told of a prompt.

    Attributes:
        latents: Name of its argument for noisy latents.
        time: Name of its argument for the level of noise.
        listed: Whether it takes latents as a list, and answers with one.
        rest: Its other arguments, of a batch of one.
    """

    latents: str
    time: str
    listed: bool
    rest: dict[str, Any]


def part_of(pipeline: Any) -> str:
    """What the pipeline calls its denoiser: `unet` or `transformer`, or nothing where it has neither, or more."""
    found = [part for part in ("unet", "transformer") if getattr(pipeline, part, None) is not None]
    return found[0] if len(found) == 1 else ""


def levels(pipeline: Any, name: str) -> Levels:
    """Levels of noise, of a pipeline that has not run yet: its run would leave other ones.

    Args:
        pipeline: From text to image.
        name: Of the model, for an error.

    Raises:
        UserError: If its family is not known here.
    """
    import torch

    scheduler, family = pipeline.scheduler, type(pipeline).__name__
    matches = type(scheduler).__name__ == "FlowMatchEulerDiscreteScheduler"
    if not part_of(pipeline) or not hasattr(pipeline, "vae") or (matches and family not in FLOWS):
        raise UserError(
            f"{name} is a {family}, which cannot be trained here; use a Stable Diffusion, PixArt, FLUX.1 or Z-Image"
        )
    if matches:
        noise = scheduler.sigmas
        velocity = torch.tensor([-1.0, 1.0]).expand(len(noise), 2)
        noisy = torch.stack([1 - noise, noise], 1)
        # Z-Image tells how much is signal, and its denoiser's answer is negated before the scheduler sees it.
        return Levels(noisy, -velocity, 1 - noise) if family == FLOWS[1] else Levels(noisy, velocity, noise)
    kind = scheduler.config.get("prediction_type")
    if not hasattr(scheduler, "alphas_cumprod") or kind not in ("epsilon", "sample", "v_prediction"):
        raise UserError(
            f"{name} has a {type(scheduler).__name__}, whose noise cannot be trained on here; use another base"
        )
    alphas = scheduler.alphas_cumprod
    signal, noise = alphas.sqrt(), (1 - alphas).sqrt()
    none, one = torch.zeros_like(alphas), torch.ones_like(alphas)
    shares = {"epsilon": (none, one), "sample": (one, none), "v_prediction": (-noise, signal)}[kind]
    return Levels(torch.stack([signal, noise], 1), torch.stack(shares, 1), torch.arange(len(alphas)))


def encode(pipeline: Any, pixels: torch.Tensor) -> torch.Tensor:
    """Latents in the form that the denoiser takes, in single precision; the mode, where the autoencoder gives a spread.

    Args:
        pipeline: Whose autoencoder to use.
        pixels: (n, 3, side, side), -1 to 1.
    """
    import torch

    vae = pipeline.vae
    with torch.no_grad():
        encoded = vae.encode(pixels.to(vae.device, vae.dtype))
    latents = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()
    shift = vae.config.get("shift_factor") or 0.0
    made: torch.Tensor = (latents.float() - shift) * vae.config.scaling_factor
    match type(pipeline).__name__:
        case "FluxPipeline":
            return pipeline._pack_latents(made, *made.shape)  # type: ignore[no-any-return]
        case "ZImagePipeline":
            return made[:, :, None]
    return made


class _Caught(Exception):
    """Carries the arguments with which a denoiser was called."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__()
        self.arguments = dict(arguments)


def tell(pipeline: Any, prompt: str, side: int, given: Mapping[str, Any]) -> Told:
    """What the pipeline tells its denoiser of a prompt, without guidance; the denoiser does not run.

    Args:
        pipeline: From text to image.
        prompt: Of a caption; empty for what guidance compares with.
        side: Of the square picture, in pixels.
        given: What else the pipeline is called with.
    """
    denoiser = getattr(pipeline, part_of(pipeline))

    def catch(module: Any, positional: Any, named: Any) -> None:
        raise _Caught(inspect.signature(module.forward).bind(*positional, **named).arguments)

    # At 1 there is no guidance, but for Z-Image, which counts from 0.
    scale = 0.0 if type(pipeline).__name__ == "ZImagePipeline" else 1.0
    hook = denoiser.register_forward_pre_hook(catch, with_kwargs=True)
    try:
        pipeline(prompt, height=side, width=side, num_inference_steps=1, guidance_scale=scale, **given)
    except _Caught as caught:
        latents, time = next(iter(caught.arguments)), "t" if "t" in caught.arguments else "timestep"
        listed = isinstance(caught.arguments.pop(latents), list)
        del caught.arguments[time]
        return Told(latents, time, listed, _joined([caught.arguments], "cpu"))
    finally:
        hook.remove()
    raise AssertionError("a pipeline that makes pictures calls its denoiser")


def learner(denoiser: Any, told: Sequence[Told]) -> Any:
    """The denoiser as the Trainer wants it: to loss, and the loss of each row as logits.

    Args:
        denoiser: Of a pipeline.
        told: Of each caption, which rows name by their place here.
    """
    import torch

    class Learner(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.denoiser = denoiser
            self.dtype = denoiser.dtype

        def gradient_checkpointing_enable(self, **_: Any) -> None:
            self.denoiser.enable_gradient_checkpointing()

        def forward(
            self, noisy: torch.Tensor, target: torch.Tensor, time: torch.Tensor, caption: torch.Tensor
        ) -> dict[str, torch.Tensor]:
            said = [told[index] for index in caption.tolist()]
            latents = noisy.to(self.dtype)
            arguments = {
                said[0].latents: list(latents) if said[0].listed else latents,
                said[0].time: time.to(self.dtype) if time.is_floating_point() else time,
            }
            guess = self.denoiser(**arguments, **_joined([one.rest for one in said], noisy.device))[0]
            guess = torch.stack(guess) if said[0].listed else guess
            # Some also guess a variance, in as many channels again, which is left as it is.
            errors = (guess[:, : target.shape[1]].float() - target).square().flatten(1).mean(1)
            return {"loss": errors.mean(), "logits": errors}

    return Learner()


def _joined(values: Sequence[Any], device: Any) -> Any:
    """Arguments of batches of one as those of one batch; what has no axis for the batch is the same in all."""
    import torch

    first = values[0]
    if isinstance(first, dict):
        return {name: _joined([value[name] for value in values], device) for name in first}
    if isinstance(first, list):
        return [one.to(device) for value in values for one in value]
    if isinstance(first, torch.Tensor):
        return (torch.cat(list(values)) if first.ndim and len(first) == 1 else first).to(device)
    return first
