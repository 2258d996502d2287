"""What kind of report is written: a small TOML file that users copy and change. What a section says is `plan`'s."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import Field, ValidationError

from agent.report.plan import PARTS
from graphs.types import Frozen
from tools.errors import UserError

FOLDER = Path(__file__).parent / "templates"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))

SURE = 0.4
"""Score from which on a thing counts as seen, unless the template says otherwise."""


class Template(Frozen):
    """A kind of report.

    Attributes:
        name: Of the file, without its ending.
        title: By language.
        notice: A warning on top, by language; empty for none.
        focus: Labels to look for; empty for everything.
        sections: What is said of each image, in this order.
        sure: Score from which on a thing counts as seen, 0 to 1.
    """

    name: str
    title: dict[str, str]
    notice: dict[str, str] = Field(default_factory=dict)
    focus: tuple[str, ...] = ()
    sections: tuple[str, ...]
    sure: float = Field(default=SURE, gt=0, le=1)

    def text(self, texts: dict[str, str], language: str) -> str:
        """The text in a language, else in English, else nothing."""
        return texts.get(language) or texts.get("en", "")


def source(name: str) -> Path:
    """The file of a template.

    Args:
        name: One of `NAMES`, or the path of a file.

    Raises:
        UserError: If it is neither.
    """
    path = FOLDER / f"{name}.toml" if name in NAMES else Path(name)
    if not path.is_file():
        raise UserError(f"no such template: {name}; there are {', '.join(NAMES)}, or give the path of a .toml file")
    return path


def load(name: str) -> Template:
    """Read a template, by its name or the path of its file.

    Raises:
        UserError: If there is none, or the file does not hold what it should.
    """
    path = source(name)
    try:
        template = Template.model_validate({"name": path.stem, **tomllib.loads(path.read_text(encoding="utf-8"))})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no TOML file: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if unknown := [section for section in template.sections if section not in PARTS]:
        raise UserError(f"{path}: no such section: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return template
