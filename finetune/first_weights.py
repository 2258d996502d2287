"""The first weights of the generator, computed from scenes. Training goes on from them, in `finetune.generate`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evals.diorama.prompts import CELL, GRID, TRAIN_SEED, sample_prompt

if TYPE_CHECKING:
    import torch

INPUT_GAIN, VALUE_GAIN, BLOCK_GAIN = 1.5, 0.45, 0.3
MIDDLE_ALPHA = 0.1
"""Of the first weights: those with which the untrained model erred least on a batch."""


def compute(pipeline: Any, pixels: npt.NDArray[np.uint8]) -> None:
    """Set the first weights to what can be computed, so that training starts with pictures and not with noise.

    The first and the last layer are the principal components of the cells. The words' embeddings are what the things
    that they name add to a cell. One head of the first cross-attention compares a noisy cell with these as a matched
    filter does, and adds that which fits. What is left to learn: places, backgrounds, and how far to trust.

    Args:
        pipeline: Untrained.
        pixels: Of the first training scenes, (n, SIDE, SIDE, 3).
    """
    import torch

    cells, names = _cells_of(pixels)
    transformer, encoder = pipeline.transformer, pipeline.text_encoder
    width = transformer.inner_dim
    flat = cells.flatten(1)
    mean = flat.mean(0)
    _, spread, basis = torch.pca_lowrank(flat - mean, q=width, center=False, niter=3)
    spread = spread / math.sqrt(len(flat))
    codes = (flat - mean) @ basis / spread
    empty = codes[[index for index, name in enumerate(names) if not name]].mean(0)
    # Wiener's filter for the middle of the noise levels: `heard` is what noise leaves of each component.
    signal = MIDDLE_ALPHA * spread**2
    heard = signal / (1 + signal)
    gain = INPUT_GAIN / torch.sqrt(1 + signal)
    with torch.no_grad():
        pictures = (basis * spread * heard).T.reshape(width, 3, CELL, CELL)
        transformer.pos_embed.proj.weight.copy_((basis * gain).T.reshape(width, 3, CELL, CELL))
        transformer.pos_embed.proj.bias.copy_(-math.sqrt(MIDDLE_ALPHA) * gain * (mean @ basis))
        transformer.proj_out.weight.copy_(pictures.permute(2, 3, 1, 0).reshape(-1, width))
        transformer.proj_out.bias.copy_(mean.reshape(3, CELL, CELL).permute(1, 2, 0).flatten())
        encoder.shared.weight.mul_(0.3 / encoder.shared.weight.std())
        added = []
        for category in sorted(set(names) - {""}):
            added.append(codes[[index for index, name in enumerate(names) if name == category]].mean(0) - empty)
            encoder.shared.weight[pipeline.tokenizer.convert_tokens_to_ids(f"▁{category}")] = added[-1]
        _pass_through(encoder, transformer.caption_projection)
        _hush(transformer.transformer_blocks)
        _match(transformer.transformer_blocks[0].attn2, torch.stack(added), spread / gain / spread.mean(), heard)


def _hush(blocks: Any) -> None:
    """Let the blocks add little at first."""
    for block in blocks:
        for layer in (block.attn1.to_out[0], block.attn2.to_out[0], block.ff.net[2]):
            layer.weight.mul_(BLOCK_GAIN)


def _pass_through(encoder: Any, projection: Any) -> None:
    """Let the words through: blocks of the encoder add nothing yet, and the projection stays in GELU's linear part."""
    import torch

    for block in encoder.encoder.block:
        block.layer[0].SelfAttention.o.weight.zero_()
        block.layer[-1].DenseReluDense.wo.weight.zero_()
    lift, shrink = 3.0, 0.25
    eye = torch.eye(projection.linear_1.weight.shape[0])
    projection.linear_1.weight.copy_(shrink * eye)
    projection.linear_1.bias.fill_(lift)
    projection.linear_2.weight.copy_(eye / shrink)
    projection.linear_2.bias.fill_(-lift / shrink)


def _match(attention: Any, added: torch.Tensor, scale: torch.Tensor, heard: torch.Tensor) -> None:
    """Set the first head of a cross-attention to a matched filter for codes, (categories, width)."""
    import torch

    size = attention.inner_dim // attention.heads
    _, _, axes = torch.linalg.svd(added, full_matrices=False)
    axes = axes[:size]
    count = len(axes)
    attention.to_q.weight[:count] = axes * scale
    attention.to_k.weight[:count] = axes
    attention.to_v.weight[:count] = axes
    attention.to_out[0].weight[:, :count] = VALUE_GAIN * (axes / heard.clamp(min=0.05)).T


def _cells_of(pixels: npt.NDArray[np.uint8]) -> tuple[torch.Tensor, list[str]]:
    """The cells of the first scenes, (n, 3, CELL, CELL), and the category in each, or nothing."""
    import torch

    images = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
    cells = images.unfold(2, CELL, CELL).unfold(3, CELL, CELL).permute(0, 2, 3, 1, 4, 5)
    names = [""] * (len(pixels) * GRID * GRID)
    for index in range(len(pixels)):
        for thing in sample_prompt(TRAIN_SEED + index).scene.objects:
            column, row = thing.box[0] // CELL, thing.box[1] // CELL
            names[(index * GRID + row) * GRID + column] = thing.category
    return cells.reshape(-1, 3, CELL, CELL), names
