"""The verb `edit`: one image changed as an instruction says, and checked. The tool does the work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.errors import UserError

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage

OUT = Path("scenograph-images")


def command(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="The picture to change; it stays as it is.")],
    instruction: Annotated[str, typer.Argument(metavar="INSTRUCTION", help="What to do, in quotes.")],
    region: Annotated[
        str | None, typer.Option(metavar="ID", help="The thing to do it to, such as dog-1, counted from the left.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the model that paints, where one does.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the result, or a .png file.")] = OUT,
    json: Annotated[bool, typer.Option("--json", help="Print what came out as one JSON document.")] = False,
) -> None:
    """Change an image: remove, add, recolour, blur, crop, mark, enlarge, another background, another style.

    The result is looked at: whether the edit is there, and how much changed elsewhere.
    """
    from agent.commands import making
    from tools.edit import edit
    from tools.segment import segment
    from tools.workspace import Workspace

    if not instruction.strip():
        raise UserError("the instruction is empty: say what to change")
    making.check_out(out)
    workspace = Workspace.open([image])
    messages: list[AnyMessage] = []
    arguments = {"image_id": "img-1", "instruction": instruction, "region": region, "seed": seed}
    with making.steps("editing") as told:
        if region is not None:
            making.call(segment, workspace, messages, told, image_id="img-1", labels=[])
        observation = making.call(edit, workspace, messages, told, **arguments)
    paths = making.delivered(observation, out)
    making.show(observation, paths, json=json)
