"""Fields under construction: columns that later extractions fill but do not overwrite."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

MULTIVALUE = pl.List(pl.String)


def as_field(column: pl.Series) -> pl.Series:
    """Any result as a field: String or List(String); an empty list is null, one-element lists become plain values."""
    if column.dtype == MULTIVALUE:
        return shrink(column)
    if isinstance(column.dtype, pl.List):
        return shrink(column.cast(MULTIVALUE))
    if column.dtype == pl.String:
        return column
    if column.dtype.is_float():
        whole = column == column.round(0)
        integers = column.cast(pl.Int64, strict=False).cast(pl.String)
        decimals = pl.Series([None if v is None else f"{v:.15g}" for v in column], dtype=pl.String)
        return integers.zip_with(whole.fill_null(False), decimals).alias(column.name)
    return column.cast(pl.String)


def shrink(column: pl.Series) -> pl.Series:
    """A List(String) column without empty lists; a String column where no row has two values."""
    lengths = column.list.len()
    if not (lengths > 1).any():
        return column.list.first()
    if (lengths == 0).any():
        return pl.select(pl.when(lengths > 0).then(column)).to_series().alias(column.name)
    return column


def as_list(column: pl.Series) -> pl.Series:
    """Each value as a list; null stays null."""
    if column.dtype == MULTIVALUE:
        return column
    return pl.select(pl.when(column.is_not_null()).then(pl.concat_list(column))).to_series().alias(column.name)


def trimmed(column: pl.Series) -> pl.Series:
    """Values without outer white space, as Splunk gives what a regular expression takes."""
    return column.str.strip_chars(" \t\n\r\x0b\x0c")


def unify(left: pl.Series, right: pl.Series) -> tuple[pl.Series, pl.Series]:
    left, right = as_field(left), as_field(right)
    if left.dtype == right.dtype:
        return left, right
    return as_list(left), as_list(right)


def coalesce(first: pl.Series, second: pl.Series) -> pl.Series:
    """`first`, and `second` where that is null."""
    if first.null_count() == 0:
        return first
    if first.null_count() == len(first):
        return second.alias(first.name)
    a, b = unify(first, second)
    return a.zip_with(a.is_not_null(), b).alias(first.name)


class Columns:
    """The fields of `height` events while search-time operations add to them."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.height = frame.height
        self._columns: dict[str, pl.Series] = {c.name: c for c in frame.get_columns()}

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def __getitem__(self, name: str) -> pl.Series:
        """A column; nulls for a field that no event has."""
        column = self._columns.get(name)
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, self.height) if column is None else column

    def full(self, name: str) -> bool:
        """Whether every event has the field."""
        return name in self._columns and not self._columns[name].null_count()

    def text(self, name: str) -> pl.Series:
        """A column as String: several values stand below one another."""
        column = as_field(self[name])
        return column.list.join("\n") if column.dtype == MULTIVALUE else column

    def fill(self, name: str, column: pl.Series) -> None:
        """Add a field; events that have it keep what they have."""
        column = as_field(column).alias(name)
        self._columns[name] = coalesce(self._columns[name], column) if name in self._columns else column

    def put(self, name: str, column: pl.Series) -> None:
        """Set a field in every event (null removes it)."""
        self._columns[name] = as_field(column).alias(name)

    def add(self, name: str, column: pl.Series) -> None:
        """Add values to a field: it becomes multivalue where it had some (MV_ADD)."""
        if name not in self._columns:
            self.fill(name, column)
            return
        old, new = as_list(as_field(self._columns[name])), as_list(as_field(column))
        both = pl.select(pl.concat_list(old.fill_null([]), new.fill_null([]))).to_series()
        self._columns[name] = shrink(both.alias(name))

    def frame(self, names: Iterable[str] | None = None) -> pl.DataFrame:
        chosen = self._columns.values() if names is None else [self._columns[n] for n in names if n in self._columns]
        return pl.DataFrame(list(chosen))

    def names(self) -> list[str]:
        return list(self._columns)


def from_pairs(
    height: int,
    rows: pl.Series,
    keys: pl.Series,
    values: pl.Series,
    *,
    wanted: set[str] | None = None,
    multivalue: bool = False,
) -> list[pl.Series]:
    """(row, key, value) triples -> one column a key, in order of first appearance.

    The first value of a row wins, or all of them make a list. Triples without key or value are dropped.
    """
    long = pl.DataFrame({"row": rows.cast(pl.UInt32), "key": keys, "value": values}).filter(
        pl.col("key").is_not_null() & (pl.col("key") != "") & pl.col("value").is_not_null()
    )
    if wanted is not None:
        long = long.filter(pl.col("key").is_in(list(wanted)))
    columns = []
    for part in long.partition_by("key", maintain_order=True):
        name = str(part["key"][0])
        repeated = part["row"].is_duplicated().any()
        if repeated and multivalue:
            part = part.group_by("row", maintain_order=True).agg("value")
        elif repeated:
            part = part.unique("row", keep="first", maintain_order=True)
        columns.append(scatter(name, height, part["row"], part["value"]))
    return columns


def scatter(name: str, height: int, rows: pl.Series, values: pl.Series) -> pl.Series:
    """A column of `height` rows with `values` at `rows` (unique) and null elsewhere."""
    positions = pl.Series([None], dtype=pl.UInt32).new_from_index(0, height)
    positions = positions.scatter(rows, pl.int_range(len(rows), dtype=pl.UInt32, eager=True))
    return values.gather(positions).alias(name)


def stack(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Frames below one another: columns united in order of appearance, String widened to List(String) where needed."""
    kinds: dict[str, set[pl.DataType]] = {}
    for frame in frames:
        for name, dtype in frame.schema.items():
            kinds.setdefault(name, set()).add(dtype)
    sized = [(frame.height, frame) for frame in frames]
    return pl.DataFrame([_below(name, types, sized) for name, types in kinds.items()])


def moved(name: str, parts: list[tuple[int, pl.DataFrame]]) -> pl.Series:
    """One column of frames (each with its rows) below one another, in one piece, as `stack` gives it. The frames lose it: so they
    are taken apart, and nothing is there twice."""
    column = _below(name, {frame.schema[name] for _, frame in parts if name in frame.columns}, parts).rechunk()
    for _, frame in parts:
        if name in frame.columns:
            frame.drop_in_place(name)
    return column


def _below(name: str, types: set[pl.DataType], parts: list[tuple[int, pl.DataFrame]]) -> pl.Series:
    return pl.concat([_as(frame, name, types, height) for height, frame in parts])


def _as(frame: pl.DataFrame, name: str, types: set[pl.DataType], height: int) -> pl.Series:
    """The column in the type that the whole gets: the only one there is, else List(String) or String."""
    if name not in frame.columns:
        dtype = next(iter(types)) if len(types) == 1 else MULTIVALUE if MULTIVALUE in types else pl.String()
        return pl.Series(name, [None], dtype=dtype).new_from_index(0, height)
    column = frame[name]
    if len(types) == 1:
        return column
    column = as_field(column).alias(name)
    return as_list(column).alias(name) if MULTIVALUE in types else column
