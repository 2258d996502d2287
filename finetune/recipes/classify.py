"""Trains a classifier of whole images on a folder a class: a pre-trained backbone of timm with a new head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from finetune.data.read import given_splits, read_classes
from finetune.data.split import stratified
from finetune.recipes.options import options, positive
from finetune.recipes.regularised import regularised, teach
from finetune.recipes.trainer import fit, known
from tools.catalog import ModelEntry, Source, packaged
from tools.errors import UserError
from tools.intake import picture
from tools.recogniser import ARCHITECTURE, BACKBONE, Floats, load_backbone

DEFAULTS: dict[str, Any] = {
    "num_train_epochs": 8, "per_device_train_batch_size": 32, "learning_rate": 2e-3, "weight_decay": 0.01,
    "lr_scheduler_type": "cosine", "warmup_steps": 0.1, "seed": 0, "freeze": "head", "dropout": 0.1, "image_size": 128,
    "label_smoothing": 0.05, "mixup": 0.0, "cutmix": 0.0, "adversarial": 0.0, "teacher": None, "patience": 4,
}  # fmt: skip
"""Over those of transformers' `TrainingArguments`, any of which can be set too.

`freeze`: `head` trains the new head only, a number the head and so many of the last blocks, `none` all weights.
`teacher`: models of the catalog, by name, to learn from too; several are an ensemble. The rest says `regularised`.
"""

OWN = DEFAULTS.keys() - known()


def train(data: Path, out: Path, given: Sequence[str] = (), *, share: float = 0.2) -> ModelEntry:
    """Train; goes on where an earlier run in the same folder broke off.

    Args:
        data: One folder of images a class, or `train` and `val` with these.
        out: Folder for checkpoints and the weights.
        given: `name=value`, over `DEFAULTS`.
        share: Of the images that validate, where the data is not split already.

    Raises:
        UserError: If the data or an option cannot be used.
    """
    import torch
    from safetensors.torch import save_file

    chosen = options(DEFAULTS, known() | OWN, given)
    torch.manual_seed(int(chosen["seed"]))
    classes, parts = _parts(data, share, int(chosen["seed"]))
    px = positive(chosen, "image_size")
    model = build(len(classes), str(chosen["freeze"]), float(chosen["dropout"]))
    arguments = {name: value for name, value in chosen.items() if name not in OWN}
    taught = teach(chosen["teacher"], [path for path, _ in parts[0]], classes) if chosen["teacher"] else None
    amounts = {name: float(chosen[name]) for name in ("label_smoothing", "mixup", "cutmix", "adversarial")}
    scores = fit(
        regularised(model, **amounts),
        [_images(parts[0], px, augment=True, taught=taught), _images(parts[1], px, augment=False)],
        out,
        arguments | {"metric_for_best_model": "accuracy", "label_names": ["labels"]},
        patience=int(chosen["patience"]),
        metrics=lambda result: {"accuracy": float((result.predictions.argmax(-1) == result.label_ids).mean())},
    )
    weights = out / f"{out.name}.safetensors"
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, weights)
    return ModelEntry(
        name=out.name,
        task="recognise",
        backend="timm-whole",
        sources=(Source(kind="file", location=str(weights.resolve())),),
        classes=tuple(classes),
        image_size=px,
        licence="AGPL-3.0-or-later",
        base=ARCHITECTURE,
        metrics={"first_val_accuracy": scores["first"], "val_accuracy": scores["best"]},
    )


def _parts(data: Path, share: float, seed: int) -> tuple[list[str], list[list[tuple[str, int]]]]:
    """The classes, and the paths and class indices to train and to validate on."""
    if splits := given_splits(data):
        read = [read_classes(part) for part in splits]
        if read[0].classes != read[1].classes:
            raise UserError(f"the classes of {splits[0]} and {splits[1]} differ")
        labels = [{path: int(one.annotations[path].class_id[0]) for path in one.image_paths} for one in read]
    else:
        whole = read_classes(data)
        read = [whole]
        known_labels = {path: int(whole.annotations[path].class_id[0]) for path in whole.image_paths}
        parts = stratified({path: [label] for path, label in known_labels.items()}, share, seed)
        labels = [{path: known_labels[path] for path in part} for part in parts]
    return list(read[0].classes), [list(part.items()) for part in labels]


def build(classes: int, freeze: str, dropout: float) -> Any:
    """The backbone with ImageNet's weights and a new head, with the layers frozen that are not to be trained.

    Raises:
        UserError: If `freeze` is not `head`, `none` or a number of blocks.
    """
    model = load_backbone(packaged(BACKBONE))
    model.drop_rate = dropout
    model.reset_classifier(classes)
    if freeze == "none":
        return model
    if freeze != "head" and not freeze.isdigit():
        raise UserError(f"freeze is head, none or a number of blocks, not {freeze!r}")
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    trained = [model.classifier, *list(model.blocks)[len(model.blocks) - int(freeze if freeze.isdigit() else 0) :]]
    for part in trained:
        for parameter in part.parameters():
            parameter.requires_grad_(True)
    return model


def _images(paths: list[tuple[str, int]], px: int, *, augment: bool, taught: Floats | None = None) -> Any:
    """A torch data set of normalised pictures, (3, px, px), class indices, and what teachers say, (classes,)."""
    import torch
    from torchvision.transforms import v2

    mean, std = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)  # as this backbone was trained
    shape: list[Any] = (
        [v2.RandomResizedCrop(px, scale=(0.6, 1.0), antialias=True), v2.RandomHorizontalFlip()]
        if augment
        else [v2.Resize((px, px), antialias=True)]
    )
    transform = v2.Compose([v2.ToImage(), *shape, v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)])

    class Images(torch.utils.data.Dataset[dict[str, Any]]):
        def __len__(self) -> int:
            return len(paths)

        def __getitem__(self, index: int) -> dict[str, Any]:
            path, label = paths[index]
            said = {} if taught is None else {"taught": taught[index]}
            return {"pixels": transform(picture(path)), "labels": label, **said}

    return Images()
