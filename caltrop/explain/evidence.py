"""What an explanation asks, of whatever ran the search: the engine (`caltrop.engine.evidence`) or a Splunk by URL (`caltrop.replay`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from caltrop.spl.ast import Command, Node

Prefix = tuple[Command, ...]  # names rows by the commands that give them
Kind = tuple[
    str, str, str, int, float, float
]  # index, source, sourcetype, events, first and last `_time` (epoch seconds)
Sample = Mapping[str, str | list[str]]  # a row: field -> value, or values


class Evidence(Protocol):
    """Answers about the rows of one search, over its time range. Everything raises CaltropError for what cannot be asked."""

    def count(self, prefix: Prefix) -> int:
        """How many rows the commands give."""
        ...

    def patterns(self, prefix: Prefix, conditions: Sequence[Node], *, search: bool) -> Mapping[str, int]:
        """How many rows meet which of the conditions (of a search expression, else of eval): `101` -> 14, a digit a condition."""
        ...

    def values(self, prefix: Prefix, field: str) -> Sequence[tuple[str, int]]:
        """The values of a field with the rows that have them, most frequent first."""
        ...

    def sample(self, prefix: Prefix, limit: int) -> Sequence[Sample]:
        """The first rows, with all their fields."""
        ...

    def inventory(self, *, internal: bool = False) -> Sequence[Kind]:
        """What there is in the indexes that the user may search, over all time; in internal ones only where asked for."""
        ...

    def indexes(self, *, internal: bool = False) -> Sequence[str]:
        """The indexes that the user may search, likewise."""
        ...

    def default_indexes(self) -> Sequence[str]:
        """Those that a search without an index looks into."""
        ...

    def constraint(self, model: str, dataset: str) -> str:
        """The constraints of a data model dataset as one search expression, macros expanded."""
        ...

    def apps(self) -> Sequence[str]:
        """The installed apps, by their names and, where these are known, by their labels."""
        ...
