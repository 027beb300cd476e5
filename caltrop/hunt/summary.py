"""A hunt added up: by tactic, by entity, errors by cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from caltrop.hunt.model import MATRIX, NO_TACTIC, Entity, Hunt, Outcome


@dataclass(slots=True)
class Tactic:
    name: str
    detections: list[str] = field(default_factory=list)
    techniques: dict[str, int] = field(default_factory=dict)  # id -> hits
    hits: int = 0


@dataclass(slots=True)
class Subject:
    """One entity: the risk that all results add to it, and the detections that name it (worst first)."""

    entity: Entity
    risk: int = 0
    rows: int = 0
    detections: list[str] = field(default_factory=list)
    first: float | None = None
    last: float | None = None


def by_tactic(hunt: Hunt) -> list[Tactic]:
    """In the order of the matrix; a detection of several tactics counts in each."""
    found: dict[str, Tactic] = {}
    for outcome in hunt.hits:
        for name in outcome.tactics or [NO_TACTIC]:
            tactic = found.setdefault(name, Tactic(name))
            tactic.detections.append(outcome.name)
            tactic.hits += outcome.hits
            for technique in outcome.techniques:
                if name in (technique.tactics or (NO_TACTIC,)):
                    tactic.techniques[technique.id] = tactic.techniques.get(technique.id, 0) + outcome.hits
    order = {name: number for number, name in enumerate(MATRIX)}
    return sorted(found.values(), key=lambda t: (order.get(t.name, len(order)), t.name))


def by_entity(hunt: Hunt) -> list[Subject]:
    """Most risk first, then most detections."""
    found: dict[Entity, Subject] = {}
    for outcome in hunt.hits:
        assert outcome.found is not None
        for entity, rows in outcome.found.seen.items():
            # One name is one host, however logs write its letters.
            subject = found.setdefault(Entity(entity.kind, entity.value.lower()), Subject(entity))
            subject.risk += outcome.scores.get(entity, 0)
            subject.rows += rows
            if outcome.name not in subject.detections:
                subject.detections.append(outcome.name)
            times = [t for t in (subject.first, outcome.found.first) if t is not None]
            subject.first = min(times, default=None)
            subject.last = max([t for t in (subject.last, outcome.found.last) if t is not None], default=None)
    return sorted(found.values(), key=lambda s: (-s.risk, -len(s.detections), -s.rows, s.entity))


def errors_by_cause(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    """Most frequent first, then by text."""
    groups: dict[str, list[Outcome]] = {}
    for one in outcomes:
        if one.state == "error":
            groups.setdefault(one.cause, []).append(one)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
