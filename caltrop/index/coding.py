"""Columns of texts that repeat, held as small numbers: what is kept for the next search takes a fraction of its size.

A coded column is one of `pl.Enum`, whose categories are its values: one to four bytes a row, where a text takes sixteen and its
own length. Whoever takes a frame of coded columns selects what it needs, and takes it through `plain`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import polars as pl

LEAST = 2_048  # rows, below which nothing is gained
FEW = 4  # a text occurs so many times on average
_SAMPLE = 4_096  # rows that show whether texts repeat
_VIEW = 16  # bytes of a text in a column, besides its characters
_WHOLE = frozenset({"_raw", "_cd"})  # these never repeat


def is_coded(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Enum)


def coded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its columns of repeated texts coded."""
    if frame.height < LEAST:
        return frame
    return pl.DataFrame([coded_column(column) for column in frame.get_columns()])


def coded_column(column: pl.Series) -> pl.Series:
    """The column coded, where that is worth it."""
    if column.dtype != pl.String or column.name in _WHOLE:
        return column
    if column.head(_SAMPLE).n_unique() * 2 > _SAMPLE:
        return column
    values = column.unique().drop_nulls()
    return column.cast(pl.Enum(values)) if len(values) * FEW <= len(column) else column


def by_value(column: pl.Series, make: Callable[[pl.Series], Sequence[pl.Series]]) -> list[pl.Series]:
    """What `make` makes of a column of texts, one text after the other and null of null: of each distinct text once, where they repeat."""
    held = coded_column(column) if len(column) >= LEAST else column
    if not isinstance(held.dtype, pl.Enum):
        return list(make(column))
    codes = held.to_physical()
    return [made.gather(codes) for made in make(held.dtype.categories)]


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every text as such."""
    columns = frame.get_columns()
    texts = [_plain(column) for column in columns]
    return frame if all(text is column for text, column in zip(texts, columns, strict=True)) else pl.DataFrame(texts)


def _plain(column: pl.Series) -> pl.Series:
    """Several times as fast as a cast, and the characters are those of the values, not copies of them."""
    dtype = column.dtype
    return dtype.categories.gather(column.to_physical()).alias(column.name) if isinstance(dtype, pl.Enum) else column


def chosen(frame: pl.DataFrame, names: Collection[str]) -> pl.DataFrame:
    """These columns of a frame, as `select` gives them in several times the time; it has at least one of them."""
    return pl.DataFrame([frame.get_column(name) for name in names])


def size(frame: pl.DataFrame) -> int:
    """Bytes that a frame takes: what Polars estimates, and the places of texts, which it leaves out."""
    return int(frame.estimated_size()) + sum(map(_places, frame.get_columns()))


def _places(column: pl.Series) -> int:
    if column.dtype == pl.String:
        return _VIEW * len(column)
    if column.dtype == pl.List(pl.String):
        return _VIEW * int(column.list.len().sum())
    if isinstance(column.dtype, pl.Enum):
        values = column.dtype.categories
        return _VIEW * len(values) + int(values.estimated_size())
    return 0
