"""Trains a decoder that answers questions about pictures, or captions them, from what EfficientNet-Lite0 sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from finetune.data.asked import Asked, read_asked
from finetune.recipes.options import options
from finetune.recipes.trainer import fit, known
from tools.captioner import decoder_class, load_decoder, prompt
from tools.catalog import ModelEntry, Source, packaged
from tools.errors import UserError
from tools.intake import picture
from tools.recogniser import ARCHITECTURE, BACKBONE, Backbone, Floats, load_backbone

if TYPE_CHECKING:
    import torch

DEFAULTS: dict[str, Any] = {
    "num_train_epochs": 6, "per_device_train_batch_size": 64, "per_device_eval_batch_size": 256, "learning_rate": 2e-3,
    "weight_decay": 0.01, "lr_scheduler_type": "cosine", "warmup_steps": 0.1, "seed": 0, "image_size": 128,
    "width": 96, "layers": 2, "dropout": 0.0, "words": 8000, "patience": 3,
}  # fmt: skip
"""Over those of transformers' `TrainingArguments`, any of which can be set too.

`image_size`: of the squares that are looked at, in pixels. `width`, `layers`, `dropout`: of the
decoder, and `words`: how many pieces of words it may know; of no effect where a base is given.
"""

OWN = {"image_size", "width", "layers", "dropout", "words", "patience"}
BACKEND = "timm-blip"
AT_ONCE = 64
FEATURES = 512
"""Of each place in `Backbone.cells`."""

IGNORED = -100
"""Of torch's cross entropy."""

PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"


def train(
    data: Path, out: Path, base: ModelEntry | None, given: Sequence[str] = (), *, share: float = 0.2
) -> ModelEntry:
    """Train; goes on where an earlier run in the same folder broke off.

    Args:
        data: Questions with answers, or captions (`finetune.data.asked`).
        out: Folder for checkpoints and the decoder.
        base: A model that this recipe made, to go on from; none for a new decoder.
        given: `name=value`, over `DEFAULTS`.
        share: Of the pictures that validate, where the data is not split already.

    Raises:
        UserError: If the base, the data or an option cannot be used.
    """
    import torch

    if base is not None and base.backend != BACKEND:
        raise UserError(f"{base.name} is no model of this recipe: leave out --base, or name one that it made")
    chosen = options(DEFAULTS, known() | OWN, given)
    px = int(chosen["image_size"]) if base is None else base.image_size or int(chosen["image_size"])
    torch.manual_seed(int(chosen["seed"]))
    parts = read_asked(data, share, int(chosen["seed"]))
    decoder, tokenizer = load_decoder(base.path(), _learner()) if base else _new(parts[0], chosen)
    backbone = Backbone(load_backbone(packaged(BACKBONE)))
    scores = fit(
        decoder,
        [_examples(part, backbone, px, tokenizer, decoder.config.max_position_embeddings) for part in parts],
        out,
        {name: value for name, value in chosen.items() if name not in OWN}
        | {"metric_for_best_model": "word_accuracy", "label_names": ["labels"]},
        patience=int(chosen["patience"]),
        metrics=lambda result: {"word_accuracy": float(np.divide(*result.predictions.sum(axis=0)))},
    )
    weights = out / "decoder"
    decoder.save_pretrained(weights)
    tokenizer.save_pretrained(weights)
    return ModelEntry(
        name=out.name,
        task="describe",
        backend=BACKEND,
        sources=(Source(kind="file", location=str(weights.resolve())), BACKBONE),
        image_size=px,
        licence="AGPL-3.0-or-later",
        base=base.name if base else ARCHITECTURE,
        metrics={"first_val_word_accuracy": scores["first"], "val_word_accuracy": scores["best"]},
    )


