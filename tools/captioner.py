"""The backend of captions and of answers about pictures: EfficientNet-Lite0 looks, a small decoder of BLIP's writes.

What it was trained on, and so which questions it knows, is `finetune.recipes.describe`'s.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from tools.catalog import ModelEntry, packaged, verified
from tools.errors import UserError
from tools.recogniser import DEFAULT_IMAGE_SIZE, Backbone, load_backbone

if TYPE_CHECKING:
    from pathlib import Path

MAX_TOKENS = 48
"""Of an answer or a caption."""


class Said(NamedTuple):
    """An answer or a caption.

    Attributes:
        text: In the words of the data that the model was trained on.
        score: Probability of the word that it was least sure of, 0 to 1.
    """

    text: str
    score: float


class Captioner:
    """Answers questions about pictures, or captions them, in the words that it was trained on."""

    def __init__(self, entry: ModelEntry) -> None:
        """Load the decoder's folder, safetensors only, and the backbone.

        Raises:
            UserError: If one is missing, not that of the catalog, or no decoder.
        """
        self.name = entry.name
        self._decoder, self._tokenizer = load_decoder(verified(entry), decoder_class())
        self._backbone = Backbone(load_backbone(packaged(entry.sources[1])))
        self._size = entry.image_size or DEFAULT_IMAGE_SIZE
        self._lock = threading.Lock()  # the tokenizer is not safe to share

    def __call__(self, image: Image.Image, question: str = "") -> Said:
        """Answer a question about a picture; without one, caption it.

        Args:
            image: RGB, of any size.
            question: In the style of those that it was trained on.
        """
        import torch

        seen = torch.from_numpy(self._backbone.cells([image], self._size))
        with self._lock, torch.inference_mode():
            asked = torch.tensor([prompt(self._tokenizer, question)])
            told = self._decoder.generate(
                input_ids=asked,
                attention_mask=torch.ones_like(asked),
                encoder_hidden_states=self._decoder.look(seen, asked),
                max_new_tokens=MAX_TOKENS,
                do_sample=False,
                output_scores=True,
                return_dict_in_generate=True,
            )
            sure = self._decoder.compute_transition_scores(told.sequences, told.scores, normalize_logits=True)
            text = self._tokenizer.decode(told.sequences[0, asked.shape[1] :], skip_special_tokens=True)
        return Said(text.strip(), float(sure.min().exp()))


def decoder_class() -> Any:
    """BLIP's text decoder, before which the words of a question weigh what is seen; torch is imported only here."""
    import torch
    from transformers import BlipTextConfig
    from transformers.models.blip.modeling_blip_text import BlipTextLMHeadModel

    class GatedDecoder(BlipTextLMHeadModel):
        def __init__(self, config: BlipTextConfig) -> None:
            super().__init__(config)  # type: ignore[no-untyped-call]
            self.gate = torch.nn.Embedding(config.vocab_size, config.encoder_hidden_size, config.pad_token_id)
            self.post_init()  # type: ignore[no-untyped-call]

        def look(self, seen: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
            """What is seen, weighed by a question: attention alone is slow to learn whether a thing is the one meant.

            After FiLM (Perez et al., arXiv 1709.07871), by multiplication alone.

            Args:
                seen: Shape (pictures, places, features).
                asked: Tokens of the question, shape (pictures, tokens).
            """
            weighed: torch.Tensor = seen * (1 + self.gate(asked).sum(1, keepdim=True))
            return weighed

    return GatedDecoder


def load_decoder(folder: Path, kind: Any) -> tuple[Any, Any]:
    """A decoder in evaluation mode, and its tokenizer.

    Args:
        folder: As transformers writes it.
        kind: The decoder's class, or one made of it.

    Raises:
        UserError: If the folder cannot be loaded as such.
    """
    from transformers import AutoTokenizer

    try:
        decoder: Any = kind.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        return decoder.eval(), AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise UserError(f"{folder} cannot be loaded as a decoder of captions; train it anew") from error


def prompt(tokenizer: Any, question: str) -> list[int]:
    """The tokens that an answer follows: `[CLS] question [SEP]`; of a caption, `[CLS] [SEP]`."""
    words = tokenizer(question, add_special_tokens=False)["input_ids"]
    return [tokenizer.bos_token_id, *words, tokenizer.eos_token_id]
