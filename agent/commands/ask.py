"""The verb `ask`: a question about images, put to the service and printed. The answer is made in `agent.answering`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tools.errors import UserError

if TYPE_CHECKING:
    import httpx

    from agent.exchange import Reply, Row

RUNS = Path("scenograph-runs")
# The service bounds each request and each tool itself; this is for one that hangs.
ANSWER_SECONDS = 3600.0
JSON = {"Content-Type": "application/json"}
LOOK = "look at `scenograph llm logs --name service`"


def command(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE", help="The pictures, in the order img-1, img-2 …")],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What you want to know, in quotes.")],
    json: Annotated[bool, typer.Option("--json", help="Print the whole run as one JSON document.")] = False,
    out: Annotated[Path | None, typer.Option(help=f"Where the files go; by default {RUNS}/RUN_ID.")] = None,
) -> None:
    """Ask about images and see the answer with its evidence.

    The embedded model is served when needed. SCENOGRAPH_LLM_URL, SCENOGRAPH_LLM_MODEL and SCENOGRAPH_LLM_KEY point to
    another OpenAI-compatible server.
    """
    began = time.perf_counter()
    _check(images, question)
    from agent.exchange import new_id

    run_id = new_id()
    folder = out or RUNS / run_id
    _check_writable(folder)
    reply = _put(run_id, question, images, folder, began)
    if json:
        import orjson

        typer.echo(orjson.dumps(reply.run, option=orjson.OPT_INDENT_2).decode())
    else:
        pictures = [name for name in reply.files if name.endswith(".png")]
        _show(reply.run["answer"]["text"], reply.evidence, [folder / name for name in [*pictures, "graph.json"]])


def _check(images: list[str], question: str) -> None:
    """Refuse what no model can answer, before one is started for it; the service looks again."""
    from tools import intake

    if not question.strip():
        raise UserError("the question is empty: ask something about the image")
    for path in images:
        intake.decode(intake.read(Path(path)), path)


def _check_writable(folder: Path) -> None:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        reason = "no permission" if there.is_dir() else f"{there} is no folder"
        raise UserError(f"cannot write to {folder} ({reason}): choose another --out")


def _put(run_id: str, text: str, images: list[str], folder: Path, began: float) -> Reply:
    """Put the question; should the service be lost meanwhile, put it to a new one, which goes on with the same run."""
    import httpx

    from agent import launch
    from agent.commands.progress import starting, waiting
    from agent.exchange import Question

    paths = [Path(image).absolute() for image in images]
    for _ in range(2):
        with starting() as progress:
            service, endpoint = launch.up(progress)
        passed = time.perf_counter() - began
        question = Question(
            id=run_id, text=text, images=paths, folder=folder.absolute(), endpoint=endpoint, start=passed
        )
        try:
            with waiting("looking and thinking"), service.client(httpx.Timeout(ANSWER_SECONDS, connect=10.0)) as client:
                return _read(client.post("/ask", content=question.model_dump_json(), headers=JSON))
        except httpx.TimeoutException as error:
            raise UserError(f"the service did not answer within {ANSWER_SECONDS:.0f} s: {LOOK}") from error
        except httpx.TransportError:
            continue
    raise UserError(f"the service was lost twice while it answered: {LOOK}")


def _read(response: httpx.Response) -> Reply:
    from agent.exchange import Reply

    if response.is_success:
        return Reply.model_validate_json(response.content)
    line = response.json()["error"]
    if response.is_server_error:  # a bug, which is nothing that the person can put right
        typer.echo(f"scenograph: {line}", err=True)
        raise typer.Exit(1)
    raise UserError(line)


def _show(text: str, evidence: list[Row], paths: list[Path]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(text, "bold"))
    if evidence:
        table = Table("id", "category", "box", "score", "tool", "model", title="Evidence", title_justify="left")
        for row in evidence:
            table.add_row(*(Text(cell) for cell in (row.id, row.category, row.box, row.score, row.tool, row.model)))
        console.print(table)
    for path in paths:
        console.print(Text(str(path)), soft_wrap=True)
