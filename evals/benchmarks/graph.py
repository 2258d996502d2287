"""How fast the scene graph is, its memory and its digest's length: `python -m evals.benchmarks.graph`."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
import typer

from graphs.geometry import Floats, boxes_of
from graphs.relations import betweens, relate, spatial
from graphs.scene import SceneGraph
from graphs.taxonomy import CATEGORIES
from graphs.types import Box, Entity, Observation

IN_IMAGE = 40
OBJECTS = 300
REPEATS = 20
COLOURS = ("red", "orange", "brown", "white", "grey")


def boxes(count: int, rng: np.random.Generator) -> Floats:
    """Boxes of shape (count, 4) in a picture of 1,000 by 1,000 pixels, whole numbers."""
    low = rng.integers(0, 860, (count, 2))
    return np.hstack([low, low + rng.integers(20, 140, (count, 2))]).astype(np.float64)


def seen(count: int, image: int, rng: np.random.Generator, call: str, tool: str = "segment") -> Observation:
    """What one call sees: things of all categories, with colours and area shares."""
    entities = [
        Entity(
            id=f"{call}/{number}", label=CATEGORIES[int(rng.integers(len(CATEGORIES)))], image_id=f"img-{image}",
            box=Box(x1=x1, y1=y1, x2=x2, y2=y2), score=0.5, model="m", call_id=call, tool=tool,
            attributes={"colour": COLOURS[number % len(COLOURS)], "area_share": 0.034},
        )
        for number, (x1, y1, x2, y2) in enumerate(boxes(count, rng).tolist())
    ]  # fmt: skip
    return Observation(text="", entities=tuple(entities))


def again(observation: Observation, call: str) -> Observation:
    """Half of it, seen by a second call."""
    entities = [
        one.model_copy(update={"id": f"{call}/{number}", "call_id": call, "tool": "detect"})
        for number, one in enumerate(observation.entities[::2])
    ]
    return Observation(text="", entities=tuple(entities))


def folded(entities: int) -> tuple[float, float, int]:
    """Fold that many entities, half of them seen by two calls: seconds, kilobytes for each, and the number of nodes."""
    import psutil

    rng = np.random.default_rng(0)
    gc.collect()
    before = psutil.Process().memory_info().rss
    transcript: list[Observation] = []
    for image in range(entities // IN_IMAGE):
        first = seen(IN_IMAGE, image, rng, f"call-{2 * image}")
        transcript += [first, again(first, f"call-{2 * image + 1}")]
    began = time.perf_counter()
    scene = SceneGraph()
    for observation in transcript:
        scene.add(observation)
    nodes = len(scene.entities())
    seconds = time.perf_counter() - began
    del transcript
    gc.collect()
    return seconds, (psutil.Process().memory_info().rss - before) / 1024 / nodes, nodes


def best(work: Callable[[], object]) -> float:
    """Milliseconds of the fastest of several goes."""
    took: list[float] = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - began))
    return min(took)


def related() -> tuple[float, float]:
    """Milliseconds to find every relation of `OBJECTS` boxes as arrays, and to make objects of them all."""
    things = seen(OBJECTS, 1, np.random.default_rng(1), "call-1").entities
    places = boxes_of(things)
    return best(lambda: list(betweens(places, spatial(places)))), best(lambda: relate(things))


def digest_tokens() -> int:
    """Tokens of SmolLM2's tokenizer in the digest of `IN_IMAGE` entities with colours and area shares."""
    from agent.llm.embedded import load_tokenizer

    scene = SceneGraph()
    scene.add(seen(IN_IMAGE, 1, np.random.default_rng(2), "call-1"))
    return len(load_tokenizer()(scene.digest("call-1"))["input_ids"])


def figures(entities: int) -> Iterator[tuple[str, float, float | None]]:
    """Name, value and the most that it may be, one after the other."""
    seconds, kilobytes, nodes = folded(entities)
    yield f"fold of {nodes:,} entities in {entities // IN_IMAGE:,} images, s", seconds, 30 * entities / 100_000
    yield "memory per entity, kB", kilobytes, None
    arrays, objects = related()
    yield f"relations of {OBJECTS} objects, ms", arrays, 10
    yield "the same as Relation objects, ms", objects, None
    yield f"digest of {IN_IMAGE} entities, tokens", digest_tokens(), 900


def main(
    entities: Annotated[int, typer.Option(min=IN_IMAGE, help="How many to fold.")] = 100_000,
) -> None:
    """Print each figure with its bound; exit with 1 if one is missed."""
    missed = False
    for name, value, bound in figures(entities):
        missed |= bound is not None and value > bound
        typer.echo(f"{name:55} {value:10.2f}" + ("" if bound is None else f"   at most {bound:g}"))
    raise typer.Exit(int(missed))


if __name__ == "__main__":
    typer.run(main)
