"""The tool that makes images from a prompt, looks at what came out, and says what of it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from graphs.types import Entity, ImageRef, Made, Observation, Search
from tools import policy, wanted
from tools.looking import look
from tools.regions import Runtime
from tools.vision_tool import vision_tool

if TYPE_CHECKING:
    from PIL import Image

    from tools.generator import Generator

LONGEST_SIDE = 2048
ROUNDS = 2
"""How often it starts over with other seeds while something that was asked for is missing."""

Prompt = Annotated[str, Field(min_length=1, max_length=200)]
Side = Annotated[int, Field(ge=32, le=LONGEST_SIDE)]


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
    kept: list[tuple[float, int, Image.Image, wanted.Check]] = []
    rounds = ROUNDS if asked.size else 1
    for number in range(rounds):
        first = seed + number * count * best_of
        seeds = range(first, first + count * best_of)
        for one, image in zip(seeds, _made(model, prompt, size, seeds, runtime), strict=True):
            found = wanted.check(asked, _seen(image, runtime))
            kept.append((-found.score, one, image, found))
        kept = sorted(kept, key=lambda made: made[:2])[:count]
        if all(found.score == 1 for *_, found in kept):
            break
    return _observed(prompt, model.name, kept, runtime)


def _made(model: Generator, prompt: str, size: tuple[int, int], seeds: range, runtime: Runtime) -> list[Image.Image]:
    from tools.generator import Withheld

    try:
        return model(prompt, size, seeds, lambda done, total: runtime.stream_writer({"step": done, "of": total}))
    except Withheld:
        policy.refuse("generate", prompt, model.name, "the model's own safety checker")
        raise


def _seen(image: Image.Image, runtime: Runtime) -> list[Entity]:
    return wanted.sightings(runtime.context.model("segment")(image))


def _observed(
    prompt: str,
    model: str,
    kept: list[tuple[float, int, Image.Image, wanted.Check]],
    runtime: Runtime,
) -> Observation:
    refs: list[ImageRef] = []
    entities: list[Entity] = []
    searches: list[Search] = []
    lines: list[str] = []
    for _, seed, image, found in kept:
        made = Made(kind="trainedAlgorithmicMedia", tool="generate", prompt=prompt, model=model, seed=seed)
        ref = runtime.context.add(image, "generated", made=made)
        refs.append(ref)
        lines.append(f"{ref.id} ({ref.width}x{ref.height}, seed {seed}): {found}")
        looked = look("generate", ref.id, [], runtime, outlines=False)
        searches += looked.searches
        entities += [one.model_copy(update={"id": f"{one.id}/{ref.id}"}) for one in looked.entities]
    if any(found.missing for *_, found in kept):
        lines.append("what was not found did not come out: try another seed, or say that it did not work")
    seeds = tuple(seed for _, seed, _, _ in kept)
    policy.record("generate", prompt, model, "made", seeds, tuple(ref.sha256 for ref in refs))
    return Observation(text="\n".join(lines), images=tuple(refs), entities=tuple(entities), searches=tuple(searches))
