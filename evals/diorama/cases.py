"""Questions about dioramas with their true answers and the plans that lead to them. The words stand in `phrases`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel, Field

from evals.diorama.phrases import (
    HELD_OUT,
    HELD_OUT_UNKNOWN,
    PHRASES,
    RELATIONS,
    UNKNOWN_LABELS,
    Kind,
    plural,
    singular,
    with_article,
)
from evals.diorama.truth import TrueObject, Truth

Value = bool | int | float | str | list[str] | None

WEIGHTS: dict[Kind, int] = {
    "count": 14, "exists": 10, "list": 6, "largest": 7, "colour": 8, "colours": 3, "colour_count": 7, "related": 9,
    "related_count": 6, "related_list": 5, "relation": 5, "compare": 6, "area": 6, "outline": 4, "more_in": 5,
    "unknown": 4, "abstain": 7,
}  # fmt: skip
"""How often each kind is asked, out of about a hundred."""

AREA_TOLERANCE = 0.15
"""Relative error that a measured share of the image may have."""


class Call(BaseModel):
    """A tool call of a plan."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)


Plan = list[list[Call]]
"""Steps in order; the calls of one step may run side by side."""


class Case(BaseModel):
    """A question about images, and what a right answer is.

    Attributes:
        id: Unique within its file.
        images: File names, in the order of the ids `img-1`, `img-2`.
        query: The question.
        kind: What is asked for.
        answer: The typed value; `None` where the tools can't tell.
        tolerance: Relative error allowed in a number.
        accepted_plans: Tool calls that lead to the answer, the shortest first; `answer` itself is left out.
        tags: For slicing results.
        held_out: Whether no training question uses this phrasing.
    """

    id: str
    images: list[str]
    query: str
    kind: Kind
    answer: Value
    tolerance: float = 0.0
    accepted_plans: list[Plan]
    tags: list[str] = Field(default_factory=list)
    held_out: bool = False


class _Draft(NamedTuple):
    """What a kind decides: the words to fill in, the answer, and the plans."""

    words: dict[str, str]
    answer: Value
    plans: list[Plan]
    tolerance: float = 0.0


_Maker = Callable[[Sequence[Truth], np.random.Generator], "_Draft | None"]


def _look(*labels: str, image: str = "img-1", tool: str = "detect") -> Call:
    return Call(tool=tool, arguments={"image_id": image, "labels": list(labels)})


def _query(op: str, label: str, **filters: str) -> Call:
    return Call(tool="query_scene", arguments={"op": op, "label": label, **filters})


def _forms(label: str, suffix: str = "") -> dict[str, str]:
    return {f"s{suffix}": singular(label), f"p{suffix}": plural(label), f"a{suffix}": with_article(label)}


def _pick(rng: np.random.Generator, options: Sequence[str]) -> str | None:
    return options[int(rng.integers(len(options)))] if options else None


def _labels(truth: Truth, *, single: bool = False) -> list[str]:
    """Categories in the scene, in order of first appearance; with `single`, those that stand there once."""
    names = [thing.category for thing in truth.objects]
    return [name for name in dict.fromkeys(names) if not single or names.count(name) == 1]


def _groups(truth: Truth) -> list[str]:
    """Hypernyms that cover at least two objects of the scene."""
    names = [name for thing in truth.objects for name in thing.hypernyms]
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def _absent(truth: Truth, rng: np.random.Generator) -> str:
    from graphs.taxonomy import CATEGORIES

    present = set(_labels(truth))
    return str(rng.choice([name for name in CATEGORIES if name not in present]))


def _some_label(truth: Truth, rng: np.random.Generator, absent: float) -> str | None:
    """A category or a hypernym, or, in a share of cases, a category that the scene lacks."""
    if rng.random() < absent:
        return _absent(truth, rng)
    groups = _groups(truth)
    return _pick(rng, groups if groups and rng.random() < 0.25 else _labels(truth))


