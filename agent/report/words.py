"""The words of a language for claims, from its lexicon file. What is worth saying is `plan`'s concern."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.report.claims import Claim, Content, Count, Fragment, Sentence
from graphs.scene import SceneEntity

FOLDER = Path(__file__).parent / "lexicon"
LANGUAGES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


class Words:
    """Says claims in one language."""

    def __init__(self, language: str = "en") -> None:
        """Read the lexicon.

        Args:
            language: One of `LANGUAGES`.
        """
        self.language = language
        self._lexicon = _lexicon(language)

    def __call__(self, key: str, **values: object) -> str:
        """A phrase by its key, such as `section.summary`, with its places filled."""
        group, _, name = key.partition(".")
        return str(self._lexicon[group][name]).format(**values)

    def group(self, name: str) -> dict[str, str]:
        """All phrases of a group, as they stand in the file."""
        return dict(self._lexicon[name])

    def label(self, label: str) -> str:
        """A category or hypernym, singular."""
        return str(self._lexicon["label"].get(label, label))

    def labels(self, label: str) -> str:
        """The same, plural."""
        if self.language != "en":
            return self.label(label)
        return str(self._lexicon["labels"].get(label) or _plural(label))

    def colour(self, colour: str) -> str:
        """A colour."""
        return str(self._lexicon["colour"].get(colour, colour))

    def name(self, entity: str) -> str:
        """What an entity is called: its id, with the category in this language."""
        stem, _, number = entity.rpartition("-")
        label = stem.replace("_", " ")
        return f"{self._lexicon['label'].get(label, label) if self.language != 'en' else label}-{number}"

    def quote(self, text: str) -> str:
        """Words that were read, in quotation marks."""
        return str(self._lexicon["quote"]).format(text)

    def percent(self, percent: float, under: bool) -> str:
        """A share that was measured from a mask, or that it is less than that."""
        shown = f"{percent:.0f}%" if percent >= 10 else f"{percent:.1f}%"
        return self("number.under", percent=f"{percent:g}%") if under else self("number.about", percent=shown)

    def traced(self, entity: SceneEntity) -> str:
        """Where an entity leads: its box, score, tool and model."""
        box = ", ".join(str(round(value)) for value in entity.box.xyxy)
        return self(
            "evidence.traced", name=entity.id, image=entity.image_id, box=box, score=f"{entity.score:.2f}",
            tool=entity.tool, model=entity.model,
        )  # fmt: skip

    def count(self, content: Count) -> str:
        """How many: exact, with those in doubt named apart, or as a lower bound where the search had limits."""
        forms = {"label": self.label(content.label), "labels": self.labels(content.label)}
        measure = self._lexicon["measure"].get(content.label, self._lexicon["measure"]["other"])
        if content.number == 0 and content.more:
            form = forms["labels" if content.more > 1 else "label"]
            return self("number.possible", more=content.more, labels=form, measure=measure)
        noun = forms["label" if content.number == 1 else "labels"]
        key = "none" if content.number == 0 else "at_least" if content.at_least else "exact"
        exact = self(f"number.{key}", number=content.number, labels=noun, measure=measure)
        return self("number.more", exact=exact, more=content.more, measure=measure) if content.more else exact

    def alone(self, content: Content, possible: bool = False) -> str:
        """A claim as a sentence that stands alone."""
        key = "total" if isinstance(content, Count) and not content.image else content.kind
        sentence = self(f"claim.{key}", **self._values(content))
        if possible:
            sentence = self("claim.doubtful", sentence=sentence)
        return sentence[:1].upper() + sentence[1:]

    def fragment(self, claim: Claim) -> Fragment:
        """A claim as a part of a sentence or a cell of a table."""
        content = claim.content
        key = "total" if isinstance(content, Count) and not content.image else content.kind
        return Fragment(claim=claim.id, text=self(f"part.{key}", **self._values(content)))

    def sentence(self, key: str, items: Sequence[Claim], **values: object) -> Sentence:
        """A phrase around claims, which stand at `{items}` one after the other."""
        before, _, after = self(key, items="\0", **values).partition("\0")
        parts: list[str | Fragment] = [before[:1].upper() + before[1:]] if before else []
        for place, claim in enumerate(items):
            if place:
                parts.append(self._lexicon["last" if place == len(items) - 1 else "join"])
            parts.append(self.fragment(claim))
        return (*parts, after)

    def around(self, key: str, **claims: Claim) -> Sentence:
        """A phrase in which each named place holds one claim."""
        marked = self(key, **{name: f"\0{name}\0" for name in claims})
        parts = [self.fragment(claims[part]) if place % 2 else part for place, part in enumerate(marked.split("\0"))]
        return tuple(part for part in parts if part)

    def joined(self, words: Sequence[str]) -> str:
        """An enumeration."""
        if len(words) < 2:
            return "".join(words)
        return str(self._lexicon["join"]).join(words[:-1]) + str(self._lexicon["last"]) + words[-1]

    def _values(self, content: Content) -> dict[str, object]:
        match content.kind:
            case "count":
                return {"image": content.image, "count": self.count(content)}
            case "is":
                label = self.label(content.label)
                return {"name": self.name(content.entity), "label": label, "a_label": _with_article(label)}
            case "coloured":
                return {"name": self.name(content.entity), "colour": self.colour(content.colour)}
            case "placed":
                place = self(f"place.{content.place}")
                return {"name": self.name(content.entity), "place": place, "image": content.image}
            case "fills":
                percent = self.percent(content.percent, content.under)
                return {"name": self.name(content.entity), "percent": percent, "image": content.image}
            case "largest":
                return {"name": self.name(content.entity), "image": content.image}
            case "relates":
                other = self.name(content.object)
                predicate = self(f"predicate.{content.predicate}", other=other)
                return {"name": self.name(content.subject), "predicate": predicate}
            case "zoned":
                return {"name": self.name(content.entity), "zone": content.zone, "image": content.image}
            case "means":
                return {
                    "name": self.name(content.subject),
                    "meaning": content.meaning,
                    "other": self.name(content.object),
                }
            case "differs":
                other = content.other if content.change != "recoloured" else self.name(content.other)
                change = self(f"change.{content.change}", other=other)
                return {"name": self.name(content.entity), "change": change}
            case "alike":
                labels = self.joined([self.labels(label) for label in content.labels])
                return {"images": self.joined(content.images), "labels": labels}
            case "odd":
                return {"image": content.image}
            case "varies":
                then, now = (
                    self.count(Count(image="", label=content.label, number=n)) for n in (content.was, content.number)
                )
                return {"then": then, "now": now, "before": content.before, "image": content.image}
            case "reads":
                return {"image": content.image, "text": self.quote(content.text)}


@functools.cache
def _lexicon(language: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def _plural(label: str) -> str:
    if label.endswith(("s", "x", "z", "ch", "sh")):
        return f"{label}es"
    return f"{label[:-1]}ies" if label.endswith("y") and label[-2:-1] not in "aeiou" else f"{label}s"


def _with_article(label: str) -> str:
    return f"{'an' if label[:1] in 'aeiou' else 'a'} {label}"
