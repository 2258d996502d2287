"""The tool that changes an image as an instruction says, checks that it was done and that the rest stayed the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from graphs.geometry import boxes_of, iou
from graphs.query import ranked, tally
from graphs.types import Box, Entity, ImageRef, Made, Observation, Origin
from tools import exact_edits, instructions, masks, policy, wanted
from tools.errors import ToolError, UserError
from tools.instructions import SIDES, Edit
from tools.intake import MAX_PIXELS
from tools.looking import look
from tools.regions import Runtime, ThingId, find, padded, progress, scene_of
from tools.vision_tool import ImageId, vision_tool

if TYPE_CHECKING:
    from tools.generator import Generator

Mask = NDArray[np.bool_]
MadeKind = Literal["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "humanEdits"]

MARGIN = 0.012
"""Share of the image's longer side by which a mask grows, so that no seam of the thing stays."""
WINDOW = 0.6
"""A model sees so much around a hole, as a share of the hole's longer side."""
GONE_IOU = 0.3
"""What overlaps the place of a removed thing by less is another thing."""
FORMS = "remove, add, recolour, blur, crop, mark or enlarge one thing, replace the background, or give a style"


@dataclass(frozen=True)
class Done:
    """An edit that was carried out.

    Attributes:
        image: The result.
        mask: What may have changed, (H, W) of the image before; none where all of it did.
        how: Name of the model or the algorithm.
        kind: IPTC's term.
        box: Where something was put or taken away.
    """

    image: Image.Image
    mask: Mask | None
    how: str
    kind: MadeKind = "humanEdits"
    box: Box | None = None


@vision_tool(approval=True, seconds=900.0, at_once=1)
def edit(
    image_id: ImageId,
    instruction: Annotated[str, Field(min_length=1, max_length=200)],
    runtime: Runtime,
    region: ThingId | None = None,
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0,
) -> Observation:
    """Change an image into a new one: remove, add, recolour, blur, crop, mark, enlarge, background or style.

    Args:
        image_id: Which image to change.
        instruction: What to do, such as remove the dog, or put a cat on the chair.
        runtime: Of the call; hidden from the model.
        region: Id of the thing to do it to, where the instruction could mean several.
        seed: Of the model that paints, where one does.
    """
    from tools.generator import Withheld

    wish = instructions.read(instruction)
    if wish is None:
        raise ToolError(f"cannot read {instruction!r}: say {FORMS}")
    image = runtime.context.image(image_id)
    policy.screen("edit", instruction, "")
    things = _meant(wish, image_id, region, runtime)
    try:
        done = _carried_out(wish, image, things, seed, runtime)
    except Withheld:
        policy.refuse("edit", instruction, _model(runtime).name, policy.CHECKER)
    parent = runtime.context.ref(image_id)
    made = Made(kind=done.kind, tool="edit", prompt=instruction, model=done.how, seed=seed, parent=parent.sha256)
    origin: Origin = "crop" if wish.kind == "crop" else "edited"
    ref = runtime.context.add(done.image, origin, image_id, made=made)
    policy.record("edit", instruction, done.how, "made", (seed,), (ref.sha256,))
    return _checked(wish, image, things, done, ref, runtime)


def _meant(wish: Edit, image_id: str, region: str | None, runtime: Runtime) -> list[Entity]:
    """The things that an edit is about, with masks: the region, else those of its label, looked for now."""
    if region is not None:
        thing = find(scene_of(runtime), region)
        if thing.image_id != image_id:
            raise ToolError(f"{region} is in {thing.image_id}, not in {image_id}")
        if thing.mask is not None:
            return [thing]
        alike = look("edit", image_id, [thing.label], runtime, outlines=True).entities
        return [one for one in alike if _overlap(one.box, thing.box) >= GONE_IOU][:1] or [thing]
    if wish.kind in ("enlarge", "style") or (not wish.thing and wish.kind in ("add", "crop")):
        return []
    labels = [wish.thing] if wish.thing else []
    found = list(look("edit", image_id, labels, runtime, outlines=True).entities)
    if wish.tinted is not None:
        found = [one for one in found if one.attributes.get("colour") == wish.tinted]
    if not found:
        what = " ".join(word for word in (wish.tinted, wish.thing or "thing") if word)
        raise ToolError(f"no {what} found in {image_id}: nothing was changed")
    if wish.which and len(found) > 1:
        raise ToolError(f"{len(found)} of {wish.thing} are in {image_id}: give the id of the one meant as region")
    if wish.kind == "add":
        return found[:1]
    return found


