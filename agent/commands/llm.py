"""The verb `llm`: the model server and the service, by hand. How they run lives in `agent.processes`."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agent import launch, processes
from agent.commands.progress import starting
from agent.processes import Program

command = typer.Typer(help="Start, stop and look at the model server and the service.", add_completion=False)


class Name(StrEnum):
    """Of a program."""

    SERVER = "server"
    SERVICE = "service"


@command.command()
def up() -> None:
    """Start the model server and the service, unless they run, and wait until they take requests."""
    with starting() as progress:
        states = processes.up(launch.PROGRAMS, progress)
    for state in states:
        typer.echo(f"{state.name}: running, pid {state.pid}, port {state.port}")


@command.command()
def down() -> None:
    """Stop both."""
    for program in launch.PROGRAMS:
        typer.echo(f"{program.name}: {'stopped' if processes.down(program.name) else 'not running'}")


@command.command()
def status() -> None:
    """Say of both whether they run: pid, port, memory, uptime; fails unless all runs that `ask` needs."""
    for program in launch.PROGRAMS:
        typer.echo(f"{program.name}: {_status(program)}")
    if not all(processes.running(program.name) for program in launch.needed()):
        raise typer.Exit(1)


def _status(program: Program) -> str:
    state = processes.running(program.name)
    if state is None:
        return "not running; `scenograph llm up` starts it"
    health = "running" if state.healthy() else "starting"
    memory = processes.memory(state) / 2**20
    up = time.time() - state.created
    return (
        f"{health}, pid {state.pid}, port {state.port}, {memory:.0f} MiB, up {up:.0f} s, "
        f"log {processes.log_path(program.name)}"
    )


@command.command()
def logs(
    name: Annotated[Name, typer.Option(help="Whose log.")] = Name.SERVER,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the log grows.")] = False,
) -> None:
    """Print the log of the model server or of the service."""
    path = processes.log_path(name)
    if not path.exists():
        typer.echo("no log yet; `scenograph llm up` starts both")
        raise typer.Exit(1)
    _print(path, follow)


def _print(path: Path, follow: bool) -> None:
    with path.open(errors="replace") as log:
        while True:
            for line in log:
                typer.echo(line, nl=False)
            if not follow:
                return
            time.sleep(0.5)
