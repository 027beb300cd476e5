"""The functions of the engine as lints ask for them."""

from __future__ import annotations

from functools import cache

from caltrop.engine import registry
from caltrop.engine.aggregate import functions
from caltrop.spl.vocabulary import Vocabulary


@cache
def vocabulary() -> Vocabulary:
    """Read off the registries, all modules of which are imported."""
    registry.load()
    return Vocabulary(
        functions=frozenset(registry.functions),
        aggregations=functions.names(),
        aggregates=functions.is_known,
    )