def _mask(image: Image.Image, things: list[Entity]) -> Mask:
    """What things cover; of one without a mask its box."""
    mask = np.zeros((image.height, image.width), dtype=np.bool_)
    for thing in things:
        if thing.mask is not None:
            mask |= masks.decode(thing.mask)
        else:
            x1, y1, x2, y2 = padded(thing.box, image.size, 0.0)
            mask[y1:y2, x1:x2] = True
    return mask


def _grown(mask: Mask) -> Mask:
    return exact_edits.grown(mask, max(1, round(MARGIN * max(mask.shape))))


def _carried_out(wish: Edit, image: Image.Image, things: list[Entity], seed: int, runtime: Runtime) -> Done:
    mask = _mask(image, things)
    match wish.kind:
        case "crop":
            if not things:
                raise ToolError("say what to crop to, or give its id as region")
            return Done(exact_edits.crop(image, padded(_around(things), image.size, 0.05)), None, "crop")
        case "blur":
            mask = _grown(mask)
            return Done(exact_edits.blur(image, mask), mask, "gaussian blur")
        case "mark":
            named = [(one.box.xyxy, one.label) for one in things]
            return Done(exact_edits.mark(image, named), None, "boxes")
        case "enlarge":
            return _enlarged(image, wish.factor)
        case "recolour" if wish.colour is not None:
            return Done(exact_edits.recolour(image, mask, wish.colour), mask, "recolouring in HSV")
        case "remove":
            return _removed(image, things, _grown(mask), seed, runtime)
        case "add":
            return _added(wish, image, things, seed, runtime)
        case "background":
            return _before(wish, image, mask, seed, runtime)
    return _restyled(wish, image, seed, runtime)


def _enlarged(image: Image.Image, factor: float) -> Done:
    if not 1 < factor <= 8 or max(image.size) * factor > 8192:
        raise ToolError(f"cannot enlarge {factor:g} times: give 2 to 8, and at most 8192 pixels a side")
    width, height = (round(side * factor) for side in image.size)
    if width * height > MAX_PIXELS:  # nobody could read it again
        raise ToolError(
            f"cannot enlarge {factor:g} times: {width} x {height} pixels are more than {MAX_PIXELS // 1_000_000} "
            "megapixels; give less, or crop first"
        )
    return Done(exact_edits.enlarge(image, factor), None, "lanczos")


def _model(runtime: Runtime) -> Generator:
    model: Generator = runtime.context.model("generate")
    return model


def _removed(image: Image.Image, things: list[Entity], mask: Mask, seed: int, runtime: Runtime) -> Done:
    """A hole filled by the generator where it has a pipeline for that, else from around the hole."""
    try:
        model: Generator | None = _model(runtime)
    except UserError:  # A hole can be filled without one.
        model = None
    if model is None or not model.fills:
        return Done(exact_edits.patched(image, mask), mask, "cv2 inpainting", box=_around(things))
    filled = _painted(model, image, mask, "background, empty, nothing there", seed, runtime)
    return Done(filled, mask, model.name, "compositeWithTrainedAlgorithmicMedia", _around(things))


def _added(wish: Edit, image: Image.Image, things: list[Entity], seed: int, runtime: Runtime) -> Done:
    """Something painted by the generator: beside a thing, on it, or in the middle."""
    box = _place(wish, image, things)
    x1, y1, x2, y2 = padded(box, image.size, 0.0)
    mask = np.zeros((image.height, image.width), dtype=np.bool_)
    mask[y1:y2, x1:x2] = True
    model = _model(runtime)
    painted = _painted(model, image, mask, wish.prompt, seed, runtime)
    return Done(painted, mask, model.name, "compositeWithTrainedAlgorithmicMedia", box)


