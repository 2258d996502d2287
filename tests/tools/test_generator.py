"""Each pipeline class of the catalog, built of tiny random weights, saved, loaded as the catalog does, and run."""

import string
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tools.catalog import ModelEntry, Sampling, Source, checksum, entries
from tools.errors import UserError
from tools.generator import Generator
from tools.pipelines import refuse_unsafe
from tools.terms import Cancelled, cancellable

SIDE = 32
pytestmark = pytest.mark.filterwarnings("ignore")  # diffusers and transformers warn of their own next versions


def clip_parts(hidden: int = 32, projection: bool = False) -> tuple[Any, Any]:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    letters = [letter + end for letter in string.ascii_lowercase for end in ("", "</w>")]
    vocabulary = {token: place for place, token in enumerate(["<|startoftext|>", "<|endoftext|>", *letters])}
    config = CLIPTextConfig(
        vocab_size=len(vocabulary), hidden_size=hidden, intermediate_size=32, projection_dim=32, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=16, bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    kind = CLIPTextModelWithProjection if projection else CLIPTextModel
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=16), kind(config)


def t5_parts() -> tuple[Any, Any]:
    from transformers import T5Config, T5EncoderModel, T5Tokenizer

    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), ("▁a", -1.0), ("▁dog", -1.0)]
    config = T5Config(vocab_size=5, d_model=32, d_kv=16, d_ff=32, num_layers=1, num_heads=2)
    return T5Tokenizer(vocab=vocabulary, extra_ids=0, model_max_length=16), T5EncoderModel(config)


def vae(channels: int) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8), down_block_types=("DownEncoderBlock2D",) * 2, norm_num_groups=4,
        up_block_types=("UpDecoderBlock2D",) * 2, latent_channels=channels, shift_factor=0.1, sample_size=SIDE,
    )  # fmt: skip


def unet(**more: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=SIDE // 2, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), attention_head_dim=2,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **{"cross_attention_dim": 32, **more},
    )  # fmt: skip


def sd_turbo() -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline

    tokenizer, encoder = clip_parts()
    return StableDiffusionPipeline(
        vae=vae(4), text_encoder=encoder, tokenizer=tokenizer, unet=unet(), safety_checker=None, feature_extractor=None,
        scheduler=EulerDiscreteScheduler(timestep_spacing="trailing"), requires_safety_checker=False,
    )  # fmt: skip


def sdxl_turbo() -> Any:
    from diffusers import EulerAncestralDiscreteScheduler, StableDiffusionXLPipeline

    (tokenizer, encoder), (second, projected) = clip_parts(), clip_parts(projection=True)
    network = unet(
        cross_attention_dim=64, addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=80,
    )  # fmt: skip
    return StableDiffusionXLPipeline(
        vae=vae(4), text_encoder=encoder, tokenizer=tokenizer, text_encoder_2=projected, tokenizer_2=second,
        unet=network, scheduler=EulerAncestralDiscreteScheduler(timestep_spacing="trailing"),
    )  # fmt: skip


def flux() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    (tokenizer, encoder), (second, t5) = clip_parts(), t5_parts()
    transformer = FluxTransformer2DModel(
        in_channels=4, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8),
    )  # fmt: skip
    return FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae(1), text_encoder=encoder, tokenizer=tokenizer,
        text_encoder_2=t5, tokenizer_2=second, transformer=transformer,
    )  # fmt: skip


def z_image() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, ZImagePipeline, ZImageTransformer2DModel
    from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3Model

    vocabulary = {token: place for place, token in enumerate(["<|endoftext|>", *string.ascii_lowercase])}
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[])
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    config = Qwen3Config(
        vocab_size=len(vocabulary), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=8,
    )  # fmt: skip
    transformer = ZImageTransformer2DModel(
        in_channels=4, dim=32, n_layers=1, n_refiner_layers=1, n_heads=2, n_kv_heads=2, cap_feat_dim=16,
        axes_dims=[8, 4, 4], axes_lens=[256, 32, 32],
    )  # fmt: skip
    return ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae(4), text_encoder=Qwen3Model(config), tokenizer=tokenizer,
        transformer=transformer,
    )  # fmt: skip


BUILT: dict[str, Callable[[], Any]] = {
    "sd-turbo": sd_turbo,
    "sdxl-turbo": sdxl_turbo,
    "flux.1-schnell": flux,
    "z-image-turbo": z_image,
}


def entry_of(path: Path, name: str = "tiny", **more: Any) -> ModelEntry:
    sources = (Source(kind="file", location=str(path)), *more.pop("sources", ()))
    given = {"sampling": Sampling(steps=2, guidance=0.0), "image_size": SIDE, **more}
    return ModelEntry(
        name=name, task="generate", backend="diffusers", sources=sources, licence="MIT", sha256=checksum(path), **given
    )


