"""What an answer rests on, as rows for a person: one for each entity cited, one for each search of an image cited."""

from __future__ import annotations

from agent.exchange import Row
from agent.run import Run
from graphs.scene import EVERYTHING, SceneEntity, SceneGraph
from graphs.types import Search


def rows(run: Run) -> list[Row]:
    """The evidence of a run's answer, in the order in which it is cited."""
    scene = SceneGraph.from_json(run.scene)
    searches = [search for step in run.steps if step.observation for search in step.observation.searches]
    found: list[Row] = []
    for name in run.answer.evidence:
        entity = scene.get(name)
        if entity is not None:
            found.append(_entity(entity))
        else:
            found += [_search(search, scene) for search in searches if search.image_id == name]
    return list(dict.fromkeys(found))


def _entity(entity: SceneEntity) -> Row:
    box = ", ".join(str(round(value)) for value in entity.box.xyxy)
    return Row(
        id=entity.id, category=entity.label, box=box, score=f"{entity.score:.2f}", tool=entity.tool, model=entity.model
    )


def _search(search: Search, scene: SceneGraph) -> Row:
    label = "" if search.label == EVERYTHING else search.label
    count = len(scene.find(label, image_id=search.image_id))
    outcome = f"{count} found" if count else "not found"
    looked_for = "everything it knows" if search.label == EVERYTHING else search.label
    return Row(
        id=search.image_id,
        category=f"{looked_for}: {outcome}",
        box="whole image",
        score="",
        tool=search.tool,
        model=search.model,
    )