def _place(wish: Edit, image: Image.Image, things: list[Entity]) -> Box:
    """Where to put a thing: as large as the one that it is put by, one size to its side, within the image."""
    if things:
        by = things[0].box
        width, height = by.x2 - by.x1, by.y2 - by.y1
        right, down = SIDES.get(wish.side, (0.0, 0.0))
        # What stands on a thing overlaps it a little, what stands beside it keeps a little away.
        x, y = by.x1 + right * width * 1.1, by.y1 + down * height * (0.8 if wish.side.startswith("on") else 1.0)
    else:
        width = height = min(image.size) / 3
        x, y = (image.width - width) / 2, (image.height - height) / 2
    x = min(max(x, 0.0), max(image.width - width, 0.0))
    y = min(max(y, 0.0), max(image.height - height, 0.0))
    return Box(x1=x, y1=y, x2=min(x + width, image.width), y2=min(y + height, image.height))


def _painted(model: Generator, image: Image.Image, mask: Mask, prompt: str, seed: int, runtime: Runtime) -> Image.Image:
    """What a mask covers, painted by a model that sees a square around it; nothing else changes."""
    rows, columns = np.nonzero(mask)
    hole = Box(x1=columns.min(), y1=rows.min(), x2=columns.max() + 1, y2=rows.max() + 1)
    x1, y1, x2, y2 = padded(hole, image.size, WINDOW)
    window = image.crop((x1, y1, x2, y2))
    covered = Image.fromarray(mask[y1:y2, x1:x2].astype(np.uint8) * 255)
    painted = image.copy()
    painted.paste(model.fill(window, covered, prompt, seed, progress(runtime)), (x1, y1))
    return exact_edits.within(image, painted, mask)


def _before(wish: Edit, image: Image.Image, mask: Mask, seed: int, runtime: Runtime) -> Done:
    model = _model(runtime)
    (behind,) = model(wish.prompt, image.size, [seed], progress(runtime))
    return Done(exact_edits.backdrop(image, mask, behind), ~mask, model.name, "compositeWithTrainedAlgorithmicMedia")


def _restyled(wish: Edit, image: Image.Image, seed: int, runtime: Runtime) -> Done:
    model = _model(runtime)
    if not model.restyles:
        raise ToolError(f"the model {model.name} knows no styles: say that another model is needed for this")
    made = model.restyle(image, wish.prompt, seed, progress(runtime))
    return Done(made, None, model.name, "compositeWithTrainedAlgorithmicMedia")


def _checked(
    wish: Edit, image: Image.Image, things: list[Entity], done: Done, ref: ImageRef, runtime: Runtime
) -> Observation:
    """Look at the result, and say whether the edit is there and what changed elsewhere."""
    looked = look("edit", ref.id, [], runtime, outlines=False)
    lines = [f"{ref.id} ({ref.width}x{ref.height}), made of {ref.parent} by {done.how}"]
    if len(things) > 1:  # who said "the dog" may have had one of them in mind
        lines.append(f"done to {tally(ranked(one.label for one in things))}")
    if wish.kind == "remove":
        left = [
            one for one in looked.entities for gone in things
            if one.label == gone.label and _overlap(one.box, gone.box) >= GONE_IOU
        ]  # fmt: skip
        lines.append(
            "not gone: " + ", ".join(one.label for one in left) if left else "gone: no detector finds it there"
        )
    elif wish.kind == "add" and done.box is not None:
        near = [one for one in looked.entities if _overlap(one.box, done.box) >= GONE_IOU]
        lines.append(str(wanted.check(wanted.read(wish.prompt), near)))
    if done.mask is not None:
        lines.append(f"outside of it {exact_edits.difference(image, done.image, done.mask):.2f} of 255 changed")
    return looked.model_copy(update={"text": "; ".join(lines), "images": (ref,)})


def _around(things: list[Entity]) -> Box:
    corners = boxes_of(things)
    low, high = corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)
    return Box(x1=low[0], y1=low[1], x2=high[0], y2=high[1])


def _overlap(box: Box, other: Box) -> float:
    return float(iou(np.array([box.xyxy]), np.array([other.xyxy]))[0, 0])
