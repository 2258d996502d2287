"""The verb `ask`: a question about images, put to the service and printed. The answer is made in `agent.answering`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from agent.commands.put import RUNS, Asked, check, check_writable, put
from agent.commands.show import print_json, show

TOGETHER = 4
"""How many pictures one question may be about; a longer list is asked about one by one."""


def command(
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE", help="Pictures, folders of them, or patterns: img-1, img-2 …")
    ],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What you want to know, in quotes.")],
    each: Annotated[
        bool, typer.Option("--each", help=f"Ask about each picture by itself, as is done with more than {TOGETHER}.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the whole run as JSON; with --each one a line.")] = False,
    out: Annotated[Path | None, typer.Option(help=f"Where the files go; by default {RUNS}/RUN_ID.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to calls that are costly or lasting.")] = False,
    policy: Annotated[
        Path | None, typer.Option(help='TOML that agrees or not, by tool: default = "ask", tools.edit = "deny".')
    ] = None,
) -> None:
    """Ask about images and see the answer with its evidence.

    The pictures are img-1, img-2 … in the question, in the order given, or go by their file names. The embedded model
    is served when needed. SCENOGRAPH_LLM_URL, SCENOGRAPH_LLM_MODEL and SCENOGRAPH_LLM_KEY point to another
    OpenAI-compatible server.
    """
    began = time.perf_counter()
    from agent import approval
    from agent.exchange import GRAPH, new_id
    from tools import intake

    agreed = approval.load(policy, yes=yes)
    pictures = intake.gather(images)
    check(pictures, question)
    run_id = new_id()
    folder = out or RUNS / run_id
    check_writable(folder)
    if each or len(pictures) > TOGETHER:
        from agent.commands.many import ask_each

        ask_each(run_id, question, pictures, folder, agreed, json=json)
        return
    reply = put(Asked(run_id, question, pictures, folder, agreed, began=began))
    if json:
        print_json(reply.run)
    else:
        annotated = [name for name in reply.files if name.endswith(".png")]
        show(reply, pictures, [folder / name for name in [*annotated, GRAPH]])
