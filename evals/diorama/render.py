"""Paints a scene: background, signs, objects, the pixels that each object keeps. What it holds is up to `scene`."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from evals.diorama.scene import Placed, Scene, Sign
from evals.diorama.sprites import render_sprite

_SKIES = ((196, 226, 245), (247, 226, 204), (226, 226, 236), (208, 232, 226), (236, 216, 226))
_GROUNDS = ((168, 200, 140), (222, 204, 160), (190, 190, 184), (206, 178, 150), (150, 186, 178))
_OPAQUE = 128


class Painted(NamedTuple):
    """A scene's pixels.

    Attributes:
        image: RGB.
        masks: Boolean, (objects, height, width): what is seen of each object.
        whole: Pixels that each object would show if nothing stood before it, (objects,).
    """

    image: Image.Image
    masks: npt.NDArray[np.bool_]
    whole: npt.NDArray[np.int64]


def _background(scene: Scene, rng: np.random.Generator) -> Image.Image:
    sky = np.array(_SKIES[rng.integers(len(_SKIES))], dtype=np.float32)
    ground = np.array(_GROUNDS[rng.integers(len(_GROUNDS))], dtype=np.float32)
    horizon = rng.uniform(0.25, 0.7)
    ramp = np.linspace(0, 1, scene.height, dtype=np.float32)[:, None]
    rows = np.where(ramp < horizon, sky + 14 * (ramp / horizon), ground - 26 * (ramp - horizon))
    noise = 2.5 * rng.standard_normal((scene.height, scene.width, 1), dtype=np.float32)
    image = Image.fromarray(np.clip(rows[:, None, :] + noise, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(0, 5))):
        colour = tuple(int(c) for c in np.clip((sky + ground) / 2 + rng.uniform(-30, 30, 3), 0, 255))
        x, y = rng.uniform(0, scene.width), rng.uniform(horizon, 1) * scene.height
        rx, ry = rng.uniform(0.05, 0.3) * scene.width, rng.uniform(0.02, 0.12) * scene.height
        draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=colour)
    for _ in range(int(rng.integers(0, 4))):
        x, y = rng.uniform(0, scene.width), rng.uniform(0, horizon) * scene.height
        rx, ry = rng.uniform(0.04, 0.12) * scene.width, rng.uniform(0.02, 0.05) * scene.height
        draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=(250, 250, 250))
    return image


def _paint_sign(image: Image.Image, sign: Sign) -> None:
    x, y, w, h = sign.box
    draw = ImageDraw.Draw(image)
    draw.rectangle((x, y, x + w, y + h), fill=(252, 252, 248), outline=(40, 40, 40), width=2)
    draw.text((x + w / 2, y + h / 2), sign.word, font=ImageFont.load_default(h * 0.72), fill=(20, 20, 20), anchor="mm")


def _layer(thing: Placed) -> Image.Image:
    _, _, w, h = thing.box
    picture = render_sprite(thing.code, thing.tint).resize((w, h), Image.Resampling.LANCZOS)
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if thing.flip else picture


class Style(NamedTuple):
    """How a scene is painted: its background, and an object's picture, RGBA and as large as its box."""

    background: Callable[[Scene, np.random.Generator], Image.Image]
    layer: Callable[[Placed], Image.Image]


PLAIN = Style(_background, _layer)


def paint(scene: Scene, style: Style = PLAIN) -> Painted:
    """Paint a scene; the same scene gives the same pixels."""
    image = style.background(scene, np.random.default_rng([scene.seed, 0xBAC]))
    for sign in scene.signs:
        _paint_sign(image, sign)
    masks = np.zeros((len(scene.objects), scene.height, scene.width), dtype=bool)
    whole = np.zeros(len(scene.objects), dtype=np.int64)
    for index, thing in enumerate(scene.objects):
        x, y, w, h = thing.box
        layer = style.layer(thing)
        image.paste(layer, (x, y), layer)
        opaque = np.asarray(layer.getchannel("A")) >= _OPAQUE
        masks[:index, y : y + h, x : x + w] &= ~opaque
        masks[index, y : y + h, x : x + w] = opaque
        whole[index] = opaque.sum()
    return Painted(image, masks, whole)
