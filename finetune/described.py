"""Questions that only a model trained for `describe` can answer, with what it would say. Planning is not here.

The planner learns from them when to ask `describe` and to say what that said, so what is said need not be true.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from evals.diorama.cases import Call, Case
from evals.diorama.phrases import with_article
from evals.diorama.world import Diorama, Item, make_diorama
from finetune.data.asked import Asked, read_asked
from tools.intake import picture

YES_NO = ("yes", "no")
INVENTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Is it day or night?", ("day", "night")), ("Is the {s} standing?", YES_NO), ("Is this indoors?", YES_NO),
    ("What is the {s} made of?", ("wood", "metal", "fur", "glass", "cloth")), ("Is the {s} wet?", YES_NO),
    ("What pattern does the {s} have?", ("stripes", "dots", "none", "checks")), ("Is the picture a drawing?", YES_NO),
    ("In which style is the picture made?", ("flat", "cartoon", "realistic")), ("Is the {s} asleep?", YES_NO),
    ("Which season does the picture show?", ("summer", "winter", "spring", "autumn")), ("Is the sky clear?", YES_NO),
    ("What is in the background?", ("grass", "sky", "sand", "a wall")), ("Does the {s} look new?", YES_NO),
    ("What mood does the picture have?", ("calm", "merry", "gloomy")), ("Is the {s} facing left?", YES_NO),
    ("What shape does the {s} have?", ("round", "square", "long")), ("Is the {s} moving?", YES_NO),
    ("What is the {s} doing?", ("standing", "lying", "flying", "nothing")), ("Is the picture blurred?", YES_NO),
    ("Is there {a} with stripes?", YES_NO), ("How is the light?", ("bright", "dim", "soft")),
    ("What is the ground like?", ("grassy", "sandy", "bare")), ("Does the scene look crowded?", YES_NO),
)  # fmt: skip
"""Phrases and the answers to draw from; `{s}` is a category of the scene, `{a}` the same with its article."""


def invent(seed: int, rng: np.random.Generator) -> Item | None:
    """A question about the diorama of a seed that no detector answers; none where nothing stands in it."""
    diorama = make_diorama(seed)
    if not diorama.truth.objects:
        return None
    label = str(rng.choice([thing.category for thing in diorama.truth.objects]))
    phrase, answers = INVENTED[int(rng.integers(len(INVENTED)))]
    query = phrase.format(s=label, a=with_article(label))
    return _item(diorama, f"{seed}-describe", query, str(rng.choice(answers)))


def draw(data: Path, seed: int, rng: np.random.Generator) -> Item:
    """One of the questions that people's data holds, about its own picture.

    Args:
        data: As `finetune.data.asked` reads it; what validates there is not used.
        seed: Names the item.
        rng: Draws the question.

    Raises:
        UserError: If the data is not in form.
    """
    rows = _questions(data)
    row = rows[int(rng.integers(len(rows)))]
    diorama = make_diorama(seed)
    return _item(diorama._replace(image=picture(row.image)), f"{seed}-describe", row.question, row.answer)


@lru_cache(maxsize=1)
def _questions(data: Path) -> list[Asked]:
    return [row for row in read_asked(data, 0.1, 0)[0] if row.question]


def _item(diorama: Diorama, name: str, query: str, answer: str) -> Item:
    call = Call(tool="describe", arguments={"image_id": "img-1", "question": query})
    case = Case(
        id=name, images=[f"{name}.png"], query=query, kind="describe", answer=answer, accepted_plans=[[[call]]],
        tags=["describe"],
    )  # fmt: skip
    return Item(case, (diorama,))
