"""When the rows of a result happened: `_time`, or the first and last times that searches keep by custom, number or text."""

from __future__ import annotations

from functools import reduce

import polars as pl

from caltrop.engine.table import numeric

FIRST = ("firstTime", "first_time", "firstSeen", "first_seen", "min_time", "earliest", "start_time", "_time")
LAST = ("lastTime", "last_time", "lastSeen", "last_seen", "max_time", "latest", "end_time", "_time")
# As `convert ctime` and the strftime formats of published content write them; without an offset they are in UTC.
_FORMATS = ("%m/%d/%Y %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f")
_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z")
_OLDEST, _NEWEST = 1e8, 1e11  # what is outside is a number of something else


def row_times(frame: pl.DataFrame) -> pl.DataFrame:
    """`first` and `last` (Float64, epoch seconds; null where a row tells none) of each row."""
    first, last = _of(frame, FIRST), _of(frame, LAST)
    both = pl.DataFrame({"first": first, "last": last}, schema={"first": pl.Float64, "last": pl.Float64})
    either = both.select(
        pl.coalesce("first", "last").alias("first"),
        pl.coalesce("last", "first").alias("last"),
    )
    return either.select(
        pl.min_horizontal("first", "last").alias("first"), pl.max_horizontal("first", "last").alias("last")
    )


def _of(frame: pl.DataFrame, names: tuple[str, ...]) -> pl.Series:
    """The first of these fields that has a time, row by row."""
    nothing = pl.Series("time", [None] * frame.height, pl.Float64)
    found = [_epoch(frame.get_column(name)) for name in names if name in frame.columns]
    return reduce(lambda a, b: a.zip_with(a.is_not_null(), b), found, nothing)


def _epoch(column: pl.Series) -> pl.Series:
    """Numbers as they are, text by the usual formats."""
    number = numeric(column).alias("time")
    number = number.zip_with(
        number.is_between(_OLDEST, _NEWEST).fill_null(False), pl.Series("time", [None], pl.Float64).new_from_index(0, len(number))
    )  # fmt: skip
    if column.dtype != pl.String or number.null_count() == 0:
        return number
    text = column.str.strip_chars()
    parsed = [text.str.to_datetime(form, strict=False, time_unit="us") for form in _FORMATS]
    parsed += [
        text.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC").dt.replace_time_zone(None)
        for form in _ZONED
    ]
    for one in parsed:
        stamp = (one.dt.timestamp("us").cast(pl.Float64) / 1e6).alias("time")
        number = number.zip_with(number.is_not_null(), stamp)
    return number
