"""Sets of fields that need not be known in full: what may be in a row at some point of a search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from caltrop.dialect.words import fits


@dataclass(frozen=True, slots=True)
class Fields:
    """`names` (and `patterns` with *) that a result may have; `open` when there may be others, `gone` what is surely
    not among them."""

    open: bool = True
    names: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Whether a row may have the field."""
        if name in self.names:
            return True
        if any(fits(pattern, name) for pattern in self.patterns):
            return True
        return self.open and name not in self.gone

    def adding(self, names: Iterable[str]) -> Fields:
        new = set(names)
        patterns = {n for n in new if "*" in n}
        plain = frozenset(new - patterns)
        return replace(self, names=self.names | plain, patterns=self.patterns | patterns, gone=self.gone - plain)

    def without(self, name: str) -> Fields:
        """Without a field, or those that a pattern means; * does not reach internal fields (_time, _raw, …)."""
        if "*" in name:
            internal = name.startswith("_")
            names = frozenset(n for n in self.names if not fits(name, n) or (n.startswith("_") and not internal))
            return replace(self, names=names)
        return replace(self, names=self.names - {name}, gone=self.gone | {name})


OPEN = Fields()
NONE = Fields(open=False)


def closed(names: Iterable[str]) -> Fields:
    """These and no others."""
    return NONE.adding(names)