def _count(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    label = _some_label(truths[0], rng, absent=0.08)
    if label is None:
        return None
    plans = [[[_look(label)]], [[_look(label)], [_query("count", label)]]]
    return _Draft(_forms(label), len(truths[0].of(label)), plans)


def _exists(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    label = _some_label(truths[0], rng, absent=0.5)
    if label is None:
        return None
    plans = [[[_look(label)]], [[_look(label)], [_query("exists", label)]]]
    return _Draft(_forms(label), bool(truths[0].of(label)), plans)


def _list(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    plans = [[[_look()]], [[_look()], [_query("list", "thing")]]]
    return _Draft({}, sorted(_labels(truths[0])), plans) if truths[0].objects else None


def _largest(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    labels = [*_groups(truths[0]), "thing"]
    options = [name for name in labels if len({thing.category for thing in truths[0].of(_of(name))}) > 1]
    label = _pick(rng, options)
    if label is None:
        return None
    ranked = sorted(truths[0].of(_of(label)), key=lambda thing: -thing.box.area)
    rival = next(thing for thing in ranked if thing.category != ranked[0].category)
    if rival.box.area > 0.8 * ranked[0].box.area:
        return None
    look = _look() if label == "thing" else _look(label)
    forms = _forms(str(rng.choice(["thing", "object"])) if label == "thing" else label)
    return _Draft(forms, ranked[0].category, [[[look], [_query("largest", label)]]])


def _of(label: str) -> str:
    return "" if label == "thing" else label


def _coloured(truth: Truth, *, single: bool) -> dict[str, list[TrueObject]]:
    """Categories whose objects all have a colour that a person would name, with those objects."""
    found = {name: truth.of(name) for name in _labels(truth, single=single)}
    return {name: things for name, things in found.items() if all(thing.colour for thing in things)}


def _colour(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    options = _coloured(truths[0], single=True)
    label = _pick(rng, list(options))
    if label is None:
        return None
    plans = [[[_look(label)]], [[_look(label)], [_query("attribute", label)]]]
    return _Draft(_forms(label), options[label][0].colour, plans)


def _colours(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    options = {name: things for name, things in _coloured(truths[0], single=False).items() if len(things) > 1}
    label = _pick(rng, list(options))
    if label is None:
        return None
    colours = sorted({str(thing.colour) for thing in options[label]})
    plans = [[[_look(label)], [_query("attribute", label)]], [[_look(label)]]]
    return _Draft(_forms(label), list(colours), plans)


def _colour_count(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    options = _coloured(truths[0], single=False)
    label = _pick(rng, list(options))
    if label is None:
        return None
    present = [str(thing.colour) for thing in options[label]]
    colour = str(rng.choice([*present, *present, "red", "blue", "green"]))
    plan = [[_look(label)], [_query("count", label, colour=colour)]]
    return _Draft({**_forms(label), "c": colour}, present.count(colour), [plan])


def _pair(truth: Truth, rng: np.random.Generator) -> tuple[str, str] | None:
    singles = _labels(truth, single=True)
    if len(singles) < 2:
        return None
    first, second = rng.choice(singles, size=2, replace=False)
    return str(first), str(second)


def _relation_word(rng: np.random.Generator) -> tuple[str, str]:
    name = str(rng.choice(list(RELATIONS)))
    return name, str(rng.choice(RELATIONS[name]))


def _related(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    pair = _pair(truths[0], rng)
    if pair is None:
        return None
    name, words = _relation_word(rng)
    holds = truths[0].holds(f"{pair[0]}-1", name, f"{pair[1]}-1")
    plan = [[_look(*pair)], [_query("exists", pair[0], relation=name, other=pair[1])]]
    return _Draft({**_forms(pair[0]), **_forms(pair[1], "2"), "r": words}, holds, [plan])


def _related_count(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    anchor = _pick(rng, _labels(truths[0], single=True))
    label = _pick(rng, [name for name in [*_labels(truths[0]), *_groups(truths[0])] if name != anchor])
    if anchor is None or label is None or anchor in [thing.category for thing in truths[0].of(label)]:
        return None
    name, words = _relation_word(rng)
    number = sum(truths[0].holds(thing.id, name, f"{anchor}-1") for thing in truths[0].of(label))
    plan = [[_look(label, anchor)], [_query("count", label, relation=name, other=anchor)]]
    return _Draft({**_forms(label), **_forms(anchor, "2"), "r": words}, number, [plan])


def _related_list(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    anchor = _pick(rng, _labels(truths[0], single=True))
    if anchor is None:
        return None
    name, words = _relation_word(rng)
    found = {thing.category for thing in truths[0].objects if truths[0].holds(thing.id, name, f"{anchor}-1")}
    plan = [[_look()], [_query("list", "thing", relation=name, other=anchor)]]
    return _Draft({**_forms(anchor, "2"), "r": words}, sorted(found), [plan])


def _relation(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    pair = _pair(truths[0], rng)
    if pair is None:
        return None
    names = [name for a, name, b in truths[0].relations if (a, b) == (f"{pair[0]}-1", f"{pair[1]}-1")]
    plan = [[_look(*pair)], [_query("relation", pair[0], other=pair[1])]]
    return _Draft({**_forms(pair[0]), **_forms(pair[1], "2")}, sorted(names), [plan]) if names else None


def _compare(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    labels = _labels(truths[0])
    if len(labels) < 2:
        return None
    first, second = (str(name) for name in rng.choice(labels, size=2, replace=False))
    more = len(truths[0].of(first)) > len(truths[0].of(second))
    counts = [_query("count", first), _query("count", second)]
    plans = [[[_look(first, second)]], [[_look(first, second)], counts], [[_look(first), _look(second)]]]
    return _Draft({**_forms(first), **_forms(second, "2")}, more, plans)


def _area(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    label = _pick(rng, _labels(truths[0], single=True))
    if label is None:
        return None
    share = 100 * truths[0].of(label)[0].area / (truths[0].width * truths[0].height)
    plans = [[[_look(label, tool="segment")]], [[_look(label, tool="segment")], [_query("attribute", label)]]]
    return _Draft(_forms(label), round(share, 2), plans, AREA_TOLERANCE)


def _outline(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    label = _pick(rng, [*_labels(truths[0]), *_groups(truths[0])])
    return _Draft(_forms(label), len(truths[0].of(label)), [[[_look(label, tool="segment")]]]) if label else None


def _more_in(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    label = _pick(rng, _labels(truths[int(rng.integers(2))]))
    if label is None:
        return None
    first, second = (len(truth.of(label)) for truth in truths[:2])
    if first == second:
        return None
    plan = [[_look(label), _look(label, image="img-2")]]
    return _Draft(_forms(label), "img-1" if first > second else "img-2", [plan])


def _abstain(truths: Sequence[Truth], rng: np.random.Generator) -> _Draft | None:
    label = _pick(rng, _labels(truths[0]))
    return _Draft(_forms(label), None, [[]]) if label else None


_MAKERS: dict[Kind, _Maker] = {
    "count": _count, "exists": _exists, "list": _list, "largest": _largest, "colour": _colour, "colours": _colours,
    "colour_count": _colour_count, "related": _related, "related_count": _related_count, "related_list": _related_list,
    "relation": _relation, "compare": _compare, "area": _area, "outline": _outline, "more_in": _more_in,
    "abstain": _abstain,
}  # fmt: skip

IMAGES_OF: dict[Kind, int] = {"more_in": 2}
"""How many images a kind asks about, where that is not one."""


def _unknown(rng: np.random.Generator, held_out: bool) -> tuple[_Draft, str]:
    """A question about something that no tool knows, and its phrase."""
    label = str(rng.choice(HELD_OUT_UNKNOWN if held_out else UNKNOWN_LABELS))
    source = (HELD_OUT if held_out else PHRASES)[rng.choice(["count", "exists", "outline"])]
    phrase = str(rng.choice(source))
    tool = "segment" if source in (HELD_OUT["outline"], PHRASES["outline"]) else "detect"
    return _Draft(_forms(label), None, [[[_look(label, tool=tool)]], []]), phrase


def make_case(kind: Kind, truths: Sequence[Truth], rng: np.random.Generator, held_out: bool) -> Case | None:
    """Ask one question.

    Args:
        kind: What to ask for.
        truths: The scene; a second one for kinds that compare two images.
        rng: Draws the objects and the words.
        held_out: Use a phrasing that training never sees.

    Returns:
        The case, or `None` where the scene does not allow the question.
    """
    if kind == "unknown":
        draft, phrase = _unknown(rng, held_out)
    else:
        made = _MAKERS[kind](truths, rng)
        if made is None:
            return None
        draft, phrase = made, str(rng.choice((HELD_OUT if held_out else PHRASES)[kind]))
    return Case(
        id=f"{truths[0].seed}-{kind}" + ("-held-out" if held_out else ""),
        images=[truth.image for truth in truths[: IMAGES_OF.get(kind, 1)]],
        query=phrase.format(**draft.words),
        kind=kind,
        answer=draft.answer,
        tolerance=draft.tolerance,
        accepted_plans=draft.plans,
        tags=[kind],
        held_out=held_out,
    )
