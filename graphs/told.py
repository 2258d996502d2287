"""What tools told of several things at once: relations and events, kept as told and named when they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from graphs.identity import combined
from graphs.order import natural
from graphs.types import Event, Observation, Relation


class End(NamedTuple):
    """An entity as a call names it: by the id in its own observation, or by the one that the graph gave it."""

    call_id: str
    id: str


Name = Callable[[End], str | None]
"""Gives the id that the graph has for an end; none while nothing of that name was seen."""


class Told:
    """A set of relations and events, the same in whatever order and however often they were told."""

    def __init__(self) -> None:
        """Start with none."""
        self._relations: dict[tuple[Relation, End, End], None] = {}
        self._events: dict[tuple[Event, tuple[End, ...]], None] = {}

    def add(self, observation: Observation) -> None:
        """Keep what an observation tells.

        Raises:
            ValueError: If one of its relations comes from geometry, which the graph works out itself.
        """
        own = {entity.id: End(entity.call_id, entity.id) for entity in observation.entities}
        for relation in observation.relations:
            if relation.source == "geometry":
                raise ValueError(f"relation {relation.predicate} is told as geometry's")
            one, other = (own.get(name, End(relation.call_id, name)) for name in (relation.subject, relation.object))
            self._relations[relation, one, other] = None
        for event in observation.events:
            parts = tuple(own.get(name, End(event.call_id, name)) for name in event.participants)
            self._events[event, parts] = None

    def relations(self, name: Name) -> list[Relation]:
        """The relations whose ends are known, one for each triple and source, by call and then by their words.

        What several calls told has the score of all and the provenance of the best.
        """
        tellings: dict[tuple[str, ...], list[Relation]] = {}
        for relation, one, other in self._relations:
            subject, object_ = name(one), name(other)
            if subject is not None and object_ is not None:
                also = relation.also and (name(End(relation.call_id, relation.also)) or relation.also)
                named = relation.model_copy(update={"subject": subject, "object": object_, "also": also})
                key = (subject, relation.predicate, object_, also or "", relation.source)
                tellings.setdefault(key, []).append(named)
        return sorted((_merged(group) for group in tellings.values()), key=_order)

    def events(self, name: Name) -> list[Event]:
        """The events, by call, then by time and by the ids they were given."""
        told = sorted(self._events, key=lambda one: _event_order(one[0]))
        named = [(event, [known for part in parts if (known := name(part)) is not None]) for event, parts in told]
        return [event.model_copy(update={"participants": tuple(dict.fromkeys(parts))}) for event, parts in named]

    def unknown(self, name: Name) -> Iterator[str]:
        """The ends that name nothing, with what was told of them."""
        for relation, *ends in self._relations:
            yield from (f"relation {relation.predicate} names {end.id!r}" for end in ends if name(end) is None)
        for event, parts in self._events:
            yield from (f"event {event.label} names {end.id!r}" for end in parts if name(end) is None)


def numbered(events: Iterable[Event]) -> list[Event]:
    """The same events with readable ids, `event:crowd-1`, which count by label."""
    numbers: Counter[str] = Counter()
    found: list[Event] = []
    for event in events:
        numbers[event.label] += 1
        name = f"event:{event.label.replace(' ', '_')}-{numbers[event.label]}"
        found.append(event.model_copy(update={"id": name}))
    return found


def _order(relation: Relation) -> tuple[object, ...]:
    also = relation.also or ""
    return natural(relation.call_id), relation.subject, relation.predicate, relation.object, also, relation.source


def _event_order(event: Event) -> tuple[object, ...]:
    start = -1.0 if event.start is None else event.start
    return natural(event.call_id), start, natural(event.id), event.model_dump_json()


def _merged(tellings: list[Relation]) -> Relation:
    best = min(tellings, key=lambda one: (-one.score, natural(one.call_id), one.model_dump_json()))
    because = tuple(dict.fromkeys(reason for one in sorted(tellings, key=_order) for reason in one.because))
    return best.model_copy(update={"score": combined(tellings), "because": because})
