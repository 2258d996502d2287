import numpy as np

from tools.masks import decode, encode


def test_round_trip() -> None:
    mask = np.random.default_rng(0).random((7, 5)) > 0.5
    written = encode(mask)
    assert written.size == (7, 5)
    np.testing.assert_array_equal(decode(written), mask)


def test_a_coarser_grid_is_stretched_over_the_image() -> None:
    written = encode(np.array([[True, False], [False, False]]), (4, 6))
    expected = np.zeros((4, 6), dtype=np.bool_)
    expected[:2, :3] = True
    np.testing.assert_array_equal(decode(written), expected)
