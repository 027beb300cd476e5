"""Whether any event of a segment can match, asked of what the segment is known to hold before a column is read.

Only a certain no counts: what is not known may match. The answer of `matching.predicate` is the judge.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from caltrop.dialect.words import fits
from caltrop.engine.context import Distinct, Extracted
from caltrop.engine.matching import Known, is_network
from caltrop.engine.table import FEW, MULTIVALUE, render
from caltrop.spl.ast import STORED, And, Comparison, Membership, Node, Or, Word

MOST_VALUES = 2_000  # of a field, to be kept as a set
SAMPLE = 8_192  # rows that show whether a field has more


def same(name: str) -> str:
    return name


def may_match(node: Node, extracted: Extracted, computed: frozenset[str], column: Callable[[str], str] = same) -> bool:
    """False where no row of the extracted events matches. `computed` are fields that are made behind extraction, `column`
    is what a field of the expression is called there."""
    if isinstance(node, And):
        return all(may_match(item, extracted, computed, column) for item in node.items)
    if isinstance(node, Or):
        return any(may_match(item, extracted, computed, column) for item in node.items)
    if isinstance(node, Comparison | Membership) and node.field.name not in computed:
        name = column(node.field.name)
        if name not in extracted.frame.columns:
            return False
        if isinstance(node, Membership):
            wanted: tuple[Node, ...] = node.values
        elif node.op in ("=", STORED):
            wanted = (node.value,)
        else:
            return True
        texts = [value.text for value in wanted if isinstance(value, Word)]
        if len(texts) < len(wanted) or any(is_network(text) for text in texts):
            return True
        values = values_of(name, extracted)
        return values is None or any(_holds(text.casefold(), values.folded) for text in texts)
    return True


def _holds(text: str, values: frozenset[str]) -> bool:
    """Whether one of the values is what the text means; equal without regard to case are equal when folded too."""
    return any(fits(text, value) for value in values) if "*" in text else text in values


def values_of(name: str, extracted: Extracted) -> Distinct | None:
    """The values of a field; None where there are many, and when many events are asked for the first time."""
    if name in extracted.values:
        return extracted.values[name]
    if extracted.frame.height > SAMPLE and name not in extracted.asked:
        extracted.asked.add(name)
        return None
    found = extracted.values[name] = _distinct(name, extracted)
    return found


def texts_of(extracted: Extracted) -> Known:
    """The values of its columns of texts, as `matching.predicate` wants to know them."""

    def known(name: str) -> pl.Series | None:
        if name not in extracted.frame.columns or name == "_raw":
            return None
        found = values_of(name, extracted)
        return None if found is None else found.texts

    return known


def _distinct(name: str, extracted: Extracted) -> Distinct | None:
    column = extracted.frame.get_column(name)
    if isinstance(column.dtype, pl.Enum):  # its tests are on its values anyway
        values = column.dtype.categories
        few = len(values) <= MOST_VALUES
        return Distinct(frozenset(text.casefold() for text in values), None) if few else None
    if column.dtype == MULTIVALUE:
        column = column.explode()
    if column.dtype == pl.Null:
        return Distinct(frozenset(), None)
    if len(column) <= FEW:
        distinct = {value for value in column.to_list() if value is not None}
        values = pl.Series(name, list(distinct), column.dtype)
    elif column.head(SAMPLE).n_unique() > MOST_VALUES:
        return None
    else:
        values = column.unique().drop_nulls()
    if len(values) > MOST_VALUES:
        return None
    single = extracted.frame.schema[name] == pl.String
    return Distinct(frozenset(text.casefold() for text in render(values)), values if single else None)
