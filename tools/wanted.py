"""What a prompt asks to be seen, and whether a detector finds it in a picture. Who made the picture is no matter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphs.relations import Predicate, relate
from graphs.taxonomy import covers, hypernyms, is_known, normalise
from graphs.types import Box, Entity, Frozen
from tools.detector import Detection

_RELATIONS: tuple[tuple[str, Predicate], ...] = (
    (r"(?:to |on )?(?:the )?left of", "left_of"),
    (r"(?:to |on )?(?:the )?right of", "right_of"),
    (r"above|over|on top of", "above"),
    (r"below|under(?:neath)?|beneath", "below"),
    (r"inside|within", "inside"),
    (r"near|next to|beside", "near"),
)
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_WORDS = 2


class Wanted(Frozen):
    """What should be seen in a picture.

    Attributes:
        things: Label and how many, in the order in which they are named.
        relations: Subject label, predicate, object label.
    """

    things: tuple[tuple[str, int], ...] = ()
    relations: tuple[tuple[str, Predicate, str], ...] = ()

    @property
    def size(self) -> int:
        """How many things and relations there are to check."""
        return len(self.things) + len(self.relations)


class Check(Frozen):
    """What of it is there, in words such as `dog` and `dog left_of tree`."""

    there: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def score(self) -> float:
        """Share of what was wanted that is there; 1 where nothing was."""
        total = len(self.there) + len(self.missing)
        return len(self.there) / total if total else 1.0

    def __str__(self) -> str:
        """One line for a model or a person."""
        parts = [f"there: {', '.join(self.there)}"] if self.there else []
        parts += [f"not found: {', '.join(self.missing)}"] if self.missing else []
        return "; ".join(parts) or "nothing in the prompt that a detector could check"


def read(prompt: str) -> Wanted:
    """Read the things and relations off a prompt, as far as their words are labels that a detector knows."""
    named = list(_named(prompt))
    counts: dict[str, int] = {}
    for label, number, _, _ in named:
        counts[label] = counts.get(label, 0) + number
    relations: list[tuple[str, Predicate, str]] = []
    for (label, _, _, end), (other, _, start, _) in zip(named, named[1:], strict=False):
        between = prompt[end:start].lower().strip()
        for pattern, predicate in _RELATIONS:
            if re.fullmatch(rf"(?:is |stands |sits |and )?(?:{pattern})(?: an?| the| one| two)?", between):
                relations.append((label, predicate, other))
    return Wanted(things=tuple(counts.items()), relations=tuple(relations))


def _named(prompt: str) -> Sequence[tuple[str, int, int, int]]:
    """Label, number, start and end of each thing that a text names."""
    words = [(match.group(), match.start(), match.end()) for match in re.finditer(r"[A-Za-z]+", prompt)]
    found: list[tuple[str, int, int, int]] = []
    index = 0
    while index < len(words):
        for length in range(min(_WORDS, len(words) - index), 0, -1):
            start, end = words[index][1], words[index + length - 1][2]
            label = normalise(prompt[start:end])
            if is_known(label):
                before = words[index - 1][0].lower() if index else ""
                found.append((label, _NUMBERS.get(before, 1), start, end))
            # A hot dog is no dog, nor anything else that the detector is trained on.
            if is_known(label) or hypernyms(label):
                index += length - 1
                break
        index += 1
    return found


def check(wanted: Wanted, seen: Sequence[Entity]) -> Check:
    """Compare what was wanted with what a detector saw in one picture."""
    there: list[str] = []
    missing: list[str] = []
    for label, number in wanted.things:
        count = sum(covers(label, entity.label) for entity in seen)
        name = label if number == 1 else f"{number} {label}"
        (there if count >= number else missing).append(name)
    labels = {entity.id: entity.label for entity in seen}
    holds = [(labels[one.subject], one.predicate, labels[one.object]) for one in relate(seen)]
    for subject, predicate, other in wanted.relations:
        met = any(covers(subject, a) and predicate == p and covers(other, b) for a, p, b in holds)
        (there if met else missing).append(f"{subject} {predicate} {other}")
    return Check(there=tuple(there), missing=tuple(missing))


def sightings(detections: Sequence[Detection]) -> list[Entity]:
    """Detections in a picture that is not part of any run yet, as entities that can be checked."""
    return [
        Entity(
            id=str(number),
            label=normalise(one.label),
            image_id="",
            box=Box(x1=one.box[0], y1=one.box[1], x2=one.box[2], y2=one.box[3]),
            score=min(one.score, 1.0),
            model="",
            call_id="",
            tool="",
        )
        for number, one in enumerate(detections)
        if one.box[2] > one.box[0] and one.box[3] > one.box[1]
    ]
