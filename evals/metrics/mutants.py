"""Claims made wrong on purpose, in what they say or in how they say it, to test the checker of reports with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from agent.report.claims import Claim
from agent.report.words import Words
from graphs.relations import PREDICATES
from graphs.scene import SceneGraph
from graphs.taxonomy import CATEGORIES
from tools.colour import COLOURS

PLACES = ("top_left", "top", "top_right", "left", "centre", "right", "bottom_left", "bottom", "bottom_right")

Mutation = Callable[[Claim, SceneGraph, np.random.Generator], "dict[str, Any] | None"]


def mutate(claim: Claim, scene: SceneGraph, words: Words, rng: np.random.Generator) -> Claim | None:
    """One way to make a claim wrong, drawn at random; none where the way drawn does not apply.

    Half of the mutants say something else, in words that fit it; the others keep their content and change its words.
    """
    if rng.random() < 0.5:
        changed = _IN_WORDS[int(rng.integers(len(_IN_WORDS)))](claim.text, rng)
        return claim.model_copy(update={"text": changed}) if changed and changed != claim.text else None
    changes = _IN_CONTENT[int(rng.integers(len(_IN_CONTENT)))](claim, scene, rng)
    if changes is None:
        return None
    mutant = Claim.model_validate(claim.model_dump() | changes)
    return mutant.model_copy(update={"text": words.alone(mutant.content, mutant.certainty == "possible")})


def _other(options: Sequence[str], than: str, rng: np.random.Generator) -> str:
    return str(rng.choice([option for option in options if option != than]))


def _value(claim: Claim, scene: SceneGraph, rng: np.random.Generator) -> dict[str, Any] | None:
    content = claim.content.model_dump()
    match content["kind"]:
        case "count":
            field = "number" if rng.random() < 0.7 else "more"
            content[field] = max(content[field] + int(rng.choice([-1, 1, 2])), 0)
        case "is":
            content["label"] = _other(CATEGORIES, content["label"], rng)
        case "coloured":
            content["colour"] = _other(COLOURS, content["colour"], rng)
        case "placed":
            content["place"] = _other(PLACES, content["place"], rng)
        case "fills":
            content["percent"] = round(min(content["percent"] * float(rng.choice([0.5, 2.0])) + 1, 100), 1)
        case "relates":
            content["predicate"] = _other(PREDICATES, content["predicate"], rng)
        case _:
            return None
    return None if content == claim.content.model_dump() else {"content": content}


def _thing(claim: Claim, scene: SceneGraph, rng: np.random.Generator) -> dict[str, Any] | None:
    """The claim about another thing, which is then its evidence."""
    content = claim.content.model_dump()
    field = next((name for name in ("entity", "object") if name in content), None)
    if field is None:
        return None
    others = [e.id for e in scene.entities() if e.id not in claim.evidence]
    if not others:
        return None
    other = str(rng.choice(others))
    evidence = [other if name == content[field] else name for name in claim.evidence]
    return {"content": content | {field: other}, "evidence": evidence}


def _swapped(claim: Claim, scene: SceneGraph, rng: np.random.Generator) -> dict[str, Any] | None:
    if claim.content.kind != "relates":
        return None
    content = claim.content.model_copy(update={"subject": claim.content.object, "object": claim.content.subject})
    return {"content": content.model_dump(), "evidence": claim.evidence[::-1]}


def _certainty(claim: Claim, scene: SceneGraph, rng: np.random.Generator) -> dict[str, Any]:
    return {"certainty": "sure" if claim.certainty == "possible" else "possible"}


def _evidence(claim: Claim, scene: SceneGraph, rng: np.random.Generator) -> dict[str, Any]:
    names = list(claim.evidence)
    place = int(rng.integers(len(names)))
    others = [e.id for e in scene.entities() if e.id not in names]
    match int(rng.integers(3)):
        case 0:
            del names[place]
        case 1:
            names[place] = f"ghost-{place + 1}"
        case _:
            names.append(str(rng.choice(others)) if others else names[0])
    return {"evidence": names}


def _digits(text: str, rng: np.random.Generator) -> str:
    """Another number, percent or id."""
    places = [place for place, letter in enumerate(text) if letter.isdigit()]
    if not places:
        return text
    place = int(rng.choice(places))
    return text[:place] + _other("123456789", text[place], rng) + text[place + 1 :]


def _word(text: str, rng: np.random.Generator) -> str:
    """A category, colour or relation in place of another."""
    for options in (COLOURS, CATEGORIES, ("left of", "right of", "above", "below", "inside", "near")):
        for word in rng.permutation(options):
            if f" {word}" in text:
                return text.replace(f" {word}", f" {_other(options, str(word), rng)}", 1)
    return text


def _denied(text: str, rng: np.random.Generator) -> str:
    return text.replace(" is ", " is not ", 1).replace(" shows ", " shows no more than ", 1)


def _embellished(text: str, rng: np.random.Generator) -> str:
    return text.rstrip(".") + str(
        rng.choice([" and a small cat.", " and looks happy.", ", next to a tree.", " and 2 dogs."])
    )


def _hedged(text: str, rng: np.random.Generator) -> str:
    if "(and possibly" in text:
        return text[: text.index(" (and possibly")] + text[text.index(")") + 1 :]
    return text.replace(" is ", " may be ", 1).replace(" shows ", " shows at least ", 1)


_IN_CONTENT: tuple[Mutation, ...] = (_value, _value, _thing, _swapped, _certainty, _evidence)
_IN_WORDS: tuple[Callable[[str, np.random.Generator], str], ...] = (_digits, _word, _denied, _embellished, _hedged)
