"""The SigLIP backend: a recogniser that takes any labels, from a folder as transformers writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from tools.catalog import ModelEntry, verified
from tools.errors import UserError
from tools.recogniser import BATCH, Floats

PROMPT = "This is a photo of {}."
"""Words around a label, as in the training of the model (Zhai et al. 2023, section 4)."""

TOKENS = 64


class SiglipRecogniser:
    """A SigLIP; see `tools.recogniser.Recogniser`. It knows no classes of its own."""

    classes: tuple[str, ...] = ()

    def __init__(self, entry: ModelEntry) -> None:
        """Load the folder, safetensors only, without running code of its own.

        Raises:
            UserError: If it is missing, not that of the catalog, or cannot be loaded.
        """
        from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

        path = verified(entry)
        try:
            self._model: Any = AutoModel.from_pretrained(path, local_files_only=True, use_safetensors=True).eval()
            self._pixels: Any = AutoImageProcessor.from_pretrained(path, local_files_only=True)
            self._tokens: Any = AutoTokenizer.from_pretrained(path, local_files_only=True)
        except (OSError, ValueError) as error:
            raise UserError(f"model {entry.name}: {path} cannot be loaded as a SigLIP; pull it again") from error
        self.name = entry.name

    def __call__(self, images: Sequence[Image.Image], labels: Sequence[str] = ()) -> Floats:
        """See `Recogniser`; the shares of the labels add up to 1, however little any of them fits."""
        import torch

        texts = [PROMPT.format(label) for label in labels]
        tokens = self._tokens(
            texts, padding="max_length", max_length=TOKENS, truncation=True, return_tensors="pt"
        ).input_ids
        with torch.inference_mode():
            words = self._model.get_text_features(input_ids=tokens).pooler_output
            words = words / words.norm(dim=1, keepdim=True)
            logits = torch.from_numpy(self.embed(images)) @ words.T * self._model.logit_scale.exp()
            return np.asarray(logits.softmax(dim=1).numpy(), dtype=np.float32)

    def embed(self, images: Sequence[Image.Image]) -> Floats:
        """See `Recogniser`."""
        import torch

        parts = []
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                batch = [image.convert("RGB") for image in images[start : start + BATCH]]
                pixels = self._pixels(images=batch, return_tensors="pt").pixel_values
                seen = self._model.get_image_features(pixel_values=pixels).pooler_output
                parts.append((seen / seen.norm(dim=1, keepdim=True)).numpy())
        return np.asarray(np.concatenate(parts), dtype=np.float32)