def _new(rows: Sequence[Asked], chosen: dict[str, Any]) -> tuple[Any, Any]:
    """A decoder that has learnt nothing, and a tokenizer that knows the words of the data, in lower case."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BlipTextConfig, PreTrainedTokenizerFast

    pieces = BertWordPieceTokenizer()
    texts = (text for row in rows for text in (row.question, row.answer))
    pieces.train_from_iterator(
        texts, vocab_size=int(chosen["words"]), min_frequency=1, show_progress=False,
        special_tokens=[PAD, UNKNOWN, START, END],
    )  # fmt: skip
    tokenizer: Any = PreTrainedTokenizerFast(
        tokenizer_object=pieces._tokenizer, pad_token=PAD, unk_token=UNKNOWN, bos_token=START, eos_token=END
    )
    width = int(chosen["width"])
    config = BlipTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        encoder_hidden_size=FEATURES,
        intermediate_size=4 * width,
        num_hidden_layers=int(chosen["layers"]),
        num_attention_heads=4,
        max_position_embeddings=256,
        hidden_dropout_prob=float(chosen["dropout"]),
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        sep_token_id=tokenizer.eos_token_id,
    )
    return _learner()(config), tokenizer


def _examples(rows: Sequence[Asked], backbone: Backbone, px: int, tokenizer: Any, most: int) -> Any:
    """A torch data set; the frozen backbone looks at each picture once, however much is asked about it.

    Raises:
        UserError: If a question with its answer has more than so many tokens.
    """
    import torch

    before = [prompt(tokenizer, row.question) for row in rows]
    after = [tokenizer(row.answer, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id] for row in rows]
    lengths = [len(one) + len(other) for one, other in zip(before, after, strict=True)]
    if (longest := max(lengths)) > most:
        row = rows[lengths.index(longest)]
        raise UserError(f"what is said of {row.image} takes {longest} tokens, {most} are the most: shorten it")
    paths = list(dict.fromkeys(row.image for row in rows))
    seen = np.concatenate(list(_looked(paths, backbone, px)))
    places = {path: index for index, path in enumerate(paths)}

    class Examples(torch.utils.data.Dataset[dict[str, Any]]):
        def __len__(self) -> int:
            return len(rows)

        def __getitem__(self, index: int) -> dict[str, Any]:
            asked, said = before[index], after[index]
            padding = longest - len(asked) - len(said)
            return {
                "encoder_hidden_states": torch.from_numpy(seen[places[rows[index].image]]).float(),
                "input_ids": torch.tensor(asked + said + padding * [tokenizer.pad_token_id]),
                "attention_mask": torch.tensor((longest - padding) * [1] + padding * [0]),
                "labels": torch.tensor(len(asked) * [IGNORED] + said + padding * [IGNORED]),
            }

    return Examples()


def _looked(paths: Sequence[Path], backbone: Backbone, px: int) -> Iterator[Floats]:
    """What the backbone sees of pictures, read as the tools read them, in half precision."""
    from rich.console import Console
    from rich.progress import track

    for start in track(range(0, len(paths), AT_ONCE), "looking", console=Console(stderr=True), transient=True):
        pictures = [picture(path) for path in paths[start : start + AT_ONCE]]
        yield backbone.cells(pictures, px).astype(np.float16)


def _learner() -> Any:
    """The decoder's class as the Trainer wants it: of each answer it tells how many words were right, of how many."""
    import torch

    class Learner(decoder_class()):  # type: ignore[misc]
        def forward(
            self,
            *,
            input_ids: torch.Tensor,
            labels: torch.Tensor,
            encoder_hidden_states: torch.Tensor,
            attention_mask: torch.Tensor,
        ) -> dict[str, torch.Tensor]:
            asked = input_ids.masked_fill(labels != IGNORED, self.config.pad_token_id)
            told = super().forward(
                input_ids=input_ids,
                labels=labels,
                encoder_hidden_states=self.look(encoder_hidden_states, asked),
                attention_mask=attention_mask,
            )
            due = labels[:, 1:]
            # The end is not counted as a word: it is easy.
            counted = (due != IGNORED) & (due != self.config.eos_token_id)
            right = (told.logits[:, :-1].argmax(-1) == due) & counted
            return {"loss": told.loss, "logits": torch.stack([right.sum(1), counted.sum(1)], 1)}

    return Learner
