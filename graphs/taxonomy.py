"""The categories in use, their hypernyms, and how words map to them. Facts only: what an image holds is elsewhere."""

from __future__ import annotations

from graphs import words

# The order is that of the detector's classes: append, never insert.
_CHAINS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("animal/mammal", ("dog", "cat", "horse", "cow", "pig", "sheep", "rabbit", "elephant", "monkey", "mouse")),
    ("animal/bird", ("duck", "owl", "penguin", "rooster")),
    ("animal/reptile", ("turtle", "snake")),
    ("animal/insect", ("bee", "butterfly")),
    ("animal", ("fish",)),
    ("vehicle", ("car", "bus", "truck", "bicycle", "motorcycle", "boat", "airplane", "train")),
    ("plant", ("tree", "flower", "cactus")),
    ("", ("person",)),
    ("food/fruit", ("apple", "banana", "pear")),
    ("food", ("pizza", "cake", "bread", "carrot")),
    ("furniture", ("chair", "bed", "couch")),
    ("building", ("house",)),
    ("toy", ("ball", "kite")),
    ("instrument", ("guitar",)),
    ("", ("umbrella", "book", "clock")),
)

_HYPERNYMS: dict[str, tuple[str, ...]] = {
    label: tuple(reversed([part for part in chain.split("/") if part])) for chain, labels in _CHAINS for label in labels
}

CATEGORIES: tuple[str, ...] = tuple(_HYPERNYMS)
"""The 48 categories, in the order of the detector's classes."""

HYPERNYMS: tuple[str, ...] = tuple(dict.fromkeys(name for chain in _HYPERNYMS.values() for name in chain))
"""Every word that stands above a category."""

ANYTHING = "thing"
"""The label that covers everything."""

_SYNONYMS: dict[str, str] = {
    "people": "person",
    "man": "person",
    "men": "person",
    "woman": "person",
    "women": "person",
    "human": "person",
    "pedestrian": "person",
    "mice": "mouse",
    "cacti": "cactus",
    "bike": "bicycle",
    "motorbike": "motorcycle",
    "automobile": "car",
    "lorry": "truck",
    "plane": "airplane",
    "aeroplane": "airplane",
    "ship": "boat",
    "sailboat": "boat",
    "sofa": "couch",
    "cockerel": "rooster",
    "loaf": "bread",
    "home": "house",
    "hare": "rabbit",
    "bunny": "rabbit",
    "football": "ball",
    "item": ANYTHING,
    "object": ANYTHING,
    "loaf of bread": "bread",
    "loaves of bread": "bread",
    "everything": ANYTHING,
}


def normalise(text: str) -> str:
    """Map a word to the label it stands for: lower case, singular, synonyms resolved.

    Args:
        text: A word or two, as a person or a model wrote them.

    Returns:
        A label; it need not be one that is known.
    """
    word = " ".join(text.lower().replace("_", " ").split())
    if word in _SYNONYMS:
        return _SYNONYMS[word]
    word = _singular(word)
    return _SYNONYMS.get(word, word)


def _singular(word: str) -> str:
    candidates = [word, word.removesuffix("s"), word.removesuffix("es")]
    candidates += [word.removesuffix("ies") + "y"] if word.endswith("ies") else []
    known = [candidate for candidate in candidates if is_known(candidate) or candidate in _SYNONYMS]
    if known:
        return known[0]
    return word if word.endswith("ss") or word == "s" else word.removesuffix("s")


def hypernyms(label: str) -> tuple[str, ...]:
    """Words above a label, nearest first: `dog` gives `("mammal", "animal")`; an unknown label gives none."""
    return _HYPERNYMS.get(label) or words.HYPERNYMS.get(label, ())


def covers(query: str, label: str) -> bool:
    """Whether what is asked for includes the label: the same word, a hypernym of it, or anything at all."""
    return query in ("", ANYTHING, label) or query in hypernyms(label)


def expand(label: str) -> tuple[str, ...]:
    """The categories that a label covers, in class order; empty when it is not known."""
    return tuple(category for category in CATEGORIES if covers(label, category))


def is_known(label: str) -> bool:
    """Whether the label is a category or a hypernym of one."""
    return label in _HYPERNYMS or label in HYPERNYMS or label == ANYTHING
