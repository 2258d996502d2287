"""The first weights of the generator, computed from scenes. Training goes on from them, in `finetune.generate`.

Half of the transformer's width carries a noisy cell's principal components. The other half carries what one head of the
first cross-attention adds: a matched filter that holds the cell against what each word of the prompt would add to it.
The last layer reads the clean cell off both, by least squares.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from evals.diorama.prompts import CELL, GRID, TRAIN_SEED, sample_prompt

if TYPE_CHECKING:
    import torch

MIDDLE = 0.03
"""Share of signal in the noisy picture at which it is decided what stands in which cell; filters are made for it."""
THRESHOLD = 0.2
"""Of the evidence that a thing gives on average, how much makes it likelier than an empty cell."""
INPUT_GAIN, BLOCK_GAIN, WORD, MARK = 4.0, 0.1, 12.0, 4.0
"""Such that cells outweigh the places' embeddings, and blocks that have learnt nothing yet add little."""
BACKGROUND, ROW_LOGIT = 20, 8.0
"""How many components of the background cells share, and how sure they are of their row."""
RIDGE = 1e-3
FIT_FROM = 0.2
"""Share of the times, the least noisy, that the last layer is not fitted to: there it would let noise through."""
FIT_BATCH = 64


class Cells(NamedTuple):
    """What there is to know of cells.

    Attributes:
        mean: The mean cell, flat.
        basis: Its principal components, (pixels, width).
        spread: Their standard deviations.
        noise: Their variances in cells that are empty.
        added: What each thing adds to a cell, (things, width), in standard deviations.
        names: Of the things.
    """

    mean: torch.Tensor
    basis: torch.Tensor
    spread: torch.Tensor
    noise: torch.Tensor
    added: torch.Tensor
    names: list[str]


