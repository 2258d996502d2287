"""The SigLIP backend with a small model that has learnt nothing, in the form in which real ones are stored."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.catalog import ModelEntry, Source, checksum
from tools.errors import UserError
from tools.siglip import SiglipRecogniser


def entry(folder: Path) -> ModelEntry:
    source = Source(kind="file", location=str(folder))
    return ModelEntry(
        name="small-siglip", task="recognise", backend="siglip", sources=(source,), licence="MIT",
        sha256=checksum(folder),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast, SiglipConfig, SiglipImageProcessor, SiglipModel

    words = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "This", "is", "a", "photo", "of", "dog"])}
    made = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    path = tmp_path_factory.mktemp("siglip")
    PreTrainedTokenizerFast(tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(path)
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    config = SiglipConfig(
        text_config=small | {"vocab_size": 16, "max_position_embeddings": 64, "projection_size": 32},
        vision_config=small | {"image_size": 32, "patch_size": 16},
    )
    SiglipModel(config).save_pretrained(path)
    SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(path)
    return path


def test_any_labels_share_a_picture_between_them(folder: Path) -> None:
    recogniser = SiglipRecogniser(entry(folder))
    noise = np.random.default_rng(0).integers(0, 256, (2, 40, 50, 3), dtype=np.uint8)
    images = [Image.fromarray(one) for one in noise]
    shares = recogniser(images, ["dog", "of a photo", "is this"])
    assert shares.shape == (2, 3)
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert recogniser(images[:1], ["is this", "dog"])[0] == pytest.approx(
        shares[0, [2, 0]] / shares[0, [2, 0]].sum(), abs=1e-4
    )
    vectors = recogniser.embed(images)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)
    assert vectors[:1] == pytest.approx(recogniser.embed(images[:1]), abs=1e-4)


def test_what_is_no_siglip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="cannot be loaded as a SigLIP"):
        SiglipRecogniser(entry(tmp_path))
