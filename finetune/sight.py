"""Trains the planner's sight: a vision tower that names patches, a connector that says the names in the model's words.

Teaching the language model to plan is `finetune.plan`.
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import BaseModel

from agent.llm.embedded import IMAGE_PX, PATCH_PX, SHUFFLE, sight_of
from evals.diorama.render import paint
from evals.diorama.scene import sample_scene
from graphs.taxonomy import CATEGORIES

if TYPE_CHECKING:
    import torch
    from transformers import Idefics3ForConditionalGeneration, PreTrainedTokenizerBase
    from transformers.models.idefics3.modeling_idefics3 import Idefics3VisionTransformer

SEED = 30_000_000
"""Training scenes count up from here, validation scenes down."""

CELLS = IMAGE_PX // PATCH_PX
BACKGROUND = len(CATEGORIES)


class SightConfig(BaseModel):
    """The recipe."""

    scenes: int = 5_000
    val_scenes: int = 200
    epochs: int = 4
    batch: int = 32
    lr: float = 6e-4
    weight_decay: float = 0.05
    background_weight: float = 0.15
    workers: int = 2
    seed: int = 0


def _patch_labels(masks: npt.NDArray[np.bool_], categories: list[int]) -> npt.NDArray[np.uint8]:
    """The category that covers most of each patch, or background where none covers a fifth, (CELLS, CELLS)."""
    labels = np.full((CELLS, CELLS), BACKGROUND, dtype=np.uint8)
    best = np.full((CELLS, CELLS), 0.2)
    for mask, category in zip(masks, categories, strict=True):
        cover = np.asarray(Image.fromarray(mask.astype(np.float32)).resize((CELLS, CELLS), Image.Resampling.BOX))
        labels[cover > best] = category
        best = np.maximum(best, cover)
    return labels


def _example(seed: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    scene = sample_scene(seed)
    painted = paint(scene)
    pixels = painted.image.resize((IMAGE_PX, IMAGE_PX), Image.Resampling.LANCZOS)
    categories = [CATEGORIES.index(thing.category) for thing in scene.objects]
    return np.asarray(pixels), _patch_labels(painted.masks, categories)


def _examples(seeds: list[int], workers: int) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    with ProcessPoolExecutor(workers) as pool:
        pixels, labels = zip(*pool.map(_example, seeds, chunksize=32), strict=True)
    return torch.from_numpy(np.stack(pixels)), torch.from_numpy(np.stack(labels)).long().flatten(1)


def _inputs(pixels: torch.Tensor) -> torch.Tensor:
    """Pixels as the planner's processor makes them: (batch, 3, IMAGE_PX, IMAGE_PX), -1 to 1."""
    return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1


