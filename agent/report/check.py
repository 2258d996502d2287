"""Whether a scene bears a claim out: each kind is worked out anew from the graph. Words are `faithful`'s concern."""

from __future__ import annotations

from agent.report.claims import Claim, Coloured, Content, Count, Fills, Is, Largest, Placed, Reads, Relates
from agent.report.facts import Facts, text_of
from graphs.scene import SceneEntity
from graphs.taxonomy import covers


def check(claim: Claim, facts: Facts) -> str | None:
    """Say why a scene does not bear a claim out.

    Args:
        claim: With its evidence.
        facts: The scene.

    Returns:
        A short reason, or none when all is well.
    """
    if not claim.evidence:
        return "it names no evidence"
    if unknown := [name for name in claim.evidence if name not in facts.scene]:
        return f"no such id in the scene: {', '.join(unknown)}"
    if len(set(claim.evidence)) < len(claim.evidence):
        return "it names a piece of evidence twice"
    content = claim.content
    match content:
        case Count():
            return _count(content, claim, facts)
        case Relates():
            return _relates(content, claim, facts)
    entity = facts.scene.get(content.entity)
    if entity is None or claim.evidence != (content.entity,):
        return "its evidence is not the thing that it is about"
    if (entity.score >= facts.sure) != (claim.certainty == "sure"):
        return f"its certainty does not fit the score {entity.score:.2f}"
    return _single(content, entity, facts)


def _count(content: Count, claim: Claim, facts: Facts) -> str | None:
    images = [content.image] if content.image else facts.scene.images()
    if any(image not in facts.scene.images() for image in images):
        return f"{content.image} is no image"
    found = [facts.of(image).ids(content.label) for image in images]
    seen = {name for sure, _ in found for name in sure}
    doubtful = {name for _, names in found for name in names}
    if (content.number, content.more) != (len(seen), len(doubtful)):
        return f"there are {len(seen)}, and {len(doubtful)} in doubt"
    if set(claim.evidence) != (seen | doubtful or set(images)):
        return "its evidence is not all that was found of the label"
    everywhere = all(facts.scene.searched(content.label, image) for image in images)
    if content.at_least == everywhere:
        return f"the images were {'' if everywhere else 'not '}searched all over"
    if (claim.certainty == "sure") != (bool(seen) or not doubtful):
        return "its certainty does not fit what was found"
    return None


def _relates(content: Relates, claim: Claim, facts: Facts) -> str | None:
    if claim.evidence != (content.subject, content.object):
        return "its evidence is not the two things that it is about"
    things = [facts.scene.get(name) for name in claim.evidence]
    if any(thing is None or thing.score < facts.sure for thing in things) or claim.certainty != "sure":
        return "it is about a thing that is in doubt"
    held = facts.of(things[0].image_id).triples if things[0] else ()
    return None if (content.subject, content.predicate, content.object) in held else "the relation does not hold"


def _single(content: Content, entity: SceneEntity, facts: Facts) -> str | None:
    if isinstance(content, Placed | Fills | Largest | Reads) and content.image != entity.image_id:
        return f"the thing is in {entity.image_id}"
    match content:
        case Is():
            return None if content.label and covers(content.label, entity.label) else f"it is a {entity.label}"
        case Coloured():
            colour = entity.attributes.get("colour")
            return None if content.colour == colour else f"its colour is {colour}"
        case Placed():
            place = facts.place_of(entity)
            return None if content.place == place else f"it is at {place}"
        case Fills():
            percent = rounded(100 * float(entity.attributes.get("area_share", -1)))
            return None if content.percent == percent else f"its share is {percent}%"
        case Largest():
            first = facts.of(entity.image_id).sure[0]
            return None if entity.box.area == first.box.area else f"{first.id} is larger"
        case Reads():
            return None if content.text == text_of(entity) else f"the text is {text_of(entity)!r}"
    raise AssertionError(f"claims of the kind {content.kind} are checked above")


def rounded(percent: float) -> float:
    """A share as it is stated: with one digit below ten percent, without any above."""
    return round(percent, 0 if percent >= 10 else 1)
