"""The verb `generate`: images from a prompt, with what the detector finds of it. The tool does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tools.errors import UserError

OUT = Path("scenograph-images")


def command(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What is to be seen, in quotes.")],
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="Width and height in pixels; by default the model's own.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same images.")] = 0,
    count: Annotated[int, typer.Option(min=1, max=8, help="How many images.")] = 1,
    best_of: Annotated[int, typer.Option(min=1, max=8, help="How many to make for each that is kept.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the images, or a .png file for a single one.")] = OUT,
    json: Annotated[bool, typer.Option("--json", help="Print what came out as one JSON document.")] = False,
) -> None:
    """Make images from a prompt, and see which of the things in it the detector finds.

    Each file says in its metadata how it was made. What is refused, and why, stands in the audit log.
    """
    if not prompt.strip():
        raise UserError("the prompt is empty: say what is to be seen")
    width, height = _size(size)
    from agent.commands import making
    from tools.generate import generate
    from tools.workspace import Workspace

    arguments = {"prompt": prompt, "width": width, "height": height, "seed": seed, "count": count, "best_of": best_of}
    making.check_out(out, count)
    workspace = Workspace()  # whose folder holds what is made until it is delivered
    with making.steps("making") as told:
        observation = making.call(generate, workspace, [], told, **arguments)
    paths = making.delivered(observation, out)
    making.show(observation, paths, json=json)


def _size(text: str | None) -> tuple[int | None, int | None]:
    from tools.generate import LONGEST_SIDE

    if text is None:
        return None, None
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise UserError(f"--size {text} is none: give width and height in pixels, such as 512x384")
    if not all(32 <= int(side) <= LONGEST_SIDE for side in (width, height)):
        raise UserError(f"--size {text}: sides are from 32 to {LONGEST_SIDE} pixels")
    return int(width), int(height)
