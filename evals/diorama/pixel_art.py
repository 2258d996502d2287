"""A second world: twelve other categories, drawn as pixel art on dark tiles, for measuring how models adapt."""

from __future__ import annotations

import numpy as np
from PIL import Image

from evals.diorama.render import Style, paint
from evals.diorama.scene import Placed, Scene, sample_scene
from evals.diorama.sprites import Sprite, render_sprite
from evals.diorama.truth import truth_of
from evals.diorama.world import Diorama

PIXELS = 26
"""Pixels on the longer side of a sprite before it is drawn large."""

SPRITES: dict[str, tuple[Sprite, ...]] = {
    "fox": (Sprite("1F98A", None),),
    "frog": (Sprite("1F438", None),),
    "crab": (Sprite("1F980", None),),
    "mushroom": (Sprite("1F344", None),),
    "castle": (Sprite("1F3EF", None),),
    "helicopter": (Sprite("1F681", None),),
    "key": (Sprite("1F511", None),),
    "hat": (Sprite("1F3A9", None),),
    "teddy bear": (Sprite("1F9F8", None),),
    "trumpet": (Sprite("1F3BA", None),),
    "shoe": (Sprite("1F45F", None),),
    "handbag": (Sprite("1F45C", None),),
}
"""None of these categories is among the 48 of the first world."""


def _tiles(scene: Scene, rng: np.random.Generator) -> Image.Image:
    side = int(rng.integers(16, 40))
    dark = rng.uniform(15, 70, 3)
    rows, columns = np.mgrid[0 : scene.height, 0 : scene.width] // side
    lit = ((rows + columns) % 2)[..., None] * rng.uniform(6, 26) + rng.normal(0, 6, (scene.height, scene.width, 1))
    return Image.fromarray(np.clip(dark + lit, 0, 255).astype(np.uint8))


def _pixelated(thing: Placed) -> Image.Image:
    _, _, width, height = thing.box
    scale = PIXELS / max(width, height)
    few = (max(round(width * scale), 2), max(round(height * scale), 2))
    picture = render_sprite(thing.code, thing.tint).resize(few, Image.Resampling.BOX)
    red, green, blue, alpha = picture.split()
    shades = [channel.point(lambda value: value // 64 * 80) for channel in (red, green, blue)]
    picture = Image.merge("RGBA", (*shades, alpha.point(lambda value: 255 if value > 110 else 0)))
    picture = picture.resize((width, height), Image.Resampling.NEAREST)
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if thing.flip else picture


PIXEL_ART = Style(_tiles, _pixelated)


def make_pixel_art(seed: int) -> Diorama:
    """The scene of a seed in the second world: the same seed gives the same pixels and the same truth."""
    scene = sample_scene(seed, sprites=SPRITES)
    painted = paint(scene, PIXEL_ART)
    return Diorama(painted.image, truth_of(scene, painted, f"pixel-art-{seed}.png"))
