from pathlib import Path

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # diffusers and transformers warn of their own next versions


@pytest.mark.slow
def test_training_goes_on_and_ends_in_a_folder_that_diffusers_loads(tmp_path: Path) -> None:
    from diffusers import DiffusionPipeline

    from finetune.generate import GenerateConfig, train

    small = {"scenes": 40, "batch": 4, "width": 32, "heads": 2, "layers": 1, "save_every": 1}
    train(tmp_path, GenerateConfig(steps=2, **small))
    checkpoint = (tmp_path / "last.pt").stat().st_mtime_ns
    folder = train(tmp_path, GenerateConfig(steps=3, **small))
    pipeline = DiffusionPipeline.from_pretrained(folder, use_safetensors=True)
    given = {"use_resolution_binning": False, "clean_caption": False, "max_sequence_length": 16}
    image = pipeline("a dog left of an owl", num_inference_steps=2, **given).images[0]

    assert (tmp_path / "last.pt").stat().st_mtime_ns > checkpoint
    assert image.size == (96, 96)


def test_the_autoencoder_changes_nothing() -> None:
    import torch

    from finetune.generate import identity_vae

    vae = identity_vae()
    pixels = torch.rand(1, 3, 8, 8) * 2 - 1
    latents = vae.encode(pixels).latents * vae.config.scaling_factor

    assert torch.allclose(latents, pixels, atol=1e-5)
    assert torch.allclose(vae.decode(latents / vae.config.scaling_factor).sample, pixels, atol=2e-3)


def test_every_word_of_the_prompts_is_a_token() -> None:
    from evals.diorama.prompts import sample_prompt
    from finetune.generate import word_tokenizer

    tokenizer = word_tokenizer()
    prompts = [sample_prompt(seed).text for seed in range(300)]
    ids = tokenizer(prompts)["input_ids"]

    assert tokenizer.unk_token_id not in {token for one in ids for token in one}
    assert max(map(len, ids)) <= tokenizer.model_max_length
