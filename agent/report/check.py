"""Whether a scene bears a claim out: each kind is worked out anew from the graph. Words are `faithful`'s concern."""

from __future__ import annotations

from agent.report.claims import (
    Alike,
    Claim,
    Coloured,
    Content,
    Count,
    Differs,
    Fills,
    Is,
    Largest,
    Means,
    Odd,
    Placed,
    Reads,
    Relates,
    Varies,
    Zoned,
)
from agent.report.facts import Facts, text_of
from graphs.query import sizes
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
        case Relates() | Means():
            return _relates(content, claim, facts)
        case Differs():
            return _differs(content, claim, facts)
        case Varies():
            return _varies(content, claim, facts)
        case Alike() | Odd():
            return _images(content, claim, facts)
    entity = facts.scene.get(content.entity)
    if entity is None or claim.evidence != (content.entity,):
        return "its evidence is not the thing that it is about"
    if (entity.score >= facts.sure) != (claim.certainty == "sure"):
        return f"its certainty does not fit the score {entity.score:.2f}"
    return _single(content, entity, facts)


def _count(content: Count, claim: Claim, facts: Facts) -> str | None:
    images = [content.image] if content.image else facts.images
    if any(image not in facts.images for image in images):
        return f"{content.image} is no image"
    found = [facts.of(image).ids(content.label) for image in images]
    seen = {name for sure, _ in found for name in sure}
    doubtful = {name for _, names in found for name in names}
    if (content.number, content.more) != (len(seen), len(doubtful)):
        return f"there are {len(seen)}, and {len(doubtful)} in doubt"
    if set(claim.evidence) != (seen | doubtful or set(images)):
        return "its evidence is not all that was found of the label"
    everywhere = all(facts.scene.searched(content.label, image) for image in images)
    if not (seen or doubtful or everywhere):
        return f"nobody has searched all of it for {content.label}"
    if content.at_least == everywhere:
        return f"the images were {'' if everywhere else 'not '}searched all over"
    if (claim.certainty == "sure") != (bool(seen) or not doubtful):
        return "its certainty does not fit what was found"
    return None


def _relates(content: Relates | Means, claim: Claim, facts: Facts) -> str | None:
    if claim.evidence != (content.subject, content.object):
        return "its evidence is not the two things that it is about"
    things = [facts.scene.get(name) for name in claim.evidence]
    if any(thing is None or thing.score < facts.sure for thing in things):
        return "it is about a thing that is in doubt"
    if (claim.certainty == "sure") != isinstance(content, Relates):
        return "its certainty does not fit: relations are measured, what they mean is guessed"
    held = facts.of(things[0].image_id).triples if things[0] else ()
    return None if (content.subject, content.predicate, content.object) in held else "the relation does not hold"


def _differs(content: Differs, claim: Claim, facts: Facts) -> str | None:
    if claim.evidence != (content.entity, content.other):
        return "its evidence is not what it is about"
    entity, other = facts.scene.get(content.entity), facts.scene.get(content.other)
    if entity is None or entity.score < facts.sure or claim.certainty != "sure":
        return "it is about no thing that counts as seen"
    if content.image not in (entity.image_id, content.other):
        return f"it is not about {content.image}"
    if content.change == "recoloured":
        twin = facts.counterpart(entity, other.image_id) if other else None
        same = twin is None or twin.attributes.get("colour") == entity.attributes.get("colour")
        return None if twin and twin.id == content.other and not same else "its counterpart looks the same"
    if other is not None or (content.change == "missing") == (entity.image_id == content.image):
        return "it names no image in which the counterpart should be"
    return "it has a counterpart" if facts.counterpart(entity, content.other) else None


def _varies(content: Varies, claim: Claim, facts: Facts) -> str | None:
    images = facts.images
    if content.image not in images or content.before not in images:
        return "it names no image"
    if images.index(content.image) != images.index(content.before) + 1:
        return "the images do not follow each other"
    now, then = (facts.of(image).ids(content.label)[0] for image in (content.image, content.before))
    if (content.number, content.was) != (len(now), len(then)) or len(now) == len(then):
        return f"there were {len(then)}, then {len(now)}"
    return (
        None if claim.evidence == (content.before, content.image, *then, *now) else "its evidence is not all there is"
    )


def _images(content: Alike | Odd, claim: Claim, facts: Facts) -> str | None:
    names = content.images if isinstance(content, Alike) else (content.image,)
    if claim.evidence != names or any(name not in facts.images for name in names):
        return "its evidence is not the images that it is about"
    if isinstance(content, Alike):
        lacking = [name for name in names if set(content.labels) - set(facts.of(name).labels)]
        return f"{lacking[0]} does not show all of them" if lacking else None
    others = {label for found in facts.all() if found.image not in names for label in found.labels}
    shared = others & set(facts.of(content.image).labels)
    return "others show some of it too" if shared or not facts.of(content.image).labels else None


def _single(content: Content, entity: SceneEntity, facts: Facts) -> str | None:
    if isinstance(content, Placed | Fills | Largest | Reads | Zoned) and content.image != entity.image_id:
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
        case Zoned(box=box):
            return None if facts.inside(entity, box) else "its middle lies elsewhere"
        case Fills():
            percent, under = rounded(100 * float(entity.attributes.get("area_share", -1)))
            return None if (content.percent, content.under) == (percent, under) else f"its share is {percent}%"
        case Largest():
            first = facts.of(entity.image_id).sure[0]
            own, largest = sizes([entity, first])
            return None if own == largest else f"{first.id} is larger"
        case Reads():
            return None if content.text == text_of(entity) else f"the text is {text_of(entity)!r}"
    raise AssertionError(f"claims of the kind {content.kind} are checked above")


def rounded(percent: float) -> tuple[float, bool]:
    """A share as it is stated: whole percents from ten on, one digit below, and below one that it is under one.

    Masks of things so small are known to a few pixels only.
    """
    return (1.0, True) if 0 <= percent < 1 else (round(percent, 0 if percent >= 10 else 1), False)
