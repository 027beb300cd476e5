"""Which functions there are, as whoever runs searches tells it.

The parser reads any function name, so that nothing here lists them: they are defined, once, in the engine. Lints that
judge names are handed the vocabulary (`caltrop.engine.vocabulary`) by the command line, which may import both rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Lower-case names. `aggregates` says whether a name is a statistical function's, percentile rank included (p95);
    `aggregations` are the names worth suggesting."""

    functions: Collection[str]
    aggregations: Collection[str]
    aggregates: Callable[[str], bool]
