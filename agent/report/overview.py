"""What is said of many images together: totals, changes in order, groups, outliers, look-alikes and an index."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from agent.report.claims import Alike, Claim, Count, Fragment, Odd, Relates, Section, Sentence, Table, Varies
from agent.report.desk import Desk
from agent.report.facts import Findings
from agent.report.plan import made, section
from graphs.query import ranked

MOST_TOTALS = 15
MOST_PAIRS = 40
GROUP = 0.5
"""Images whose kinds of things overlap by at least this (Jaccard) belong together."""


def overview(desk: Desk, sections: Collection[str]) -> tuple[Section, ...]:
    """The sections on all images; none for a single one.

    Args:
        desk: With the facts of all images.
        sections: Those of the template: `summary` asks for what all images show, `events` for what changes in order.
    """
    images = [found for found in desk.facts.all() if found.image != desk.reference]
    if len(images) < 2:
        return ()
    made_of: list[Section | None] = []
    if "summary" in sections:
        made_of += [_totals(desk, images), _groups(desk, images), _look_alikes(desk), _index(desk, images)]
    if "events" in sections:
        made_of.insert(1, _events(desk, images))
    return tuple(one for one in made_of if one is not None)


def _totals(desk: Desk, images: list[Findings]) -> Section | None:
    if desk.reference is not None:
        return None  # a count over all images would count the reference too
    labels = ranked(thing.label for found in images for thing in found.sure)
    claims = made(_total(desk, label) for label in list(labels)[:MOST_TOTALS])
    if not claims:
        return None
    return section(desk, "overview", [desk.words.sentence("prose.totals", claims, images=len(images))])


def _total(desk: Desk, label: str) -> Claim | None:
    found = [one.ids(label) for one in desk.facts.all()]
    sure, doubtful = ([name for pair in found for name in pair[place]] for place in (0, 1))
    limited = not all(desk.facts.scene.searched(label, one.image) for one in desk.facts.all())
    content = Count(image="", label=label, number=len(sure), more=len(doubtful), at_least=limited)
    return desk.claim(content, [*sure, *doubtful])


def _events(desk: Desk, images: list[Findings]) -> Section:
    """What comes and goes from one image to the next."""
    sentences: list[Sentence] = []
    for before, after in zip(images, images[1:], strict=False):
        claims: list[Claim | None] = []
        for label in dict.fromkeys(thing.label for thing in (*before.sure, *after.sure)):
            then, now = before.ids(label)[0], after.ids(label)[0]
            if len(then) != len(now):
                content = Varies(label=label, image=after.image, number=len(now), before=before.image, was=len(then))
                claims.append(desk.claim(content, [before.image, after.image, *then, *now]))
        if told := made(claims):
            sentences.append(desk.words.sentence("prose.varies", told, before=before.image, image=after.image))
    return section(desk, "events", sentences or [(desk.words("prose.steady"),)])


def _groups(desk: Desk, images: list[Findings]) -> Section | None:
    """Images that show the same kinds of things, and those that show nothing of what others show."""
    groups: list[list[Findings]] = []
    for found in (one for one in images if one.sure):
        near = next((group for group in groups if jaccard(group[0].labels, found.labels) >= GROUP), None)
        if near is None:
            groups.append([found])
        else:
            near.append(found)
    claims = [_alike(desk, group) for group in groups if len(group) > 1]
    odd = [desk.claim(Odd(image=one.image), [one.image]) for one in images if is_odd(one, images)]
    sentences = [desk.words.sentence("prose.groups", told) for told in (made(claims), made(odd)) if told]
    return section(desk, "groups", sentences) if sentences else None


def _alike(desk: Desk, group: list[Findings]) -> Claim | None:
    shared = set.intersection(*(set(found.labels) for found in group))
    names = tuple(found.image for found in group)
    return desk.claim(Alike(images=names, labels=tuple(sorted(shared))), names) if shared else None


def jaccard(a: Iterable[str], b: Iterable[str]) -> float:
    """The share of labels that two sets have in common, 0 to 1 (Jaccard, 1912)."""
    first, second = set(a), set(b)
    return len(first & second) / len(first | second) if first | second else 1.0


def is_odd(found: Findings, images: list[Findings]) -> bool:
    """Whether an image shares no kind of thing with any other of at least three."""
    others = {label for one in images if one.image != found.image for label in one.labels}
    return len(images) > 2 and bool(found.labels) and not others & set(found.labels)


def _look_alikes(desk: Desk) -> Section | None:
    """Things that look the same in several images."""
    pairs = [one for one in desk.facts.scene.relations() if one.predicate == "same_as"]
    seen: set[str] = set()
    claims: list[Claim | None] = []
    for one in sorted(pairs, key=lambda pair: (pair.subject, -pair.score)):
        if one.object not in seen and len(claims) < MOST_PAIRS:
            seen.add(one.object)
            content = Relates(subject=one.subject, predicate="same_as", object=one.object)
            claims.append(desk.claim(content, [one.subject, one.object]))
    told = made(claims)
    sentences = [desk.words.sentence("prose.relations", [c], name=desk.words.name(c.evidence[0])) for c in told]
    return section(desk, "same", sentences) if told else None


def _index(desk: Desk, images: list[Findings]) -> Section:
    """Where to find each kind of thing."""
    rows: list[tuple[Sentence, ...]] = []
    for label in sorted({label for found in images for label in found.labels}):
        parts: list[str | Fragment] = []
        for found in images:
            ids, doubtful = found.ids(label)
            limited = not desk.facts.scene.searched(label, found.image)
            content = Count(image=found.image, label=label, number=len(ids), more=len(doubtful), at_least=limited)
            if ids and (claim := desk.claim(content, [*ids, *doubtful])):
                parts += [", ", Fragment(claim=claim.id, text=f"{found.image} ({len(ids)})")]
        rows.append(((desk.words.label(label),), tuple(parts[1:])))
    columns = (desk.words("column.category"), desk.words("made.images"))
    return section(desk, "index", []).model_copy(update={"table": Table(columns=columns, rows=tuple(rows))})
