"""Prints what was found wrong with a data set. What to look for is in `check`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finetune.data.check import Problem
from tools.errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 12


def show(problems: Sequence[Problem], console: Console) -> None:
    """Print the problems, the fatal ones first.

    Raises:
        UserError: If training cannot go on with one of them.
    """
    for one in sorted(problems, key=lambda one: not one.fatal)[:SHOWN]:
        console.print(
            f"  {one.where}: {one.what}", style="red" if one.fatal else "yellow", highlight=False, markup=False
        )
    if len(problems) > SHOWN:
        console.print(f"  … and {len(problems) - SHOWN} more")
    if fatal := [one for one in problems if one.fatal]:
        raise UserError(f"the data cannot be trained on: {fatal[0].where} {fatal[0].what}")
