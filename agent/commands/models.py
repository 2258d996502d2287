"""The verb `models`: the catalog by hand. What a model is and where it lies, `tools.catalog` says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.commands.show import print_json
from tools import catalog
from tools.catalog import ModelEntry, changes, profiles
from tools.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

command = typer.Typer(help="List, fetch, add and choose the models that see and plan.", add_completion=False)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `models list` shows it.")]
NAME_OR_PROFILE = "NAME|PROFILE"
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


@command.command("list")
def list_models(
    task: Annotated[str | None, typer.Option(help="Only those for one task, such as segment or plan.")] = None,
    json: Json = False,
) -> None:
    """Show all models: task, size, memory, licence, whether they are here, and which are in use."""
    known = [entry for entry in catalog.entries() if task in (None, entry.task)]
    if not known:
        tasks = sorted({entry.task for entry in catalog.entries()})
        raise UserError(f"no model for task {task!r}; there are some for: {', '.join(tasks)}")
    used = changes.in_use()
    if json:
        print_json([_facts(entry, used) for entry in known])
        return
    from rich.table import Table

    table = Table("model", "task", "size", "memory", "licence", "here", "status")
    for entry in known:
        here = "yes" if entry.here() else "no"
        status = "in use" if entry.name in used else "" if entry.status == "active" else "candidate"
        table.add_row(
            entry.name, entry.task, amount(entry.size), amount(entry.memory), entry.licence, here, status,
            style="bold" if entry.name in used else None,
        )  # fmt: skip
    _console().print(table)


@command.command()
def show(name: Name, json: Json = False) -> None:
    """Show all that the catalog says of one model."""
    entry = catalog.find(name)
    facts = _facts(entry, changes.in_use())
    if json:
        print_json(facts)
        return
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for key, value in facts.items():
        if value not in (None, "", [], {}):
            table.add_row(key, _readable(key, value))
    _console().print(table)


@command.command()
def pull(
    what: Annotated[
        str, typer.Argument(metavar=NAME_OR_PROFILE, help=f"A model, or one of: {', '.join(profiles.PROFILES)}.")
    ],
) -> None:
    """Fetch the weights of a model, or of all models of a profile; goes on where an earlier attempt broke off."""
    from tools.catalog import hub

    wanted = profiles.members(what) if what in profiles.PROFILES else [catalog.find(what)]
    for entry in wanted:
        if entry.here():
            typer.echo(f"{entry.name}: here already, at {entry.path()}")
            continue
        offered = hub.offer(entry)
        typer.echo(f"{entry.name}: {amount(offered.size)} in {len(offered.files)} files, licence {entry.licence}")
        sealed = hub.pull(offered)
        typer.echo(f"{sealed.name}: here, at {sealed.path()}; {_how_to_use(sealed)}")


@command.command()
def add(
    path: Annotated[
        Path, typer.Argument(help="A .pt or .onnx of ultralytics, or a folder of transformers or diffusers.")
    ],
    name: Annotated[str | None, typer.Option(help="What to call it; by default as the file is called.")] = None,
    licence: Annotated[str | None, typer.Option(help="SPDX identifier, where the file does not say it.")] = None,
    json: Json = False,
) -> None:
    """Put a model of your own into the catalog; the file stays where it is, and no code in it is run."""
    from tools.catalog.adding import describe

    entry = describe(path, name)
    if licence is not None:
        entry = entry.model_copy(update={"licence": licence})
    if entry.name in {known.name for known in catalog.entries()} - {own.name for own in catalog.own().entries}:
        raise UserError(f"{entry.name} is a model of scenograph; choose another --name")
    changes.keep(entry)
    if json:
        print_json(_facts(entry, changes.in_use()))
        return
    classes = f", {len(entry.classes)} classes" if entry.classes else ""
    typer.echo(f"{entry.name}: {entry.task}, {amount(entry.size)}{classes}; {_how_to_use(entry)}")


@command.command()
def use(
    what: Annotated[
        str,
        typer.Argument(
            metavar=NAME_OR_PROFILE, help=f"A model, or one of: {', '.join([*profiles.PROFILES, profiles.AUTO])}."
        ),
    ],
) -> None:
    """Use a model for its task from now on, or the set of a profile; `auto` takes the best that is here."""
    if what in (*profiles.PROFILES, profiles.AUTO):
        chosen = profiles.use(what)
        for entry in chosen:
            _export(entry)
        typer.echo("; ".join(f"{entry.task}: {entry.name}" for entry in chosen))
        return
    from agent.llm import server

    server.take_up(catalog.find(what))
    entry = changes.choose(what)
    _export(entry)
    typer.echo(f"{entry.task}: {entry.name}")


@command.command()
def rm(name: Name) -> None:
    """Take a model of yours out of the catalog; weights that were pulled are deleted, your own files stay."""
    freed = changes.remove(name)
    typer.echo(f"{name}: removed" + (f", {amount(freed)} freed" if freed else ""))


def _export(entry: ModelEntry) -> None:
    """Make a detector fast on a CPU now, so that no question waits for it later."""
    from tools import exported

    if exported.possible(entry) and not exported.ready(entry):
        from agent.commands.progress import waiting

        with waiting(f"exporting {entry.name} for this machine's CPU, once"):
            exported.export(entry)


def _how_to_use(entry: ModelEntry) -> str:
    return f"`scenograph models use {entry.name}` puts it to use"


def amount(size: int) -> str:
    """Bytes for people: 6.7 MB, 17.5 GB; a dash where nothing is known."""
    if size <= 0:
        return "-"
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size / 1e3:.0f} kB"


def _facts(entry: ModelEntry, used: set[str]) -> dict[str, object]:
    facts = entry.model_dump(mode="json")
    return {**facts, "here": entry.here(), "in_use": entry.name in used}


def _readable(key: str, value: object) -> str:
    match key, value:
        case (("size" | "memory"), int()):
            return amount(value)
        case "sources", list():
            return "\n".join(f"{source['kind']}: {source['location']}" for source in value)
        case _, list():
            return ", ".join(map(str, value))
        case _, dict():
            return ", ".join(f"{name} {one}" for name, one in value.items())
        case _, bool():
            return "yes" if value else "no"
    return str(value)


def _console() -> Console:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=160)
