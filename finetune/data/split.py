"""Splits labelled images into those to train on and those to validate on, by seed, each class in both."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence

import numpy as np


def stratified(labels: Mapping[str, Sequence[Hashable]], share: float, seed: int) -> tuple[list[str], list[str]]:
    """Split images so that rare classes stand in both parts.

    Images are grouped by the rarest class they hold, and each group is split on its own (a simple form of iterative
    stratification, Sechidis et al., ECML 2011): at least one of two or more goes to each part, so that of many small
    groups more than the share may validate.

    Args:
        labels: The classes in each image, by its path.
        share: Of the images that go to validation, 0 to 1.
        seed: Of the shuffle.

    Returns:
        Paths for training and for validation, each in the order of `labels`.
    """
    counts = Counter(label for found in labels.values() for label in set(found))
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for path, found in labels.items():
        groups[min(found, key=lambda label: (counts[label], str(label)), default=None)].append(path)
    rng = np.random.default_rng(seed)
    chosen: set[str] = set()
    owed = 0.0
    for label in sorted(groups, key=str):
        paths = groups[label]
        owed += share * len(paths)
        take = min(max(round(owed), 1), len(paths) - 1) if len(paths) > 1 else min(max(round(owed), 0), 1)
        owed -= take
        chosen |= {paths[index] for index in rng.permutation(len(paths))[:take]}
    return [path for path in labels if path not in chosen], [path for path in labels if path in chosen]
