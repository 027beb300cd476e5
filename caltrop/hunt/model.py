"""What a hunt gives out. Times are epoch seconds, risk scores are what the risk action writes for one result row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from caltrop.content import Detection
from caltrop.content.attack import KILL_CHAIN, Technique, techniques

State = Literal["hits", "none", "absent", "error"]
TYPES = ("Correlation", "TTP", "Anomaly", "Hunting")  # most severe first
MATRIX = tuple(KILL_CHAIN)  # tactics in the order of the ATT&CK matrix
NO_TACTIC = "no tactic"
OTHER = "other"


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """A host, a user or another thing that results are about."""

    kind: str
    value: str

    @property
    def is_host(self) -> bool:
        return self.kind in ("system", "host", "endpoint", "device", "hostname")

    @property
    def is_user(self) -> bool:
        return self.kind in ("user", "username")


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    `rows` are its results (text and lists of text, visible fields), `times` the first and last moment of each row (null where a
    row tells none), `events` the raw events behind them as far as they are kept, of `event_count`. `seen` says in how many rows
    each entity is.
    """

    rows: pl.DataFrame
    times: pl.DataFrame  # first, last: Float64
    seen: Mapping[Entity, int]
    events: pl.DataFrame  # _time: Float64, host, source, sourcetype, _raw: String
    event_count: int
    first: float | None
    last: float | None

    @property
    def hosts(self) -> list[str]:
        return sorted({e.value for e in self.seen if e.is_host})

    @property
    def users(self) -> list[str]:
        return sorted({e.value for e in self.seen if e.is_user})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one detection. `found` is there for hits, `error` and `cause` (without what is particular to this detection)
    for an error, `absent` says which data a detection needs that is not here. `scores` holds what a row adds to the risk of each
    entity; it is empty where a detection of this type raises none."""

    detection: Detection
    state: State
    milliseconds: float = 0.0
    found: Found | None = None
    error: str = ""
    cause: str = ""
    absent: str = ""
    scores: Mapping[Entity, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.detection.name

    @property
    def hits(self) -> int:
        return len(self.found.rows) if self.found else 0

    @property
    def risk(self) -> int:
        """The highest score that a result of the detection carries."""
        return risk_of(self.detection)

    @property
    def techniques(self) -> list[Technique]:
        """As ATT&CK names them; an id that it does not know has no name and no tactic."""
        known = techniques()
        return [known.get(i) or Technique(i, "", ()) for i in dict.fromkeys(self.detection.mitre_attack_id)]

    @property
    def tactics(self) -> list[str]:
        """In the order of the matrix."""
        named = {tactic for technique in self.techniques for tactic in technique.tactics}
        return [t for t in MATRIX if t in named] + sorted(named.difference(MATRIX))

    @property
    def severity(self) -> tuple[int, int, int, str]:
        """Sorts most severe first: what raises risk by its score, then the rest by type and score, then by name."""
        kind = self.detection.type
        rank = TYPES.index(kind) if kind in TYPES else len(TYPES)
        return (-self.risk if self.scores else 0, rank, -self.risk, self.name)


def risk_of(detection: Detection) -> int:
    return max((e.score for e in detection.risk_objects), default=0) or detection.risk_score


@dataclass(frozen=True, slots=True)
class Hunt:
    """All outcomes, in order of severity; `left_out` detections are not in production and were not asked for."""

    label: str
    outcomes: list[Outcome]
    events: int
    seconds: float
    left_out: int = 0

    @property
    def hits(self) -> list[Outcome]:
        return [one for one in self.outcomes if one.state == "hits"]

    @property
    def errors(self) -> list[Outcome]:
        return [one for one in self.outcomes if one.state == "error"]

    def count(self, state: State) -> int:
        return sum(one.state == state for one in self.outcomes)

    @property
    def first(self) -> float | None:
        return min((f.first for o in self.hits if (f := o.found) and f.first is not None), default=None)

    @property
    def last(self) -> float | None:
        return max((f.last for o in self.hits if (f := o.found) and f.last is not None), default=None)
