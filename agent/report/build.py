"""From looks at images to a report: the fold, the plan for each image, and how it was made. Files are `render`'s."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from agent.report.appearance import alike
from agent.report.claims import Page, Report
from agent.report.desk import Desk
from agent.report.facts import Facts
from agent.report.overview import overview
from agent.report.sections import PARTS
from agent.report.survey import Seen
from agent.report.template import Template, text_in
from agent.report.words import Words
from graphs.scene import SceneGraph, fold
from graphs.types import Observation, Relation


def build(
    seen: Sequence[Seen],
    template: Template,
    words: Words,
    unread: Sequence[str] = (),
    reference: str | None = None,
) -> tuple[Report, SceneGraph]:
    """Say of some images what a template asks for.

    Args:
        seen: The images, with ids that differ, and what the tools saw in them.
        template: Which sections, and from which score on a thing counts as seen.
        words: The language.
        unread: Files that were left out, each with the reason.
        reference: Id of the image among them that the others should look like.

    Returns:
        The report, and the scene graph that its evidence points into.
    """
    scene = _folded(seen)
    looks = {one.image.id: one.looks for one in seen}
    desk = Desk(Facts(scene, template.sure), words, looks, template, reference)
    report = Report(
        title=text_in(template.title, words.language),
        language=words.language,
        template=template.name,
        notice=text_in(template.notice, words.language),
        overview=overview(desk, template.sections),
        pages=tuple(_page(desk, one, template) for one in seen),
    )
    made = (*_made(seen, desk, template), *((words("made.unread"), reason) for reason in unread))
    return report.model_copy(update={"claims": desk.claims, "made": made}), scene


def _folded(seen: Sequence[Seen]) -> SceneGraph:
    """The scene of all images, with what looks the same in several of them."""
    scene = fold((observation for one in seen for observation in one.observations()), [one.image for one in seen])
    names = {(w.call_id, w.box.xyxy): entity.id for entity in scene.entities() for w in entity.witnesses}
    looks = {
        names[entity.call_id, entity.box.xyxy]: one.appearance[entity.id]
        for one in seen
        for observation in one.observations()
        for entity in observation.entities
        if entity.id in one.appearance
    }
    pairs = tuple(
        Relation(subject=first, predicate="same_as", object=second, score=score, source="model")
        for first, second, score in alike(scene.entities(), looks)
    )
    scene.add(Observation(text="", relations=pairs))
    return scene


def _page(desk: Desk, one: Seen, template: Template) -> Page:
    found = desk.facts.of(one.image.id)
    wanted = [
        name for name in template.sections if name in PARTS and (name != "changes" or one.image.id != desk.reference)
    ]
    sections = [section for name in wanted if (section := PARTS[name](desk, found))]
    title = Path(one.image.path).name
    if one.image.id == desk.reference:
        title = desk.words("page.reference", title=title)
    return Page(image=one.image.id, title=title, sections=tuple(sections))


def _made(seen: Sequence[Seen], desk: Desk, template: Template) -> tuple[tuple[str, str], ...]:
    """Tools, models, thresholds and time, line by line."""
    words = desk.words
    seconds: defaultdict[str, float] = defaultdict(float)
    models: dict[str, set[str]] = {}
    for look in (look for one in seen for look in one.looks):
        seconds[look.tool] += look.seconds
        told = look.observation
        names = {e.model for e in told.entities} | {s.model for s in told.searches} if told else set()
        models.setdefault(look.tool, set()).update(names)
    lines = [(words("made.images"), str(len(seen)))]
    for tool, spent in seconds.items():
        model = ", ".join(sorted(models[tool])) or "-"
        told_as = words("made.with", model=model, seconds=f"{spent:.1f}", count=len(seen))
        lines.append((words("made.tool", tool=tool), told_as))
    lines += [
        (words("made.sure"), words("made.sure_is", sure=f"{template.sure:g}")),
        (words("made.relations"), words("made.relations_are")),
        (words("made.refused"), str(len(desk.refused))),
        (words("made.template"), template.name),
        (words("made.program"), f"scenograph {version('scenograph')}"),
    ]
    return tuple(lines)