def compute(pipeline: Any, pixels: npt.NDArray[np.uint8], ids: torch.Tensor) -> None:
    """Set the first weights.

    Args:
        pipeline: Untrained.
        pixels: Of the first training scenes, (n, SIDE, SIDE, 3).
        ids: Tokens of their prompts.
    """
    import torch

    transformer = pipeline.transformer
    with torch.no_grad():
        images = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
        cells = _measured(images, transformer.inner_dim)
        gain = INPUT_GAIN / torch.sqrt(1 + MIDDLE * cells.spread**2)
        gain[len(gain) // 2 :] = 0
        transformer.pos_embed.proj.weight.copy_((cells.basis * gain).T.reshape(-1, 3, CELL, CELL))
        transformer.pos_embed.proj.bias.copy_(-math.sqrt(MIDDLE) * gain * (cells.mean @ cells.basis))
        for block in transformer.transformer_blocks:
            for layer in (block.attn1.to_out[0], block.attn2.to_out[0], block.ff.net[2]):
                layer.weight.mul_(BLOCK_GAIN)
        _share(transformer, float(gain.square().sum() / len(gain)))
        _name(pipeline, cells)
        _match(transformer.transformer_blocks[0].attn2, cells, gain)
        _read_out(pipeline, cells, images, ids)


def _measured(images: torch.Tensor, width: int) -> Cells:
    import torch

    flat = cut(images)
    mean = flat.mean(0)
    _, spread, basis = torch.pca_lowrank(flat - mean, q=width, center=False, niter=3)
    spread = spread / math.sqrt(len(flat))
    codes = (flat - mean) @ basis / spread
    shown = _shown(len(images))
    empty = codes[[index for index, name in enumerate(shown) if not name]]
    names = sorted(set(shown) - {""})
    means = [codes[[index for index, one in enumerate(shown) if one == name]].mean(0) for name in names]
    added = torch.stack(means) - empty.mean(0)
    added[:, width // 2 :] = 0
    return Cells(mean, basis, spread, empty.var(0) * spread**2, added, names)


def cut(images: torch.Tensor) -> torch.Tensor:
    """The cells of pictures, row by row, flat: (n, 3, SIDE, SIDE) to (n * GRID * GRID, 3 * CELL * CELL)."""
    return images.unfold(2, CELL, CELL).unfold(3, CELL, CELL).permute(0, 2, 3, 1, 4, 5).reshape(-1, 3 * CELL * CELL)


def _shown(count: int) -> list[str]:
    """The category in each cell of the first training scenes, or nothing."""
    shown = [""] * (count * GRID * GRID)
    for index in range(count):
        for thing in sample_prompt(TRAIN_SEED + index).scene.objects:
            column, row = thing.box[0] // CELL, thing.box[1] // CELL
            shown[(index * GRID + row) * GRID + column] = thing.category
    return shown


def _share(transformer: Any, power: float) -> None:
    """Make the first self-attention give each cell the mean of its row and of the picture, for backgrounds that match.

    Args:
        transformer: Its time conditioning is silenced too, until it is learnt.
        power: Mean square of what its layer norm sees.
    """
    import torch

    block = transformer.transformer_blocks[0]
    attention, half = block.attn1, transformer.inner_dim // 2
    size = attention.inner_dim // attention.heads
    kept = min(BACKGROUND, size)
    transformer.adaln_single.linear.weight.zero_()
    transformer.adaln_single.linear.bias.zero_()
    block.scale_shift_table[:2] = 0
    block.scale_shift_table[2] = 1
    for layer in (attention.to_q, attention.to_k, attention.to_v, attention.to_out[0]):
        layer.weight.zero_()
        layer.bias.zero_()
    # In the second half of the width places stand alone: cells are zero there.
    places = transformer.pos_embed.pos_embed[0, :, half:]
    rows = torch.eye(GRID).repeat_interleave(GRID, dim=0) - 1 / GRID
    tell = torch.linalg.pinv(places - places.mean(0)) @ rows * math.sqrt(power * ROW_LOGIT * math.sqrt(size))
    for layer in (attention.to_q, attention.to_k):
        layer.weight[:GRID, half:] = tell.T
    free = transformer.inner_dim - 2 * kept
    for head in range(2):
        attention.to_v.weight[head * size : head * size + kept, :kept] = torch.eye(kept)
        start = free + head * kept
        attention.to_out[0].weight[start : start + kept, head * size : head * size + kept] = torch.eye(kept)


def _name(pipeline: Any, cells: Cells) -> None:
    """Make words stand for what they add to a cell, with a mark; other words stand at a right angle to all of these.

    Blocks of the encoder add nothing yet, and the projection of its output stays in the linear part of its GELU.
    """
    import torch

    table = pipeline.text_encoder.shared.weight
    table[:, : table.shape[1] // 2] = 0
    table.mul_(WORD / table.norm(dim=1, keepdim=True))
    things = cells.added * WORD / cells.added.norm(dim=1, keepdim=True)
    things[:, -1] = MARK
    table[:, -1] = 0
    table[pipeline.tokenizer.convert_tokens_to_ids([f"▁{name}" for name in cells.names])] = things
    for block in pipeline.text_encoder.encoder.block:
        block.layer[0].SelfAttention.o.weight.zero_()
        block.layer[-1].DenseReluDense.wo.weight.zero_()
    lift, shrink = 3.0, 0.25
    projection = pipeline.transformer.caption_projection
    projection.linear_1.weight.copy_(shrink * torch.eye(table.shape[1]))
    projection.linear_1.bias.fill_(lift)
    projection.linear_2.weight.copy_(torch.eye(table.shape[1]) / shrink)
    projection.linear_2.bias.fill_(-lift / shrink)


def _match(attention: Any, cells: Cells, gain: torch.Tensor) -> None:
    """Make the first head a matched filter: it asks how much likelier each thing is in the cell than nothing."""
    import torch

    size = attention.inner_dim // attention.heads
    half = len(gain) // 2
    # As many axes as the head has room for, beside the mark.
    axes = torch.linalg.svd(cells.added, full_matrices=False)[2][: min(size - 1, half)]
    last = len(axes)
    clutter = MIDDLE * cells.noise + 1 - MIDDLE
    evidence = (MIDDLE * (cells.added * cells.spread) ** 2 / clutter).sum(1).mean()
    scale = torch.where(gain > 0, cells.spread / gain.clamp(min=1e-6) / clutter, torch.zeros(()))
    strength = math.sqrt(size * MIDDLE) * cells.added.norm(dim=1).mean() / WORD
    for layer in (attention.to_q, attention.to_k, attention.to_v):
        layer.weight[:size] = 0
        layer.bias[:size] = 0
    attention.to_q.weight[:last] = strength * axes * scale
    attention.to_q.bias[last] = -math.sqrt(size) * THRESHOLD * evidence / MARK
    attention.to_k.weight[:last] = axes
    attention.to_k.weight[last, -1] = 1
    attention.to_v.weight[:last] = axes
    attention.to_out[0].weight[:, :size] = 0
    attention.to_out[0].weight[half : half + last, :last] = torch.eye(last)


def _read_out(pipeline: Any, cells: Cells, images: torch.Tensor, ids: torch.Tensor) -> None:
    """Fit the last layer to give the clean cells, by least squares over scenes and levels of noise."""
    import torch

    layer = pipeline.transformer.proj_out
    width = len(cells.spread)
    features: list[torch.Tensor] = []
    hook = layer.register_forward_pre_hook(lambda module, given: features.append(given[0]))
    square, cross = torch.zeros(width + 1, width + 1), torch.zeros(width + 1, width)
    for clean, words in zip(images.split(FIT_BATCH), ids.split(FIT_BATCH), strict=True):
        times = len(pipeline.scheduler.alphas_cumprod)
        time = torch.randint(int(FIT_FROM * times), times, (len(clean),))
        denoise(pipeline, clean, words, time)
        seen = torch.nn.functional.pad(features.pop().reshape(-1, width), (0, 1), value=1.0)
        square += seen.T @ seen
        cross += seen.T @ ((cut(clean) - cells.mean) @ cells.basis)
    hook.remove()
    ridge = RIDGE * square.diagonal().mean() * torch.eye(width + 1)
    read = torch.linalg.solve(square + ridge, cross)
    layer.weight.copy_((cells.basis @ read[:width].T).reshape(3, CELL, CELL, width).permute(1, 2, 0, 3).flatten(0, 2))
    layer.bias.copy_((cells.basis @ read[width] + cells.mean).reshape(3, CELL, CELL).permute(1, 2, 0).flatten())


def denoise(pipeline: Any, clean: torch.Tensor, ids: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """Add the noise of some times, one a picture, and have the model predict the clean pictures."""
    import torch

    alpha = pipeline.scheduler.alphas_cumprod[time][:, None, None, None]
    noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * torch.randn_like(clean)
    attended = (ids != 0).long()
    words = pipeline.text_encoder(input_ids=ids, attention_mask=attended).last_hidden_state
    guess: torch.Tensor = pipeline.transformer(
        noisy, encoder_hidden_states=words, encoder_attention_mask=attended, timestep=time, return_dict=False
    )[0]
    return guess
