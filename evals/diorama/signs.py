"""Signs with a word on them, put on dioramas that are made already: truth for reading. Scenes stay as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from evals.diorama.scene import SIGN_WORDS
from evals.diorama.truth import TrueText, Truth
from evals.diorama.world import Diorama
from graphs.types import Box

HEIGHTS = (0.11, 0.09, 0.07)
"""Of a board, as shares of the picture's height: the largest that finds room is taken."""

TRIES = 60
FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono-Bold")
BOARDS = (
    ((252, 252, 248), (24, 24, 24)),
    ((30, 80, 160), (250, 250, 250)),
    ((250, 214, 60), (30, 30, 30)),
    ((40, 110, 60), (250, 250, 250)),
    ((190, 30, 40), (255, 255, 255)),
)
"""Colours of a board and of what is written on it."""


def with_sign(diorama: Diorama, seed: int) -> Diorama | None:
    """The diorama with one more sign, where it hides no object and no other sign.

    Args:
        diorama: Stays as it is.
        seed: Chooses the word, its looks and its place; the same seed gives the same pixels.

    Returns:
        The picture with the sign, and the truth with its word; None where there is no room.
    """
    rng = np.random.default_rng([seed, 0x516])
    taken = {text.word for text in diorama.truth.texts}
    word = str(rng.choice([word for word in SIGN_WORDS if word not in taken]))
    font_name = str(rng.choice(FONTS))
    board, ink = BOARDS[rng.integers(len(BOARDS))]
    for share in HEIGHTS:
        height = round(share * diorama.truth.height)
        font = ImageFont.truetype(_font(font_name), round(height * 0.62))
        width = round(font.getlength(word) + height * 0.7)
        place = _room(diorama.truth, width, height, rng)
        if place is not None:
            return _painted(diorama, word, (*place, width, height), font, board, ink)
    return None


def _room(truth: Truth, width: int, height: int, rng: np.random.Generator) -> tuple[int, int] | None:
    """The upper left corner of a free place of that size."""
    if width > truth.width or height > truth.height:
        return None
    boxes = [*(one.box for one in truth.objects), *(one.box for one in truth.texts)]
    for _ in range(TRIES):
        x, y = int(rng.integers(0, truth.width - width + 1)), int(rng.integers(0, truth.height - height + 1))
        if not any(x < box.x2 and box.x1 < x + width and y < box.y2 and box.y1 < y + height for box in boxes):
            return x, y
    return None


def _painted(
    diorama: Diorama,
    word: str,
    box: tuple[int, int, int, int],
    font: ImageFont.FreeTypeFont,
    board: tuple[int, int, int],
    ink: tuple[int, int, int],
) -> Diorama:
    x, y, width, height = box
    image: Image.Image = diorama.image.copy()
    draw = ImageDraw.Draw(image)
    draw.rectangle((x, y, x + width - 1, y + height - 1), fill=board, outline=(40, 40, 40), width=2)
    draw.text((x + width / 2, y + height / 2), word, font=font, fill=ink, anchor="mm")
    sign = TrueText(word=word, box=Box(x1=x, y1=y, x2=x + width, y2=y + height))
    truth = diorama.truth.model_copy(update={"texts": (*diorama.truth.texts, sign)})
    return Diorama(image, truth)


def _font(name: str) -> str:
    """A font that matplotlib ships."""
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf")
