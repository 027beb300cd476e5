"""When the events of a collector's records happened.

Captures name the moment three times and not always truly: `EventTime` and `TimeCreated` may be local time without
saying so (or with a wrong `Z`), `@timestamp` is when the collector wrote, Sysmon's `UtcTime` is UTC. The offset of local
time is measured, in quarters of an hour: from `@timestamp` against `EventReceivedTime` in the record itself, else from
`UtcTime` against the event's time over the Sysmon records of the same batch (the most frequent one), else the last known.
The event's time is then `EventTime`/`TimeCreated` moved to UTC. A record without any time takes that of the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from caltrop.dialect.timecolumns import epoch, to_epoch
from caltrop.dialect.zones import zone

_TIME = (
    r"^(?P<Y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})[T ](?P<H>[0-9]{2}):(?P<M>[0-9]{2}):(?P<S>[0-5][0-9])"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?\s*(?P<z>Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # the years 1 to 9999
_QUARTER = 900
_WIDEST = 14 * 3600  # seconds between UTC and any zone
_OWN = ("EventTime", "TimeCreated", "@timestamp")
_KEYS = (*_OWN, "EventReceivedTime", "UtcTime")


def moments(texts: Sequence[object]) -> pl.DataFrame:
    """The times that texts begin with: `seconds` (Float64, of the epoch, in UTC where a zone is named), digits of `fraction`,
    whether a zone is named (`zoned`); `seconds` is null where there is no time, or what is given is no text."""
    column = pl.Series([value if value.__class__ is str else None for value in texts], dtype=pl.String)
    if column.null_count() == len(column):
        return pl.DataFrame(
            {"seconds": [None] * len(column), "fraction": "", "zoned": False},
            schema={"seconds": pl.Float64, "fraction": pl.String, "zoned": pl.Boolean},
        )
    parts = column.str.extract_groups(_TIME).struct.unnest()
    seconds = parts.select(_on_calendar(pl.lit(epoch(parts.drop("fraction"), "UTC"))).alias("seconds")).to_series()
    return parts.select(
        seconds,
        pl.when(seconds.is_not_null()).then("fraction").fill_null("").alias("fraction"),
        pl.col("z").is_not_null().alias("zoned"),
    )


def nine_digits(fraction: pl.Expr) -> pl.Expr:
    return fraction.str.pad_end(9, "0")


def _on_calendar(seconds: pl.Expr) -> pl.Expr:
    return pl.when(seconds.is_between(_FIRST, _LAST)).then(seconds)


class Clock:
    """Of the records of one file, batch by batch. `tz` is the zone of times of which nothing is known, `now` (epoch seconds) the
    time of a first record without any."""

    def __init__(self, tz: str, now: float) -> None:
        self._zone = zone(tz).key
        self._last = (float(int(now // 1)), "")
        self._known: dict[str, float] = {}

    def times(
        self, column: Callable[[str], Sequence[object]], hosts: Sequence[str], channels: Sequence[str]
    ) -> pl.DataFrame:
        """`seconds` (Int64) and `fraction` (nine digits) of each record. `column` gives what the records have under a key; `hosts`
        and `channels` are theirs."""
        said = {key: moments(column(key)) for key in _KEYS}
        local = _first(said["EventTime"], said["TimeCreated"])
        own = _first(local, said["@timestamp"])
        received = said["EventReceivedTime"]
        sysmons = {channel: "sysmon" in channel.lower() for channel in set(channels)}
        table = own.with_columns(
            pl.Series("host", hosts, dtype=pl.String),
            local.get_column("seconds").alias("local"),
            said["UtcTime"].get_column("seconds").alias("utc"),
            pl.Series("sysmon", list(map(sysmons.__getitem__, channels)), dtype=pl.Boolean),
            said["@timestamp"].get_column("seconds").alias("written"),
            pl.select(pl.when(~received.get_column("zoned")).then(received.get_column("seconds")))
            .to_series()
            .alias("received"),
        )
        self._measure(table)
        offsets = {host: self._known.get(host, self._known.get("")) for host in set(hosts)}
        known = pl.Series(list(map(offsets.__getitem__, hosts)), dtype=pl.Float64)
        offset = pl.coalesce(_difference("written", "received"), known)
        as_said = pl.when("zoned").then("seconds").otherwise(to_epoch(pl.col("seconds"), self._zone))
        moved = table.select(
            _on_calendar(pl.coalesce(pl.col("seconds") + offset, as_said)).alias("seconds"), pl.col("fraction")
        )
        seconds, fraction = self._last
        filled = moved.select(
            pl.col("seconds").forward_fill().fill_null(seconds),
            pl.when(pl.col("seconds").is_not_null()).then("fraction").forward_fill().fill_null(fraction),
        )
        if filled.height:
            self._last = filled.row(-1)
        return filled.select(pl.col("seconds").cast(pl.Int64), nine_digits(pl.col("fraction")))

    def _measure(self, table: pl.DataFrame) -> None:
        """The offsets of local time, by host and, under the name of none, of all: the most frequent ones."""
        measured = table.filter(pl.col("sysmon")).select("host", _difference("utc", "local").alias("offset"))
        measured = measured.drop_nulls("offset")
        if not measured.height:
            return
        found = pl.concat([measured, measured.with_columns(pl.lit("").alias("host"))])
        counted = (
            found.group_by("host", "offset", maintain_order=True)
            .len()
            .sort("len", descending=True, maintain_order=True)
        )
        first = counted.unique("host", keep="first", maintain_order=True)
        self._known.update(zip(first["host"], first["offset"], strict=True))


def _first(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """The times of one, and of the other where it has none."""
    lacking = one.get_column("seconds").is_null()
    if not lacking.any():
        return one
    return pl.DataFrame([other.get_column(name).zip_with(lacking, one.get_column(name)) for name in one.columns])


def _difference(utc: str, local: str) -> pl.Expr:
    """The offset of a zone, in seconds; null when two times are further apart than any two zones: they are then not
    those of one moment (a capture that was collected again later)."""
    seconds = ((pl.col(utc) - pl.col(local)) / _QUARTER).round() * _QUARTER
    return pl.when(seconds.abs() <= _WIDEST).then(seconds)
