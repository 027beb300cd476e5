"""Who asks. Knowledge is read once for all searches; what it gives is evaluated as the search that asks, and that is who hears
of its faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from caltrop.knowledge.lookups import Lookup, Mark

Evaluate = Callable[[str, pl.DataFrame], pl.Series]  # expression text, rows -> any column (numbers are rendered)
Matches = Callable[[str, pl.DataFrame], pl.Series]  # search text, rows -> Boolean
Kind = tuple[str, str, str]  # source, sourcetype, host of an event


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the configuration that does not work. `place` says where: `app/default/props.conf:12` (empty: no one place).

    `fields` are those that it withholds from events, None where that cannot be told.
    """

    place: str
    what: str
    fields: frozenset[str] | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" if self.place else self.what


@dataclass(frozen=True, slots=True)
class Met:
    """A fault that an extraction met, and the kinds of events that it concerns (None: any)."""

    fault: Fault
    kinds: frozenset[Kind] | None = None

    def withholds(self, wanted: set[str] | None, stored: set[str]) -> bool:
        """Whether a search that reads the wanted fields (None: all) misses some; the stored ones are there in any case."""
        if wanted is None:
            return True
        fields = self.fault.fields
        return bool(wanted - stored if fields is None else wanted & fields)


@dataclass(slots=True)
class Asker:
    """The search that asks: its ways to evaluate, and what it met. Without evaluators, what needs them is left out."""

    evaluate: Evaluate | None = None
    matches: Matches | None = None
    # Lookups whose filter depends on the moment, read once a search: name -> (what their rows depend on, the table).
    lookups: dict[str, tuple[Mark, Lookup]] = field(default_factory=dict)
    met: dict[Met, None] = field(default_factory=dict)  # in order, each once

    def meet(self, fault: Fault, kinds: frozenset[Kind] | None = None) -> None:
        self.met[Met(fault, kinds)] = None
