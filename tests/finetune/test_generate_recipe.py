"""LoRA for generators in miniature: the embedded one, and random weights of each pipeline class of the catalog."""

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from finetune.recipes import generate
from finetune.recipes.denoising import encode, learner, levels, part_of, tell
from tests.tools.test_generator import BUILT, SIDE, entry_of, pixels
from tools import pipelines
from tools.catalog import LARGE, ModelEntry, active, entries, sealed
from tools.errors import UserError
from tools.models import load

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # the trainers' own libraries warn of themselves

QUICK = ["lr_scheduler_type=constant", "per_device_eval_batch_size=16", "caption_dropout=0.1"]


@pytest.fixture
def captioned(tmp_path: Path) -> Path:
    """Twenty pictures, red ones of what is called a dog and blue ones of what is called a tree."""
    folder = tmp_path / "captioned"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for number in range(20):
        image = Image.fromarray(rng.integers(200, 255, (96, 128, 3), dtype=np.uint8))
        image.paste(("red", "blue")[number % 2], (0, 16, 128, 80))
        image.save(folder / f"{number}.png")
        rows.append({"file_name": f"{number}.png", "text": ("a dog", "a tree")[number % 2]})
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


@pytest.fixture(scope="module", params=[*BUILT, "v_prediction"])
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModelEntry:
    """A pipeline of random weights."""
    import torch

    torch.manual_seed(0)
    folder: Path = tmp_path_factory.mktemp("tiny") / request.param
    pipeline = BUILT.get(request.param, BUILT["sd-turbo"])()
    if request.param == "v_prediction":
        pipeline.scheduler.register_to_config(prediction_type="v_prediction")
    pipeline.save_pretrained(folder, safe_serialization=True)
    return entry_of(folder)


def loss_in_use(entry: ModelEntry, data: Path) -> float:
    """The loss on the pictures that validate, of a model as the tools load it."""
    import torch

    pipeline = pipelines.load(sealed(entry))
    noise = levels(pipeline, entry.name)
    rows = generate._captioned(data, 0.2, 0)[1]
    told, latents = generate._prepared(pipeline, entry, rows)
    examples = generate._examples(rows, latents, list(told), noise, None)
    model = learner(getattr(pipeline, part_of(pipeline)), list(told.values())).eval()
    with torch.no_grad():
        return float(np.mean([model(**batch)["loss"].item() for batch in torch.utils.data.DataLoader(examples)]))


def test_the_embedded_generator_learns_and_goes_on_to_the_same_result(captioned: Path, tmp_path: Path) -> None:
    base = active("generate")
    options = [*QUICK, "learning_rate=0.01"]
    whole = generate.train(captioned, tmp_path / "whole", base, [*options, "num_train_epochs=3"])
    assert whole.metrics["val_loss"] < whole.metrics["first_val_loss"]
    assert loss_in_use(whole, captioned) == pytest.approx(whole.metrics["val_loss"], rel=0.01)
    assert (whole.base, whole.sampling, whole.image_size) == (base.name, base.sampling, base.image_size)
    before, after = (pixels(load(one)("a dog", (96, 96), [1])[0]) for one in (base, sealed(whole)))
    red, blue = (int(array[..., 0].sum() - array[..., 2].sum()) for array in (after, before))
    assert red > blue

    generate.train(captioned, tmp_path / "parts", base, [*options, "num_train_epochs=1"])
    parts = generate.train(captioned, tmp_path / "parts", base, [*options, "num_train_epochs=3"])
    assert parts.metrics == whole.metrics


def test_a_class_of_the_catalog_learns_a_lora(tiny: ModelEntry, captioned: Path, tmp_path: Path) -> None:
    options = [*QUICK, "learning_rate=0.02", "num_train_epochs=3", "rank=4"]
    entry = generate.train(captioned, tmp_path / "mine", tiny, options)
    assert entry.metrics["val_loss"] < entry.metrics["first_val_loss"]
    assert loss_in_use(entry, captioned) == pytest.approx(entry.metrics["val_loss"], rel=1e-4)
    assert entry.path().name == "mine.safetensors"
    assert entry.sources[1] == tiny.sources[0]
    before, after = (pixels(load(one)("a dog", (SIDE, SIDE), [1])[0]) for one in (tiny, sealed(entry)))
    assert (before != after).any()
    with pytest.raises(UserError, match="mine is a LoRA"):
        generate.train(captioned, tmp_path / "further", entry)


def test_what_a_class_of_the_catalog_learns_is_what_sampling_needs(tiny: ModelEntry) -> None:
    made, clean = made_by_one_that_knows(tiny)
    assert np.abs(made - clean).max() < 0.02


def test_what_the_embedded_generator_learns_is_what_sampling_needs() -> None:
    made, clean = made_by_one_that_knows(active("generate"))
    assert np.abs(made - clean).max() < 0.02


def made_by_one_that_knows(entry: ModelEntry) -> tuple[Any, Any]:
    """Latents that a pipeline ends with, if its denoiser says what training asks of it about others, and those."""
    import torch

    pipeline = pipelines.load(entry)
    noise = levels(pipeline, entry.name)
    side = entry.image_size or SIDE
    clean = encode(pipeline, torch.rand(1, 3, side, side) * 2 - 1)
    given = entry.sampling.arguments if entry.sampling else {}
    told = tell(pipeline, "a dog", side, given)

    def knows(module: Any, positional: Any, named: Any, answer: Any) -> Any:
        said = inspect.signature(module.forward).bind(*positional, **named).arguments
        noisy = torch.stack(said[told.latents]) if told.listed else said[told.latents]
        level = (noise.time - said[told.time].flatten()[0]).abs().argmin()
        grain = (noisy - noise.noisy[level, 0] * clean) / noise.noisy[level, 1]
        target = noise.target[level, 0] * clean + noise.target[level, 1] * grain
        return (list(target) if told.listed else target,)

    getattr(pipeline, part_of(pipeline)).register_forward_hook(knows, with_kwargs=True)
    scale = 0.0 if told.listed else 1.0
    made = pipeline(
        "a dog", height=side, width=side, num_inference_steps=4, guidance_scale=scale, output_type="latent", **given
    ).images
    return made.flatten().numpy(), clean.flatten().numpy()


def test_bases_and_data_that_cannot_be_used_are_refused(captioned: Path, tmp_path: Path) -> None:
    from types import SimpleNamespace

    from diffusers import FlowMatchEulerDiscreteScheduler

    with pytest.raises(UserError, match="is no diffusion pipeline"):
        generate.train(captioned, tmp_path / "out", active("segment"))
    [hub] = [entry for entry in entries(LARGE) if entry.name == "sd-turbo"]
    with pytest.raises(UserError, match="models pull sd-turbo"):
        generate.train(captioned, tmp_path / "out", hub)
    with pytest.raises(UserError, match="has no option 'ranks'"):
        generate.train(captioned, tmp_path / "out", active("generate"), ["ranks=4"])
    other = SimpleNamespace(scheduler=FlowMatchEulerDiscreteScheduler(), transformer=object(), vae=object())
    with pytest.raises(UserError, match="cannot be trained here"):
        levels(other, "other")
    rows = [{"image": f"{number}.png", "question": "What is it?", "answer": "a dog"} for number in range(20)]
    (captioned / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(UserError, match="holds no captions"):
        generate.train(captioned, tmp_path / "out", active("generate"))
