"""What the analysis of a search knows of its surroundings: functions, custom commands, data models, macros.

Whoever calls hands it in. What is not known judges nothing: without models no model is unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from caltrop.analysis.wellknown import COMMANDS
from caltrop.dialect.datamodels import DataModel
from caltrop.spl.commands import known_commands
from caltrop.spl.macros import Macro

_PERCENTILE = re.compile(r"(?:perc|p|exactperc|upperperc)(\d{1,3}(?:\.\d{1,10})?)")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Lower-case names of functions; of eval functions how many arguments they take at least and at most (None: any)."""

    functions: Mapping[str, tuple[int, int | None]]
    aggregations: frozenset[str]

    def aggregates(self, name: str) -> bool:
        """Whether a statistical function has that name, percentile ranks included."""
        rank = _PERCENTILE.fullmatch(name)
        return name in self.aggregations or (rank is not None and float(rank[1]) <= 100)


@cache
def vocabulary() -> Vocabulary:
    """The functions of the engine, as `make docs` wrote them down: reading them from the engine would load all of it."""
    data = json.loads(Path(__file__).with_name("functions.json").read_text(encoding="utf-8"))
    return Vocabulary(
        {name: (least, most) for name, (least, most) in data["functions"].items()}, frozenset(data["aggregations"])
    )


def _no_macro(name: str, arity: int) -> Macro | None:
    return None


@dataclass(frozen=True)
class Known:
    """`commands` are custom commands beside those of Splunk and of well-known apps; `models` reads the data models when a
    search names one (None: which there are is not known); `macro` finds definitions; `searched` gives fields that are
    known to be extracted at search time."""

    commands: Collection[str] = ()
    models: Callable[[], Mapping[str, DataModel]] | None = None
    macro: Callable[[str, int], Macro | None] = field(default=_no_macro)
    searched: Callable[[], frozenset[str]] = field(default=frozenset)

    @cached_property
    def all_commands(self) -> frozenset[str]:
        return frozenset({*known_commands(), *COMMANDS, *self.commands})
