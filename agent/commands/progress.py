"""The progress line of a start and of a wait, on stderr; results go to stdout, elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text


@contextmanager
def starting() -> Iterator[Callable[[str], None]]:
    """Give a function that shows what goes on: one line that changes on a terminal, a line a phase elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        phases: set[str] = set()

        def tell(message: str) -> None:
            phase = message.partition(",")[0]
            if phase not in phases:
                phases.add(phase)
                console.print(Text(f"{message} …"), soft_wrap=True)

        yield tell
        return
    status = console.status("")

    def show(message: str) -> None:
        status.update(Text(f"{message} …"))
        status.start()

    try:
        yield show
    finally:
        status.stop()


@contextmanager
def waiting(message: str) -> Iterator[None]:
    """Show a message while something goes on, on a terminal only: a wait is no news in a log."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(Text(f"{message} …")):
        yield
