"""From looks at images to a report: the fold, the plan for each image, and how it was made. Files are `render`'s."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from agent.report.claims import Page, Report
from agent.report.desk import Desk
from agent.report.facts import Facts
from agent.report.plan import PARTS
from agent.report.survey import Seen
from agent.report.template import Template
from agent.report.words import Words
from graphs.scene import SceneGraph, fold


def build(
    seen: Sequence[Seen], template: Template, words: Words, unread: Sequence[str] = ()
) -> tuple[Report, SceneGraph]:
    """Say of some images what a template asks for.

    Args:
        seen: The images, with ids that differ, and what the tools saw in them.
        template: Which sections, and from which score on a thing counts as seen.
        words: The language.
        unread: Files that were left out, each with the reason.

    Returns:
        The report, and the scene graph that its evidence points into.
    """
    images = [one.image for one in seen]
    scene = fold((observation for one in seen for observation in one.observations()), images)
    desk = Desk(Facts(scene, template.sure), words, {one.image.id: one.looks for one in seen})
    pages = []
    for image in images:
        found = desk.facts.of(image.id)
        sections = [section for name in template.sections if (section := PARTS[name](desk, found))]
        pages.append(Page(image=image.id, title=Path(image.path).name, sections=tuple(sections)))
    report = Report(
        title=template.text(template.title, words.language),
        language=words.language,
        template=template.name,
        notice=template.text(template.notice, words.language),
        pages=tuple(pages),
        claims=desk.claims,
        made=(*_made(seen, desk, template), *((words("made.unread"), reason) for reason in unread)),
    )
    return report, scene


def _made(seen: Sequence[Seen], desk: Desk, template: Template) -> tuple[tuple[str, str], ...]:
    """Tools, models, thresholds and time, line by line."""
    words = desk.words
    seconds: Counter[str] = Counter()
    models: dict[str, set[str]] = {}
    for look in (look for one in seen for look in one.looks):
        seconds[look.tool] += look.seconds  # type: ignore[assignment]
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
