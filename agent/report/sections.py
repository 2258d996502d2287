"""The sections that a template may name, and those of the mission's uses: zones, gaps, regions, changes, meanings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.report import plan
from agent.report.claims import Count, Differs, Means, Section, Sentence, Table, Zoned
from agent.report.desk import Desk
from agent.report.facts import Facts, Findings
from agent.report.template import NEEDS, SectionName
from graphs.scene import SceneEntity
from graphs.taxonomy import covers

Part = Callable[[Desk, Findings], "Section | None"]


def zones(desk: Desk, found: Findings) -> Section:
    """What counts as seen in each zone of the template."""
    sentences = []
    for zone, box in desk.zones:
        inside = [thing for thing in found.sure if desk.facts.inside(thing, box)]
        claims = plan.made(
            desk.claim(Zoned(entity=thing.id, image=found.image, zone=zone, box=box), [thing.id]) for thing in inside
        )
        empty: Sentence = (desk.words("prose.zone_empty", zone=zone),)
        sentences.append(desk.words.sentence("prose.zone", claims, zone=zone) if claims else empty)
    return plan.section(desk, "zones", sentences)


def meanings(desk: Desk, found: Findings) -> Section | None:
    """What relations may mean, by the rules of the template."""
    labels = {thing.id: thing.label for thing in found.sure}
    claims = plan.made(
        desk.claim(
            Means(subject=subject, predicate=predicate, object=other, meaning=text), [subject, other], "possible"
        )
        for rule, text in desk.meanings
        for subject, predicate, other in sorted(found.triples)
        if predicate == rule.predicate and subject in labels and other in labels
        if covers(rule.subject, labels[subject]) and covers(rule.object, labels[other])
    )
    return plan.section(desk, "meanings", [desk.words.sentence("prose.means", claims)]) if claims else None


def regions(desk: Desk, found: Findings) -> Section:
    """Bright regions with their areas."""
    return _measured(desk, found, "regions", "region")


def gaps(desk: Desk, found: Findings) -> Section:
    """Spaces in rows of things."""
    return _measured(desk, found, "gaps", "gap")


def changes(desk: Desk, found: Findings) -> Section:
    """How an image differs from the reference: things that are missing, extra or recoloured, and regions of pixels."""
    words, reference = desk.words, desk.reference
    if reference is None:
        return plan.section(desk, "changes", [(words("prose.no_reference"),)])
    due = desk.facts.of(reference)
    claims = plan.made(
        desk.claim(content, [content.entity, content.other]) for content in _differing(desk.facts, found, due)
    )
    same: Sentence = (words("prose.same", reference=reference),)
    told = words.sentence("prose.differs", claims, reference=reference) if claims else same
    measured = _measured(desk, found, "changes", "difference")
    return measured.model_copy(update={"sentences": (told, *measured.sentences)})


def _differing(facts: Facts, found: Findings, due: Findings) -> list[Differs]:
    missing = [
        Differs(change="missing", image=found.image, entity=thing.id, other=found.image)
        for thing in due.sure
        if facts.counterpart(thing, found.image) is None
    ]
    told: list[Differs] = []
    for thing in found.sure:
        twin = facts.counterpart(thing, due.image)
        if twin is None:
            told.append(Differs(change="extra", image=found.image, entity=thing.id, other=due.image))
        elif twin.attributes.get("colour") != thing.attributes.get("colour"):
            told.append(Differs(change="recoloured", image=found.image, entity=thing.id, other=twin.id))
    return missing + told


def _measured(desk: Desk, found: Findings, kind: str, label: str) -> Section:
    """How many of a measured label there are, and a row for each."""
    things = [thing for thing in found.measured if thing.label == label]
    ids = sorted(thing.id for thing in things)
    content = Count(image=found.image, label=label, number=len(ids))
    done = any(look.tool == NEEDS[kind] for look in desk.looks[found.image])
    counted = plan.made([desk.claim(content, ids or [found.image])]) if done else []
    sentences = [desk.words.sentence("prose.measured", counted)] if counted else []
    made = plan.section(desk, kind, sentences)
    return made.model_copy(update={"table": _table(desk, things)}) if things else made


def _table(desk: Desk, things: Sequence[SceneEntity]) -> Table:
    names = ("id", "place", "share")
    rows = tuple((cells[0], cells[3], cells[4]) for cells in (plan.row(desk, thing, "sure") for thing in things))
    return Table(columns=tuple(desk.words(f"column.{name}") for name in names), rows=rows)


PARTS: dict[SectionName, Part] = {
    "summary": plan.summary,
    "entities": plan.entities,
    "relations": plan.relations,
    "text": plan.texts,
    "doubtful": plan.doubtful,
    "unseen": plan.unseen,
    "zones": zones,
    "meanings": meanings,
    "regions": regions,
    "gaps": gaps,
    "changes": changes,
}
"""The sections of an image; `events` is one of all images together, and stands in `overview`."""
