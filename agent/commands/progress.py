"""The progress line of a start and of a wait, on stderr; results go to stdout, elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text


@contextmanager
def starting() -> Iterator[Callable[[str], None]]:
    """Give a function that shows what goes on: one line that changes on a free terminal, a line a phase elsewhere."""
    console = Console(stderr=True)
    if not _free(console):
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
def waiting(message: str) -> Iterator[Callable[[str], None]]:
    """Show a message while something goes on, on a free terminal only: a wait is no news in a log.

    Yields:
        Changes the message.
    """
    console = Console(stderr=True)
    if not _free(console):
        yield lambda message: None
        return
    with console.status(Text(f"{message} …")) as status:
        yield lambda message: status.update(Text(f"{message} …"))


def _free(console: Console) -> bool:
    """Whether a line may change on the terminal: threads work side by side, below a bar of the main one."""
    return console.is_terminal and threading.current_thread() is threading.main_thread()
