"""The tool that makes images from a prompt, looks at what came out, and says what of it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from graphs.scene import EVERYTHING
from graphs.types import Entity, ImageRef, Made, Observation, Search
from tools import policy, sighting, wanted
from tools.looking import known_to, named
from tools.regions import Runtime, progress
from tools.sighting import Sight
from tools.vision_tool import vision_tool

if TYPE_CHECKING:
    from PIL import Image

    from tools.generator import Generator

LONGEST_SIDE = 2048
ROUNDS = 2
"""How often it starts over with other seeds while something that was asked for is missing."""

Prompt = Annotated[str, Field(min_length=1, max_length=200)]
Side = Annotated[int, Field(ge=32, le=LONGEST_SIDE)]


@dataclass(frozen=True)
class Candidate:
    """A picture that came out.

    Attributes:
        seed: Of its noise.
        image: Its pixels.
        seen: What the detector sees in it.
        check: What of it was asked for.
    """

    seed: int
    image: Image.Image
    seen: Sight
    check: wanted.Check


@vision_tool(approval=True, seconds=900.0, at_once=1)
def generate(
    prompt: Prompt,
    runtime: Runtime,
    width: Side | None = None,
    height: Side | None = None,
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0,
    count: Annotated[int, Field(ge=1, le=8)] = 1,
    best_of: Annotated[int, Field(ge=1, le=8)] = 1,
) -> Observation:
    """Make images that show what a prompt says, and check with the detector that they do.

    Args:
        prompt: What is to be seen, such as a dog left of a tree.
        runtime: Of the call; hidden from the model.
        width: In pixels; by default the model's own.
        height: In pixels; by default the model's own.
        seed: The same seed gives the same images.
        count: How many images.
        best_of: How many to make for each that is kept.
    """
    model: Generator = runtime.context.model("generate")
    policy.screen("generate", prompt, model.name)
    size = (width or height or model.side, height or width or model.side)
    asked = wanted.read(prompt)
    kept: list[Candidate] = []
    rounds = ROUNDS if asked.size else 1
    for number in range(rounds):
        first = seed + number * count * best_of
        seeds = range(first, first + count * best_of)
        for one, image in zip(seeds, _made(model, prompt, size, seeds, runtime), strict=True):
            seen = sighting.glance(runtime.context, "detect", image)
            kept.append(Candidate(one, image, seen, wanted.check(asked, _named("", seen, runtime))))
        kept = sorted(kept, key=lambda made: (-made.check.score, made.seed))[:count]
        if all(made.check.score == 1 for made in kept):
            break
    return _observed(prompt, model.name, kept, runtime)


def _made(model: Generator, prompt: str, size: tuple[int, int], seeds: range, runtime: Runtime) -> list[Image.Image]:
    from tools.generator import Withheld

    try:
        return model(prompt, size, seeds, progress(runtime))
    except Withheld:
        policy.refuse("generate", prompt, model.name, policy.CHECKER)


def _named(image_id: str, seen: Sight, runtime: Runtime) -> tuple[Entity, ...]:
    vocabulary = known_to(runtime.context.entry("detect").classes)
    return named("generate", image_id, seen, vocabulary, runtime.tool_call_id or "")


def _observed(prompt: str, model: str, kept: list[Candidate], runtime: Runtime) -> Observation:
    refs: list[ImageRef] = []
    entities: list[Entity] = []
    searches: list[Search] = []
    lines: list[str] = []
    call_id = runtime.tool_call_id or ""
    for one in kept:
        made = Made(kind="trainedAlgorithmicMedia", tool="generate", prompt=prompt, model=model, seed=one.seed)
        ref = runtime.context.add(one.image, "generated", made=made)
        refs.append(ref)
        lines.append(f"{ref.id} ({ref.width}x{ref.height}, seed {one.seed}): {one.check}")
        searches.append(
            Search(image_id=ref.id, label=EVERYTHING, model=one.seen.model, call_id=call_id, tool="generate")
        )
        things = _named(ref.id, one.seen, runtime)
        entities += [thing.model_copy(update={"id": f"{thing.id}/{ref.id}"}) for thing in things]
    if any(one.check.missing for one in kept):
        lines.append("what was not found did not come out: try another seed, or say that it did not work")
    seeds = tuple(one.seed for one in kept)
    policy.record("generate", prompt, model, "made", seeds, tuple(ref.sha256 for ref in refs))
    return Observation(text="\n".join(lines), images=tuple(refs), entities=tuple(entities), searches=tuple(searches))
