"""Many search expressions over the same rows, such as those of event types: each distinct term is tested once.

A term on a field with few values is tested on these; what comes out the same for every row decides an expression without the
rest of it. So of the event types of many technologies those of other source types cost next to nothing.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from caltrop.engine import matching
from caltrop.spl.ast import And, Comparison, Membership, Node, Not, Or

FEW = 8  # a column has few values where each occurs so many times on average
SMALL = 32  # or where there are no more than these
REMEMBERED = 16_384  # answers of terms about values
TEXT = 2_048  # characters of the values of one answer, at most
_KINDS = frozenset(
    {"index", "sourcetype", "source", "host"}
)  # usually one value for all rows that are looked at together


def in_order(node: Node) -> Node:
    """The same expression with what is cheap to test, and likely to decide, in front."""
    if isinstance(node, And | Or):
        return type(node)(tuple(sorted(map(in_order, node.items), key=_cost)), span=node.span)
    if isinstance(node, Not):
        return Not(in_order(node.operand), span=node.span)
    return node


def _cost(node: Node) -> int:
    if isinstance(node, Comparison | Membership):
        return 0 if node.field.name in _KINDS else 1
    if isinstance(node, Not):
        return _cost(node.operand)
    if isinstance(node, And | Or):
        return max((_cost(item) for item in node.items), default=0) + 1
    return 100  # raw text


class Terms:
    """The rows of one frame, and which of them pass the terms that were asked for so far."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._known: dict[Node, pl.Series | bool] = {}
        self._values: dict[str, tuple[str, ...] | None] = {}

    def matches(self, node: Node) -> pl.Series:
        """The rows that match: Boolean, without nulls. Raises `SearchError` for what cannot stand in a search expression."""
        found = self.test(node)
        if isinstance(found, bool):
            return pl.Series("match", [found], pl.Boolean).new_from_index(0, self.frame.height)
        return found

    def test(self, node: Node) -> pl.Series | bool:
        """Like `matches`; a bool where all rows agree and that is known."""
        if isinstance(node, And | Or):
            return self._junction(node)
        if isinstance(node, Not):
            found = self.test(node.operand)
            return not found if isinstance(found, bool) else ~found
        known = self._known.get(node)
        if known is None:
            known = self._known[node] = self._term(node)
        return known

    def _junction(self, node: And | Or) -> pl.Series | bool:
        decides = isinstance(node, Or)
        result: pl.Series | None = None
        for item in node.items:
            found = self.test(item)
            if isinstance(found, bool):
                if found is decides:
                    return decides
                continue
            result = found if result is None else (result | found if decides else result & found)
            if (result.all() if decides else not result.any()) and len(result):
                return decides
        return not decides if result is None else result

    def _term(self, node: Node) -> pl.Series | bool:
        if isinstance(node, Comparison | Membership) and (values := self._few(node.field.name)) is not None:
            return self._by_value(node, values)
        found = matching.test(node, self.frame)
        if isinstance(found, bool):
            return found
        return _decided(self.frame.select(found.alias("match")).to_series(), self.frame.height)

    def _few(self, name: str) -> tuple[str, ...] | None:
        """The values of a text field that has few of them, in order."""
        if name not in self._values:
            column = self.frame.get_column(name) if name in self.frame.columns else None
            values = column.unique().drop_nulls() if column is not None and column.dtype == pl.String else None
            few = values is not None and (len(values) * FEW <= self.frame.height or len(values) <= SMALL)
            self._values[name] = tuple(values.sort()) if values is not None and few else None
        return self._values[name]

    def _by_value(self, node: Comparison | Membership, values: tuple[str, ...]) -> pl.Series | bool:
        passing = (_remembered if sum(map(len, values)) <= TEXT else _passing)(node, values)
        column = self.frame.get_column(node.field.name)
        if not passing:
            return False
        if len(passing) == len(values):
            return True if not column.null_count() else column.is_not_null()
        return column.is_in(passing).fill_null(False)


def _passing(node: Comparison | Membership, values: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a field's values that a term lets pass."""
    frame = pl.DataFrame({node.field.name: pl.Series(values, dtype=pl.String)})
    found = matching.test(node, frame)
    if isinstance(found, bool):
        return values if found else ()
    mask = _stretched(frame.select(found.alias("match")).to_series(), len(values))
    return tuple(value for value, passes in zip(values, mask, strict=True) if passes)


# The answer depends on nothing else, and the same few values come again with every small segment.
_remembered = lru_cache(maxsize=REMEMBERED)(_passing)


def _stretched(mask: pl.Series, height: int) -> pl.Series:
    return mask if len(mask) == height else mask.new_from_index(0, height)


def _decided(mask: pl.Series, height: int) -> pl.Series | bool:
    mask = _stretched(mask, height)
    if not mask.any():
        return False
    return True if mask.all() else mask
