"""The command `scenograph`: finds the verb in the entry points and runs it; what verbs do lives with them."""

from __future__ import annotations

import ast
import difflib
import sys
from importlib.metadata import EntryPoint, entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

GROUP = "scenograph.commands"
HELP = ("-h", "--help")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a verb; exit with 2 on what the person can put right, with 130 on Ctrl-C."""
    given = sys.argv[1:] if arguments is None else arguments
    verbs = {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}
    match given:
        case []:
            _fail(f"give a verb: {', '.join(verbs)}; `scenograph --help` tells more")
        case [first, *_] if first in HELP:
            sys.stdout.write(_help(verbs))
            raise SystemExit(0)
        case ["--version", *_]:
            sys.stdout.write(f"scenograph {version('scenograph')}\n")
            raise SystemExit(0)
        case [first, *_] if first not in verbs:
            what, known = ("option", ["--help", "--version"]) if first.startswith("-") else ("verb", list(verbs))
            near = difflib.get_close_matches(first, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            _fail(f"no such {what}: {first}; {hint}")
    raise SystemExit(_run(verbs[given[0]], given[1:]))


def _run(point: EntryPoint, arguments: list[str]) -> int:
    # Here, not above: `--help` shall not wait for them.
    import typer

    from tools.errors import UserError

    try:
        verb = point.load()
        app = verb if isinstance(verb, typer.Typer) else typer.Typer(add_completion=False)
        if app is not verb:
            app.command()(verb)
        # Errors come to us, so that each is one line.
        outcome = typer.main.get_command(app).main(arguments, f"scenograph {point.name}", standalone_mode=False)
    except UserError as error:
        _fail(str(error))
    except typer.TyperException as error:
        told = error.format_message().replace("Value error, ", "").rstrip(".")  # pydantic's, of a choice that is none
        context: Any = getattr(error, "ctx", None)
        verbs = f"; there are: {', '.join(names)}" if (names := _verbs(error)) else ""
        where = context.command_path if context else f"scenograph {point.name}"
        _fail(f"{told}{verbs}; {_usage(error)}see `{where} --help`", error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        outcome = 130
    if outcome == 130:
        _fail("interrupted", 130)
    return outcome if isinstance(outcome, int) else 0


def _verbs(error: Any) -> list[str]:
    """The verbs of a group, where none of them is given."""
    context: Any = getattr(error, "ctx", None)
    missing = error.format_message().startswith(("Missing command", "No such command"))
    return list(context.command.list_commands(context)) if context and missing else []


def _usage(error: Any) -> str:
    """All that the verb wants, where an argument is missing: of several it may not be the one that is named."""
    context: Any = getattr(error, "ctx", None)
    if context is None or not error.format_message().startswith("Missing argument"):
        return ""
    wanted = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    return f"use: {wanted.translate({ord(brace): None for brace in '{}'})}; "


def _fail(message: str, code: int = 2) -> NoReturn:
    sys.stderr.write(f"scenograph: {' '.join(message.split())}\n")
    raise SystemExit(code)


def _help(verbs: dict[str, EntryPoint]) -> str:
    width = max(map(len, verbs), default=0)
    lines = [f"  {name:{width}}  {summary(point)}" for name, point in verbs.items()]
    head = "Usage: scenograph VERB …\n\nAsk about images and get answers that show their evidence.\n\nVerbs:\n"
    return (
        head + "\n".join(lines) + "\n\n`scenograph VERB --help` tells more of each; `--version` prints the version.\n"
    )


def summary(point: EntryPoint) -> str:
    """A verb's first line of help, read from its source: to import all verbs would take seconds.

    A verb is a function with a docstring, or a Typer app made with `help=`.
    """
    try:
        spec = find_spec(point.module)
        body = ast.parse(Path(spec.origin).read_bytes()).body if spec and spec.origin else []
    except (ImportError, OSError, SyntaxError):
        return "(cannot be loaded)"
    for node in body:
        match node:
            case ast.FunctionDef(name=name) if name == point.attr:
                return (ast.get_docstring(node) or "").partition("\n")[0]
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(keywords=keywords)) if name == point.attr:
                texts = [
                    one.value.value for one in keywords if one.arg == "help" and isinstance(one.value, ast.Constant)
                ]
                return str(texts[0]).partition("\n")[0] if texts else ""
    return ""
