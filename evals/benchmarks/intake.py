"""Damaged pictures for the intake (`python -m evals.benchmarks.intake`): one typed error each is due, and no crash."""

from __future__ import annotations

import io
import resource
import time
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image, features

from tools import intake
from tools.errors import UserError

FORMS = (*intake.FORMATS, *(("AVIF",) if features.check("avif") else ()))
COUNT = 2_000
MOST_MEMORY = 512 * 2**20


def damaged(form: str, seeds: Iterable[int]) -> Iterator[bytes]:
    """A picture with bytes flipped, or cut short, by seed: every third one is cut.

    Args:
        form: Of the file, as Pillow calls it.
        seeds: Each gives one.
    """
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 4), dtype=np.uint8)
    whole = io.BytesIO()
    image = Image.fromarray(pixels, mode="RGBA")
    (image if form in ("PNG", "WEBP", "TIFF") else image.convert("RGB")).save(whole, form)
    for seed in seeds:
        rng = np.random.default_rng([seed, 0xF12])
        data = bytearray(whole.getvalue())
        if seed % 3 == 0:
            yield bytes(data[: int(rng.integers(1, len(data)))])
            continue
        # Most flips in the first bytes, where sizes and tables stand.
        for _ in range(int(rng.integers(1, 9))):
            reach = len(data) if rng.random() < 0.3 else min(len(data), 200)
            data[int(rng.integers(reach))] ^= 1 << int(rng.integers(8))
        yield bytes(data)


def main() -> None:
    """Decode them all, and print what came of it."""
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    for number in range(COUNT):
        form = FORMS[number % len(FORMS)]
        [data] = damaged(form, [number])
        began = time.perf_counter()
        try:
            intake.decode(data, "picture")
            outcomes["read"] += 1
        except UserError:
            outcomes["refused in one line"] += 1
        slowest = max(slowest, time.perf_counter() - began)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{COUNT} damaged pictures: {dict(outcomes)}, any other error would have ended this")
    print(f"slowest {slowest:.2f} s, most memory {memory / 2**20:.0f} MB (limit {MOST_MEMORY / 2**20:.0f} MB)")
    if memory > MOST_MEMORY:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
