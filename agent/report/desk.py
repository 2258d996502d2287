"""Where claims are made: numbered, checked against the scene as they come, and never twice. What to say is `plan`'s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.report.check import check
from agent.report.claims import Certainty, Claim, Content
from agent.report.facts import Facts
from agent.report.survey import Look
from agent.report.template import Template, text_in
from agent.report.words import Words


class Desk:
    """The facts, the language and the claims made so far."""

    def __init__(
        self,
        facts: Facts,
        words: Words,
        looks: Mapping[str, Sequence[Look]],
        template: Template,
        reference: str | None = None,
    ) -> None:
        """Start with no claims.

        Args:
            facts: What was seen in all images.
            words: The language.
            looks: The looks at each image, by its id.
            template: What its zones and rules are.
            reference: Id of the image that the others should look like.
        """
        self.zones = [(text_in(zone.name, words.language), zone.box) for zone in template.zones]
        self.meanings = [(rule, text_in(rule.text, words.language)) for rule in template.meanings]
        self.reference = reference
        self.facts = facts
        self.words = words
        self.looks = looks
        self.refused: list[tuple[Claim, str]] = []
        self._claims: dict[tuple[str, Certainty], Claim] = {}

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Those that the scene bears out, in the order in which they were made."""
        return tuple(self._claims.values())

    def claim(self, content: Content, evidence: Sequence[str], certainty: Certainty = "sure") -> Claim | None:
        """Make a claim; one that the scene does not bear out is noted as refused, and none comes back."""
        key = (content.model_dump_json(), certainty)
        if key not in self._claims:
            text = self.words.alone(content, certainty == "possible")
            number = f"c{len(self._claims) + 1}"
            claim = Claim(id=number, text=text, content=content, evidence=tuple(evidence), certainty=certainty)
            if reason := check(claim, self.facts):
                self.refused.append((claim, reason))
                return None
            self._claims[key] = claim
        return self._claims[key]