def _accuracy(tower: torch.nn.Module, head: torch.nn.Module, pixels: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of the patches that show an object and are told right."""
    import torch

    with torch.no_grad():
        guess = torch.cat([head(tower(_inputs(part)).last_hidden_state).argmax(-1) for part in pixels.split(64)])
    shown = labels != BACKGROUND
    return float((guess[shown] == labels[shown]).float().mean())


def _train_tower(
    tower: Idefics3VisionTransformer, data: tuple[torch.Tensor, torch.Tensor], config: SightConfig
) -> torch.nn.Linear:
    """Train the tower in place to name each patch; returns the head that names them, which is then thrown away."""
    import torch

    pixels, labels = data
    head = torch.nn.Linear(tower.config.hidden_size, len(CATEGORIES) + 1)
    weights = torch.ones(len(CATEGORIES) + 1)
    weights[BACKGROUND] = config.background_weight
    parameters = [*tower.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=config.lr, weight_decay=config.weight_decay)
    steps = config.epochs * (len(pixels) // config.batch)
    decay = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.lr, total_steps=steps + 1, pct_start=0.1)
    for step in range(steps):
        chosen = torch.randint(len(pixels), (config.batch,))
        picture, target = pixels[chosen], labels[chosen].reshape(-1, CELLS, CELLS)
        if torch.rand(()) < 0.5:
            picture, target = picture.flip(2), target.flip(2)
        logits = head(tower(_inputs(picture)).last_hidden_state)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), weights)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        decay.step()
        if step % 50 == 0:
            print(json.dumps({"sight_step": step, "of": steps, "loss": float(loss.detach())}), flush=True)
    return head


def _words(model: Idefics3ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase) -> torch.Tensor:
    """What the connector is to say for each category, and for background: the input embedding of its name."""
    import torch

    table = model.get_input_embeddings().weight.detach()
    names = [*CATEGORIES, "nothing"]
    ids = [tokenizer(f" {name}", add_special_tokens=False)["input_ids"] for name in names]
    return torch.stack([table[one].mean(dim=0) for one in ids])


def _grouped(labels: torch.Tensor) -> torch.Tensor:
    """The labels of the groups of patches that one image token stands for: the most frequent one that is an object."""
    import torch

    side = CELLS // SHUFFLE
    cells = (
        labels.reshape(-1, side, SHUFFLE, side, SHUFFLE).permute(0, 1, 3, 2, 4).reshape(len(labels), side * side, -1)
    )
    votes = torch.nn.functional.one_hot(cells, BACKGROUND + 1).sum(dim=2).float()
    votes[..., BACKGROUND] = 0.5
    return votes.argmax(dim=-1)


def _train_connector(
    model: Idefics3ForConditionalGeneration, words: torch.Tensor, data: tuple[torch.Tensor, torch.Tensor]
) -> None:
    """Fit the connector, which is linear, by least squares: the tower's view of a group to the word for it."""
    import torch

    pixels, labels = data
    connector, tower = model.model.connector, model.model.vision_model
    weight = connector.modality_projection.proj.weight
    size = weight.shape[1]
    gram, cross = torch.zeros(size, size), torch.zeros(size, words.shape[1])
    with torch.no_grad():
        for picture, label in zip(pixels.split(64), labels.split(64), strict=True):
            seen = connector.pixel_shuffle(tower(_inputs(picture)).last_hidden_state, SHUFFLE).flatten(0, 1)
            said = words[_grouped(label).flatten()]
            gram += seen.T @ seen
            cross += seen.T @ said
        ridge = 1e-3 * gram.diagonal().mean() * torch.eye(size)
        weight.copy_(torch.linalg.solve(gram + ridge, cross).T)


def _word_accuracy(
    model: Idefics3ForConditionalGeneration, words: torch.Tensor, data: tuple[torch.Tensor, torch.Tensor]
) -> float:
    """Share of the image tokens on objects whose embedding is nearest to the right word."""
    import torch

    pixels, labels = data
    wanted = _grouped(labels)
    with torch.no_grad():
        said = torch.cat(
            [model.model.connector(model.model.vision_model(_inputs(p)).last_hidden_state) for p in pixels.split(64)]
        )
    nearest = torch.cdist(said.flatten(0, 1), words).argmin(dim=-1).reshape(wanted.shape)
    shown = wanted != BACKGROUND
    return float((nearest[shown] == wanted[shown]).float().mean())


def train(
    model: Idefics3ForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    out: Path,
    config: SightConfig | None = None,
) -> dict[str, float]:
    """Train the vision tower and the connector in place; does nothing but load them where `sight.pt` is in `out`.

    Args:
        model: The planner, in float32; its language model is only read.
        tokenizer: Its tokenizer.
        out: Folder for `sight.pt` and its metrics, `sight.json`.
        config: The recipe.

    Returns:
        On scenes that were not trained on, `patch_accuracy`: the share of patches on objects that the tower names
        right, and `word_accuracy`: the share of image tokens on objects that are nearest to the right word.
    """
    import torch

    config = config or SightConfig()
    torch.manual_seed(config.seed)
    state = out / "sight.pt"
    if not state.exists():
        data = _examples([SEED + i for i in range(config.scenes)], config.workers)
        val = _examples([SEED - 1 - i for i in range(config.val_scenes)], config.workers)
        words = _words(model, tokenizer)
        head = _train_tower(model.model.vision_model, data, config)
        _train_connector(model, words, data)
        metrics = {
            "patch_accuracy": _accuracy(model.model.vision_model, head, *val),
            "word_accuracy": _word_accuracy(model, words, val),
        }
        (out / "sight.json").write_text(json.dumps(metrics))
        torch.save(sight_of(model), state)
    model.load_state_dict(torch.load(state, weights_only=True), strict=False)
    result: dict[str, float] = json.loads((out / "sight.json").read_text())
    return result
