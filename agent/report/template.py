"""What kind of report is written: a small TOML file that users copy and change. What a section says is `plan`'s."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from graphs.relations import GEOMETRY
from graphs.taxonomy import normalise
from graphs.types import Frozen
from tools.errors import UserError, misfit

FOLDER = Path(__file__).parent / "templates"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))

NEEDS = {"regions": "regions", "gaps": "shelf", "changes": "compare"}
"""What must be measured for a section."""

SectionName = Literal[
    "summary", "entities", "relations", "text", "doubtful", "unseen", "zones", "meanings", "regions", "gaps", "changes",
    "events",
]  # fmt: skip

Share = Annotated[float, Field(ge=0, le=1)]
Texts = Annotated[dict[str, str], Field(min_length=1)]
"""By language: `en`, `zh`."""

SURE = 0.5
"""Score from which on a thing counts as seen, unless the template says otherwise. On 40 dioramas of the seeds from
3,000,000 on, at 0.3 six claims in a thousand more are false, and two in five of the things in doubt are not."""


class Zone(Frozen):
    """A part of the image that has a name: `xyxy` in shares of its width and height, 0 to 1."""

    name: Texts
    box: tuple[Share, Share, Share, Share]

    @model_validator(mode="after")
    def _ordered(self) -> Zone:
        left, top, right, bottom = self.box
        if left >= right or top >= bottom:
            raise ValueError(f"box {list(self.box)} is empty: give left, top, right, bottom")
        return self


class Meaning(Frozen):
    """What it may mean that one thing stands in a relation to another: "{subject} TEXT {object}"."""

    subject: Annotated[str, AfterValidator(normalise)]
    predicate: Literal[*GEOMETRY]  # type: ignore[valid-type]  # a tuple of names
    object: Annotated[str, AfterValidator(normalise)]
    text: Texts


class Template(Frozen):
    """A kind of report.

    Attributes:
        name: Of the file, without its ending.
        title: By language.
        notice: A warning on top, by language; empty for none.
        focus: Labels to look for; empty for everything.
        sections: What is said of each image, in this order.
        sure: Score from which on a thing counts as seen, 0 to 1.
        zones: Parts of the image for the section `zones`.
        meanings: Rules for the section `meanings`.
        reference: Whether the report wants an image to compare with.
    """

    name: str
    title: dict[str, str]
    notice: dict[str, str] = Field(default_factory=dict)
    focus: tuple[str, ...] = ()
    sections: tuple[SectionName, ...]
    sure: float = Field(default=SURE, gt=0, le=1)
    zones: tuple[Zone, ...] = ()
    meanings: tuple[Meaning, ...] = ()
    reference: bool = False

    @property
    def measures(self) -> list[str]:
        """What its sections need to be measured."""
        return [measure for section, measure in NEEDS.items() if section in self.sections]


def text_in(texts: dict[str, str], language: str) -> str:
    """The text in a language, else in English, else in any, else nothing."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


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
        raise UserError(f"{path}: {misfit(error.errors()[0])}") from error
    return template