@pytest.fixture(scope="module", params=BUILT)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    torch.manual_seed(0)
    folder: Path = tmp_path_factory.mktemp("pipelines") / request.param
    BUILT[request.param]().save_pretrained(folder, safe_serialization=True)
    return folder


def pixels(image: Image.Image) -> Any:
    return np.asarray(image, dtype=np.int16)


def test_a_class_of_the_catalog_makes_fills_and_makes_over(saved: Path) -> None:
    model = Generator(entry_of(saved))
    told: list[tuple[int, int]] = []

    images = model("a dog", (SIDE, SIDE), [3, 4], lambda done, total: told.append((done, total)))
    (again,) = model("a dog", (SIDE, SIDE), [4])
    over = model.restyle(images[0], "a dog as a drawing", 5)
    hole = Image.new("L", (SIDE, SIDE))
    hole.paste(255, (8, 8, 24, 24))
    filled = model.fill(images[0], hole, "a dog", 6)

    assert told == [(1, 2), (2, 2)]
    assert [image.size for image in (*images, over, filled)] == [(SIDE, SIDE)] * 4
    assert np.abs(pixels(images[1]) - pixels(again)).max() <= 2
    assert (pixels(images[0]) != pixels(images[1])).any()
    assert model.fills
    assert model.restyles


def test_a_class_of_the_catalog_takes_a_lora(saved: Path, tmp_path: Path) -> None:
    from diffusers import DiffusionPipeline
    from peft import LoraConfig, get_peft_model_state_dict

    pipeline = DiffusionPipeline.from_pretrained(saved)
    part = "unet" if hasattr(pipeline, "unet") else "transformer"
    network = getattr(pipeline, part)
    network.add_adapter(LoraConfig(r=2, lora_alpha=64, init_lora_weights=False, target_modules=["to_q", "to_v"]))
    weights = tmp_path / "lora.safetensors"
    layers = {f"{part}_lora_layers": get_peft_model_state_dict(network)}
    pipeline.save_lora_weights(tmp_path, weight_name=weights.name, safe_serialization=True, **layers)

    (plain,) = Generator(entry_of(saved))("a dog", (SIDE, SIDE), [1])
    adapted = Generator(entry_of(weights, sources=(Source(kind="file", location=str(saved)),)))
    (changed,) = adapted("a dog", (SIDE, SIDE), [1])

    assert (pixels(plain) != pixels(changed)).any()


def test_every_class_that_the_catalog_names_is_tried_here() -> None:
    hub = {entry.name for entry in entries() if entry.backend == "diffusers" and entry.sources[0].kind == "hub"}

    assert hub <= set(BUILT)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pipelines") / "small"
    sd_turbo().save_pretrained(folder, safe_serialization=True)
    return folder


def test_a_call_that_nobody_waits_for_stops_between_steps(small: Path) -> None:
    model = Generator(entry_of(small, sampling=Sampling(steps=50, guidance=0.0)))
    done: list[int] = []

    with cancellable() as event:

        def step(number: int, total: int) -> None:
            done.append(number)
            if number == 2:
                event.set()

        with pytest.raises(Cancelled):
            model("a dog", (SIDE, SIDE), [0], step)

    assert done == [1, 2]
    assert len(model("a dog", (SIDE, SIDE), [0, 1])) == 2


def test_a_scheduler_and_a_size_are_those_of_the_entry_and_the_call(small: Path) -> None:
    model = Generator(entry_of(small, sampling=Sampling(steps=2, guidance=0.0, scheduler="DDIMScheduler")))

    (image,) = model("a dog", (100, 60), [0])

    assert type(model._pipeline.scheduler).__name__ == "DDIMScheduler"
    assert image.size == (100, 60)


def test_two_threads_may_ask_at_once(small: Path) -> None:
    model = Generator(entry_of(small))
    made: list[Image.Image] = []
    threads = [threading.Thread(target=lambda: made.extend(model("a dog", (SIDE, SIDE), [7]))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (pixels(made[0]) == pixels(made[1])).all()


@pytest.mark.parametrize("name", ["unet/diffusion_pytorch_model.bin", "pipeline.py", "vae/weights.ckpt"])
def test_what_could_run_code_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "model_index.json").write_text("{}")
    refuse_unsafe("tiny", tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"")

    with pytest.raises(UserError, match="could run code"):
        refuse_unsafe("tiny", tmp_path)


def test_a_folder_that_is_no_pipeline_and_changed_weights_are_refused(tmp_path: Path, small: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(UserError, match="no pipeline folder"):
        Generator(entry_of(tmp_path))
    with pytest.raises(UserError, match="sha256 differs"):
        Generator(entry_of(small).model_copy(update={"sha256": "0"}))
