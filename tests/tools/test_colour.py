import numpy as np
import pytest

from tools.colour import COLOURS, dominant


def patch(*parts: tuple[str, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A strip of pixels, one row: so many of each hex colour."""
    return np.array([[list(bytes.fromhex(colour)) for colour, count in parts for _ in range(count)]], dtype=np.uint8)


@pytest.mark.parametrize(
    ("shade", "name"),
    [
        ("d22f27", "red"),
        ("e27022", "orange"),
        ("fcea2b", "yellow"),
        ("f1b31c", "yellow"),
        ("5c9e31", "green"),
        ("b1cc33", "green"),
        ("92d3f5", "blue"),
        ("1e50a0", "blue"),
        ("8967aa", "purple"),
        ("ffa7c0", "pink"),
        ("a57939", "brown"),
        ("6a462f", "brown"),
        ("ffffff", "white"),
        ("9b9b9a", "grey"),
        ("d0cfce", "grey"),
        ("3f3f3f", "black"),
        ("000000", "black"),
    ],
)
def test_names_of_shades(shade: str, name: str) -> None:
    pixels = patch((shade, 9))
    assert dominant(pixels, np.ones(pixels.shape[:2], dtype=np.bool_)) == name
    assert name in COLOURS


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        ((("000000", 5), ("d22f27", 4), ("1e50a0", 1)), "red"),
        ((("000000", 7), ("d22f27", 3)), "black"),
        ((("ff0000", 3), ("1e50a0", 2), ("92d3f5", 2)), "blue"),
    ],
    ids=["an outline is not counted", "a black thing is black", "shades of one name add up"],
)
def test_mixtures(parts: tuple[tuple[str, int], ...], name: str) -> None:
    pixels = patch(*parts)
    assert dominant(pixels, np.ones(pixels.shape[:2], dtype=np.bool_)) == name


def test_only_pixels_under_the_mask_count() -> None:
    pixels = patch(("ff0000", 8), ("0000ff", 2))
    mask = np.array([[False] * 8 + [True] * 2])
    assert dominant(pixels, mask) == "blue"
    assert dominant(pixels, np.zeros_like(mask)) is None
