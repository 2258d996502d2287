"""The text plan of one image: which claims are worth making, and in which order. Words come from `words`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.report.check import rounded
from agent.report.claims import (
    Certainty,
    Claim,
    Coloured,
    Count,
    Fills,
    Is,
    Largest,
    Placed,
    Reads,
    Relates,
    Section,
    Sentence,
    Table,
)
from agent.report.desk import Desk
from agent.report.facts import MEASURES, READER, Findings, text_of
from graphs.query import ranked, sizes
from graphs.relations import relate
from graphs.scene import EVERYTHING, SceneEntity
from graphs.types import Box

RANK = {"on": 0, "inside": 0, "overlaps": 1, "near": 2, "left_of": 3, "above": 3}
"""Relations worth telling, the most telling first; their inverses say the same again."""

MOST_RELATIONS, MOST_OF_ONE = 10, 3
CLEARLY_LARGER = 1.25
"""Which thing is largest is told where it has at least so many times the size of the next one."""

JITTER = (0.92, 1.08)
"""Detectors draw boxes a few percent too small or too large; a relation is told if it survives that."""


def summary(desk: Desk, found: Findings) -> Section:
    """How many of what, and what is largest."""
    words = desk.words
    counts = counted(desk, found)
    if not found.sure and not found.doubtful:
        return section(desk, "summary", [_nothing(desk, found)])
    sentences = [words.sentence("prose.contents", counts)]
    if len(found.sure) > 1:
        sentences += _largest(desk, found)
    return section(desk, "summary", sentences)


def _nothing(desk: Desk, found: Findings) -> Sentence:
    """That there is none of what was looked for, all over the image; or that nobody looked."""
    searches = desk.facts.scene.searches(found.image)
    looked = dict.fromkeys(one.label for one in searches if one.tool not in (READER, *MEASURES))
    labels = ["thing"] if EVERYTHING in looked else list(looked)
    claims = made(count(desk, found, label) for label in labels)
    return desk.words.sentence("prose.nothing", claims) if claims else (desk.words("prose.unlooked"),)


def counted(desk: Desk, found: Findings) -> list[Claim]:
    """One count for each label: the most frequent of those seen first, then those only in doubt."""
    sure = ranked(entity.label for entity in found.sure)
    doubtful = ranked(entity.label for entity in found.doubtful)
    return made(count(desk, found, label) for label in dict.fromkeys([*sure, *doubtful]))


def count(desk: Desk, found: Findings, label: str) -> Claim | None:
    """Claim how many of a label an image shows."""
    seen, doubtful = found.ids(label)
    limited = not desk.facts.scene.searched(label, found.image)
    content = Count(image=found.image, label=label, number=len(seen), more=len(doubtful), at_least=limited)
    certainty: Certainty = "possible" if doubtful and not seen else "sure"
    return desk.claim(content, [*seen, *doubtful] or [found.image], certainty)


def _largest(desk: Desk, found: Findings) -> list[Sentence]:
    first = found.sure[0]
    size, *rivals = sizes([*found.sure, *found.doubtful])
    if size < CLEARLY_LARGER * max(rivals):
        return []
    largest = desk.claim(Largest(entity=first.id, image=found.image), [first.id])
    fills = _fills(desk, first)
    if largest is None:
        return []
    if fills is None:
        return [desk.words.sentence("prose.largest", [largest])]
    return [desk.words.around("prose.largest_fills", largest=largest, fills=fills)]


def entities(desk: Desk, found: Findings) -> Section | None:
    """A row for each thing that counts as seen."""
    return listed(desk, "entities", found.sure, "sure")


def doubtful(desk: Desk, found: Findings) -> Section | None:
    """A row for each thing in doubt; where there is none, that is said."""
    if not found.doubtful:
        return section(desk, "doubtful", [(desk.words("prose.certain"),)])
    return listed(desk, "doubtful", found.doubtful, "possible")


def listed(desk: Desk, kind: str, things: Sequence[SceneEntity], certainty: Certainty) -> Section | None:
    """A table with a row for each thing; none without things."""
    if not things:
        return None
    words = desk.words
    names = ("id", "category", "colour", "place", "share", "score")
    rows = tuple(row(desk, thing, certainty) for thing in things)
    table = Table(columns=tuple(words(f"column.{name}") for name in names), rows=rows)
    return Section(kind=kind, title=words(f"section.{kind}"), table=table)


def row(desk: Desk, thing: SceneEntity, certainty: Certainty) -> tuple[Sentence, ...]:
    """What there is to say of one thing: name, category, colour, place, share and score."""
    colour, place = thing.attributes.get("colour"), desk.facts.place_of(thing)
    claims = (
        desk.claim(Is(entity=thing.id, label=thing.label), [thing.id], certainty),
        desk.claim(Coloured(entity=thing.id, colour=str(colour)), [thing.id], certainty) if colour else None,
        desk.claim(Placed(entity=thing.id, image=thing.image_id, place=place), [thing.id], certainty)
        if place
        else None,
        _fills(desk, thing, certainty),
    )
    cells: list[Sentence] = [(desk.words.fragment(claim),) if claim else ("",) for claim in claims]
    return ((desk.words.name(thing.id),), *cells, (f"{thing.score:.2f}",))


def _fills(desk: Desk, thing: SceneEntity, certainty: Certainty = "sure") -> Claim | None:
    share = thing.attributes.get("area_share")
    if share is None:
        return None
    percent, under = rounded(100 * float(share))
    content = Fills(entity=thing.id, image=thing.image_id, percent=percent, under=under)
    return desk.claim(content, [thing.id], certainty)


def relations(desk: Desk, found: Findings) -> Section | None:
    """How the things seen stand to each other: a few telling relations, by subject."""
    told: dict[str, list[Claim]] = {}
    for subject, predicate, other in _telling(desk, found):
        if claim := desk.claim(Relates(subject=subject, predicate=predicate, object=other), [subject, other]):
            told.setdefault(subject, []).append(claim)
    if not told:
        return None
    words = desk.words
    sentences = [words.sentence("prose.relations", claims, name=words.name(one)) for one, claims in told.items()]
    return section(desk, "relations", sentences)


def _telling(desk: Desk, found: Findings) -> list[tuple[str, str, str]]:
    """The relations to tell: firm ones, each pair once, the most telling and then the nearest first."""
    things = {entity.id: entity for entity in found.sure}
    firm = _firm(found.sure)
    options = [
        one
        for one in found.triples
        if one[1] in RANK and one[0] in things and one[2] in things and (one[1] == "on" or one in firm)
    ]
    options.sort(key=lambda one: (RANK[one[1]], _apart(things[one[0]].box, things[one[2]].box), one))
    chosen: dict[frozenset[str], tuple[str, str, str]] = {}
    for one in options:
        much = sum(one[0] == subject for subject, *_ in chosen.values()) >= MOST_OF_ONE
        if not much and len(chosen) < MOST_RELATIONS:
            chosen.setdefault(frozenset((one[0], one[2])), one)
    return list(chosen.values())


def _firm(things: Sequence[SceneEntity]) -> set[tuple[str, str, str]]:
    drawn = [[thing.model_copy(update={"box": _scaled(thing.box, by)}) for thing in things] for by in JITTER]
    return set.intersection(*({(r.subject, r.predicate, r.object) for r in relate(one)} for one in drawn))


def _scaled(box: Box, by: float) -> Box:
    x, y, w, h = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, by * (box.x2 - box.x1), by * (box.y2 - box.y1)
    return Box(x1=x - w / 2, y1=y - h / 2, x2=x + w / 2, y2=y + h / 2)


def _apart(a: Box, b: Box) -> float:
    return float((a.x1 + a.x2 - b.x1 - b.x2) ** 2 + (a.y1 + a.y2 - b.y1 - b.y2) ** 2)


def texts(desk: Desk, found: Findings) -> Section | None:
    """What was read."""
    read = made(
        desk.claim(Reads(entity=one.id, image=one.image_id, text=text_of(one)), [one.id], _certainty(desk, one))
        for one in found.texts
    )
    if read:
        return section(desk, "text", [desk.words.sentence("prose.texts", read)])
    looked = any(look.tool == READER and look.observation for look in desk.looks.get(found.image, ()))
    return section(desk, "text", [(desk.words("prose.no_text"),)]) if looked else None


def _certainty(desk: Desk, text: SceneEntity) -> Certainty:
    return "sure" if text.score >= desk.facts.sure else "possible"


def unseen(desk: Desk, found: Findings) -> Section:
    """What was looked for, and what no tool looked at."""
    words, looks = desk.words, desk.looks.get(found.image, ())
    sentences: list[Sentence] = []
    for look in looks:
        if look.observation is None:
            sentences.append((words("prose.failed", tool=look.tool, reason=(look.error or "").rstrip(".")),))
        elif look.tool != READER and (searches := look.observation.searches):
            labels = [words.labels(one.label) for one in searches if one.label != EVERYTHING]
            what = words.joined(labels) or words("prose.everything")
            sentences.append((words("prose.searched", labels=what, model=searches[0].model),))
            sentences.append((words("prose.other"),))
    if not any(look.tool == READER for look in looks):
        sentences.append((words("prose.unread"),))
    return section(desk, "unseen", sentences)


def made(claims: Iterable[Claim | None]) -> list[Claim]:
    """Those claims that were not refused."""
    return [claim for claim in claims if claim is not None]


def section(desk: Desk, kind: str, sentences: Sequence[Sentence]) -> Section:
    """A section of prose under the title of its kind."""
    return Section(kind=kind, title=desk.words(f"section.{kind}"), sentences=tuple(sentences))
