"""The transformers backend: a classifier of images, from a folder as transformers writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

from tools.catalog import ModelEntry, verified
from tools.errors import UserError
from tools.recogniser import BATCH, Floats


class ClassifierRecogniser:
    """A classifier such as a ViT; see `tools.recogniser.Recogniser`."""

    def __init__(self, entry: ModelEntry) -> None:
        """Load the folder, safetensors only, without running code of its own.

        Raises:
            UserError: If it is missing, not that of the catalog, or cannot be loaded.
        """
        from transformers import AutoImageProcessor, AutoModelForImageClassification

        path = verified(entry)
        try:
            self._model: Any = AutoModelForImageClassification.from_pretrained(
                path, local_files_only=True, use_safetensors=True
            ).eval()
            self._pixels: Any = AutoImageProcessor.from_pretrained(path, local_files_only=True)
        except (OSError, ValueError) as error:
            raise UserError(f"model {entry.name}: {path} cannot be loaded as a classifier; get it anew") from error
        self.name = entry.name
        self.classes = entry.classes

    def __call__(self, images: Sequence[Image.Image], labels: Sequence[str] = ()) -> Floats:
        """See `Recogniser`."""
        shares = [out.logits.softmax(dim=1).numpy() for out in self._outputs(images)]
        return np.asarray(np.concatenate(shares), dtype=np.float32)

    def embed(self, images: Sequence[Image.Image]) -> Floats:
        """See `Recogniser`: the mean of the last features over the picture."""
        parts = []
        for out in self._outputs(images):
            last = out.hidden_states[-1]
            # (B, T, C) of a transformer, (B, C, H, W) of a convolutional network.
            seen = last.mean(dim=1) if last.ndim == 3 else last.mean(dim=(2, 3))
            parts.append((seen / seen.norm(dim=1, keepdim=True)).numpy())
        return np.asarray(np.concatenate(parts), dtype=np.float32)

    def _outputs(self, images: Sequence[Image.Image]) -> Iterator[Any]:
        import torch

        for start in range(0, len(images), BATCH):
            pixels = self._pixels(images=list(images[start : start + BATCH]), return_tensors="pt").pixel_values
            with torch.inference_mode():
                yield self._model(pixel_values=pixels, output_hidden_states=True)
