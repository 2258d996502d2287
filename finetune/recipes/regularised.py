"""What keeps a classifier from learning its few images by heart: mixed and attacked images, softer labels, teachers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.catalog import find
from tools.errors import UserError
from tools.intake import picture
from tools.models import load
from tools.recogniser import BATCH, Floats

if TYPE_CHECKING:
    import torch

TAUGHT = 0.5
"""How much what a teacher says weighs against the label; Hinton et al., arXiv 1503.02531, at temperature 1."""


def teach(names: str, paths: Sequence[str], classes: Sequence[str]) -> Floats:
    """What models of the catalog say of images: how likely each class is, shape (images, classes).

    Args:
        names: Of one, or of several with commas between: an ensemble, whose mean is taken.
        paths: Of the images.
        classes: Those to tell apart; each teacher must know them all, and may know more.

    Raises:
        UserError: If there is no such model, or it does not know the classes.
    """
    return np.asarray(np.mean([_said(name.strip(), paths, classes) for name in names.split(",")], axis=0), np.float32)


def _said(name: str, paths: Sequence[str], classes: Sequence[str]) -> Floats:
    entry = find(name)
    if entry.task != "recognise" or (entry.classes and not set(classes) <= set(entry.classes)):
        raise UserError(f"{name} cannot teach these classes: it must be a recogniser that knows {', '.join(classes)}")
    model, parts = load(entry), []
    for start in range(0, len(paths), BATCH):
        images = [picture(path) for path in paths[start : start + BATCH]]
        if entry.classes:
            parts.append(model(images)[:, [entry.classes.index(one) for one in classes]])
        else:
            parts.append(model(images, classes))
    said = np.concatenate(parts)
    return np.asarray(said / np.maximum(said.sum(axis=1, keepdims=True), 1e-9), dtype=np.float32)


def regularised(model: Any, *, label_smoothing: float, mixup: float, cutmix: float, adversarial: float) -> Any:
    """The model as the Trainer wants it: pictures and labels to loss and logits; frozen layers stay as they are.

    Args:
        model: A classifier of timm.
        label_smoothing: Share of a label that goes to all classes alike (Szegedy et al., arXiv 1512.00567).
        mixup: Parameter of the beta distribution that says how much of another image is mixed in, 0 for none.
        cutmix: The same for a rectangle of another image; with both, each batch gets one of them.
        adversarial: How far each pixel moves against the model, as a share of its range; half of the loss is then on
            images so attacked, by one step along the gradient's sign (Goodfellow et al., arXiv 1412.6572).
    """
    import torch
    from torch.nn.functional import cross_entropy, one_hot
    from torchvision.transforms import v2

    mixes = [mix(alpha=alpha) for mix, alpha in ((v2.MixUp, mixup), (v2.CutMix, cutmix)) if alpha > 0]
    mixed = v2.RandomChoice(mixes) if mixes else None

    class Regularised(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def train(self, mode: bool = True) -> Any:
            super().train(mode)
            for part in self.model.modules():  # else the frozen layers' batch statistics would move
                if not any(parameter.requires_grad for parameter in part.parameters()):
                    part.eval()
            return self

        def forward(
            self, pixels: torch.Tensor, labels: torch.Tensor, taught: torch.Tensor | None = None
        ) -> dict[str, torch.Tensor]:
            if not self.training:
                logits = self.model(pixels)
                return {"loss": cross_entropy(logits, labels), "logits": logits}
            wanted = one_hot(labels, self.model.num_classes).float()
            if taught is not None:
                wanted = (1 - TAUGHT) * wanted + TAUGHT * taught
            if mixed is not None:
                pixels, wanted = mixed(pixels, wanted)
            loss, logits = self._loss(pixels.requires_grad_(adversarial > 0), wanted)
            if adversarial > 0:
                (slope,) = torch.autograd.grad(loss, pixels, retain_graph=True)
                # Normalised pixels reach from -1 to 1: their range is 2.
                attacked = (pixels.detach() + 2 * adversarial * slope.sign()).clamp(-1, 1)
                loss = (loss + self._loss(attacked, wanted)[0]) / 2
            return {"loss": loss, "logits": logits}

        def _loss(self, pixels: torch.Tensor, wanted: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            logits = self.model(pixels)
            return cross_entropy(logits, wanted, label_smoothing=label_smoothing), logits

    return Regularised()
