"""The shape of a batch of events, and how batches of different shape become one.

An event frame has the columns of `SCHEMA` and, for each field that was indexed with the event, one column of type String
or List(String). Null means that the event has no such field.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from caltrop.dialect.columns import take_names_literally
from caltrop.dialect.lists import lists
from caltrop.errors import CaltropError

SCHEMA: dict[str, pl.DataType] = {
    "_time": pl.Float64(),
    "_raw": pl.String(),
    "host": pl.String(),
    "source": pl.String(),
    "sourcetype": pl.String(),
    "index": pl.String(),
    "_indextime": pl.Float64(),
}
MULTIVALUE = pl.List(pl.String)

take_names_literally()


def empty() -> pl.DataFrame:
    return pl.DataFrame(schema=SCHEMA)


def build(
    raw: pl.Series,
    times: pl.Series,
    *,
    host: str | pl.Series,
    source: str | pl.Series,
    sourcetype: str | pl.Series,
    index: str | pl.Series,
    indexed: Iterable[pl.Series] = (),
    now: float | None = None,
) -> pl.DataFrame:
    """An event frame from columns; constants are repeated. `_indextime` is `now`, by default the clock's."""
    stamp = time.time() if now is None else now

    def column(name: str, value: str | pl.Series) -> pl.Series:
        if isinstance(value, str):
            return pl.Series(name, [value], dtype=pl.String).new_from_index(0, len(raw))
        return value.alias(name)

    return pl.DataFrame(
        [
            times.cast(pl.Float64).alias("_time"),
            raw.alias("_raw"),
            column("host", host),
            column("source", source),
            column("sourcetype", sourcetype),
            column("index", index),
            pl.Series("_indextime", [stamp], dtype=pl.Float64).new_from_index(0, len(raw)),
            *indexed,
        ]
    )


def indexed(rows: Sequence[Mapping[str, str | list[str]]]) -> list[pl.Series]:
    """The fields that were indexed with events, a mapping each, as columns in order of first appearance."""
    columns: dict[str, list[str | list[str] | None]] = {}
    for place, row in enumerate(rows):
        for name, value in row.items():
            if name not in columns:
                columns[name] = [None] * len(rows)
            columns[name][place] = value
    return [_field(name, values) for name, values in columns.items()]


def _field(name: str, values: list[str | list[str] | None]) -> pl.Series:
    if any(isinstance(value, list) for value in values):
        return lists(name, [[value] if isinstance(value, str) else value or None for value in values])
    return pl.Series(name, values, dtype=pl.String)


def normalise(frame: pl.DataFrame, now: float) -> pl.DataFrame:
    """Bring a caller's frame into shape: column order and types, missing times filled, fields as text.

    `_raw` and `index` must be there. A row without `_time` takes its `_indextime`, a row without that takes `now`.
    """
    missing = [name for name in ("_raw", "index") if name not in frame.columns]
    if missing:
        raise CaltropError(f"an event frame needs the column {missing[0]!r}, this one has {frame.columns}")
    if frame.get_column("index").null_count():
        raise CaltropError("an event without an index cannot be stored")
    columns = [
        frame.get_column(name).cast(dtype)
        if name in frame.columns
        else pl.Series(name, [None], dtype=dtype).new_from_index(0, frame.height)
        for name, dtype in SCHEMA.items()
    ]
    columns += [as_text(frame.get_column(name)) for name in frame.columns if name not in SCHEMA]
    return pl.DataFrame(columns).with_columns(
        pl.col("_indextime").fill_nan(None).fill_null(now),
        pl.col("_time").fill_nan(None).fill_null(pl.col("_indextime").fill_nan(None).fill_null(now)),
        pl.col("_raw").fill_null(""),
    )


def with_more(frame: pl.DataFrame, column: pl.Series) -> pl.DataFrame:
    """The frame with more values (List(String)) of a field; a field that is nowhere multivalue is text."""
    name = column.name
    if name in frame.columns:
        old = frame.get_column(name)
        lists = (
            old
            if old.dtype == MULTIVALUE
            else pl.select(pl.when(old.is_not_null()).then(pl.concat_list(old))).to_series()
        )
        both = (
            pl.when(lists.is_null())
            .then(column)
            .when(column.is_null())
            .then(lists)
            .otherwise(lists.list.concat(column))
        )
        column = pl.select(both).to_series().alias(name)
    return frame.with_columns(column.list.first() if column.list.len().max() == 1 else column)


def as_text(column: pl.Series) -> pl.Series:
    """A column as String or List(String). Whole floats lose their point, as numbers do when they leave eval; an empty
    list is no value."""
    if column.dtype == pl.String:
        return column
    if isinstance(column.dtype, pl.List):
        values = column.cast(MULTIVALUE)
        return pl.select(pl.when(values.list.len() > 0).then(values)).to_series().alias(column.name)
    if column.dtype.is_float():
        whole = (column == column.floor()) & (column.abs() < 1e15)
        text = (
            pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(column.cast(pl.String))
        )
        return pl.select(text).to_series().alias(column.name)
    return column.cast(pl.String)


def concat(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Frames below one another. Columns are united; a field that is multivalue in one batch is multivalue in all."""
    if len(frames) == 1:
        return frames[0]
    target: dict[str, pl.DataType] = {}
    for frame in frames:
        for name, dtype in frame.schema.items():
            known = target.get(name)
            target[name] = dtype if known is None or known == dtype or dtype == MULTIVALUE else known
    return pl.concat([_conform(frame, target) for frame in frames])


def _conform(frame: pl.DataFrame, target: dict[str, pl.DataType]) -> pl.DataFrame:
    if frame.schema == target and frame.columns == list(target):
        return frame
    return frame.select(
        pl.lit(None, dtype=dtype).alias(name)
        if name not in frame.columns
        else pl.when(pl.col(name).is_not_null()).then(pl.concat_list(name)).alias(name)
        if dtype == MULTIVALUE and frame.schema[name] == pl.String
        else pl.col(name)
        for name, dtype in target.items()
    )


def newest_first(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows in order of arrival sorted by `_time` descending; of events with one time the one that arrived last comes
    first, as in Splunk."""
    # (DataFrame.reverse() turns the type of lists that are null in every row into List(Null), and is slower.)
    return descending(frame[pl.int_range(frame.height - 1, -1, -1, eager=True)])


def descending(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows sorted by `_time` descending, in stable order. Logs are mostly in order already, and sorting copies."""
    if frame.get_column("_time").is_sorted(descending=True):
        return frame
    return frame.sort("_time", descending=True, maintain_order=True)
