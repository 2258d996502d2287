"""The labels that one model knows, and which of them a word stands for. What the words mean is in `taxonomy`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from graphs import taxonomy, words
from graphs.taxonomy import ANYTHING, covers, hypernyms, normalise

_SENSES = {"mouse": ("keyboard", "computer mouse")}
"""Class names that mean another thing beside a second one: a model that knows keyboards means a computer's mouse."""


class Vocabulary:
    """The classes of a model, as labels."""

    def __init__(self, classes: Iterable[str] = taxonomy.CATEGORIES) -> None:
        """Take the class names of a model, in its order; none given, or an empty list, stands for the 48 categories."""
        names = tuple(classes) or taxonomy.CATEGORIES
        self._labels = {name: _label(name, names) for name in names}
        self._known = dict.fromkeys(self._labels.values())
        above = (word for label in self._known for word in hypernyms(label))
        self._above = {word: None for word in dict.fromkeys(above) if word not in self._known}

    def label(self, name: str) -> str:
        """The label of a class name: singular, lower case, and one that words map to."""
        return self._labels.get(name) or normalise(name)

    def names(self, label: str) -> set[str]:
        """The class names that a label covers."""
        return {name for name, own in self._labels.items() if covers(label, own)}

    def find(self, word: str) -> str | None:
        """The label to look for when somebody asks for a word: a class, a hypernym of classes, or `thing`.

        A word that is neither stands for its synonym, or for the nearest of its hypernyms that is a class: a model that
        knows only `bird` looks for that when asked for an owl.

        Returns:
            The label; none if the model knows nothing of the kind.
        """
        term = normalise(word) or ANYTHING
        term = term if self._has(term) else words.SYNONYMS.get(term, term)
        if self._has(term):
            return term
        return next((above for above in hypernyms(term) if above in self._known), None)

    def _has(self, term: str) -> bool:
        return term == ANYTHING or term in self._known or term in self._above

    def nearest(self, word: str, count: int = 3) -> list[str]:
        """The labels whose spelling is nearest, best first; when none is near, the first of the classes."""
        known = [*self._known, *self._above]
        close = difflib.get_close_matches(normalise(word), known, n=count, cutoff=0.5)
        return close + [name for name in known if name not in close][: count - len(close)]


def _label(name: str, names: tuple[str, ...]) -> str:
    beside, other = _SENSES.get(name, ("", ""))
    return other if beside in names else normalise(name)
