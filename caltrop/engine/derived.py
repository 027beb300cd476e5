"""Fields that every event has and no index stores: computed where a search names them.

What Splunk writes at index time (`punct`, `date_…`, `timestartpos`, `timeendpos`) follows the index-time settings of the
event's kind as they are now: `ANNOTATE_PUNCT = false` gives no `punct`, `ADD_EXTRA_TIME_FIELDS = false` none of the time
fields. An event has `timestartpos` and `timeendpos`, in bytes of its text, where its time is the one that is written there.

The `date_…` fields of such an event say what is written in it, whatever the zone ("Use default fields", Knowledge Manager
Manual): 10:00:00 +0500 has date_hour 10 and date_zone 300; without a zone in the text date_zone is `local`. Of other events
they say its time in the zone of the search (Splunk is documented to have none; too many data sets have no time in the text).
"""

from __future__ import annotations

import dataclasses

import polars as pl

from caltrop.dialect import strftime
from caltrop.dialect.words import known_truth, truth
from caltrop.engine.context import Context
from caltrop.index.props import Props
from caltrop.index.timestamp import TimeParser

_DATES = {
    "date_hour": "%-H", "date_mday": "%-d", "date_minute": "%-M", "date_month": "%B", "date_second": "%-S",
    "date_wday": "%A", "date_year": "%Y",
}  # fmt: skip
_PLACES = ("timestartpos", "timeendpos")
_TIMED = frozenset({*_DATES, *_PLACES, "date_zone"})
DERIVED = frozenset({"linecount", "splunk_server", "punct", "_sourcetype", *_TIMED})
_KIND = ("source", "_sourcetype", "sourcetype", "host")
READ = frozenset({"_raw", "_time", *_KIND})  # what they are computed from
_FAR = "Etc/GMT+5"  # a zone unlike UTC
_CLOSE = 0.001  # seconds: nearer is the same time


def with_derived(frame: pl.DataFrame, wanted: frozenset[str] | None, ctx: Context) -> pl.DataFrame:
    """Add linecount, punct, date_… where the search names them."""
    names = [n for n in sorted((wanted or frozenset()) & DERIVED) if n not in frame.columns]
    if not names:
        return frame
    columns: list[pl.Expr] = []
    for name in names:
        if name == "linecount":
            columns.append((pl.col("_raw").str.count_matches("\n", literal=True) + 1).cast(pl.String).alias(name))
        elif name == "_sourcetype":  # where no `rename` of props.conf made another of it
            columns.append(pl.col("sourcetype").alias(name))
        elif name == "splunk_server":
            columns.append(pl.lit(ctx.instance.server_name).alias(name))
        elif name == "punct":
            text = pl.col("_raw").str.split("\n").list.first()
            columns.append(text.str.replace_all(r"\w", "").str.replace_all(r"\s", "_").str.head(30).alias(name))
    if not {"punct", *_TIMED}.isdisjoint(names):
        return _as_indexed(frame, columns, names, ctx)
    return frame.with_columns(columns)


def _as_indexed(frame: pl.DataFrame, columns: list[pl.Expr], names: list[str], ctx: Context) -> pl.DataFrame:
    """The frame with these columns, without those that the settings of an event's kind do not ask for."""
    without: dict[str, list[int]] = {}
    starts, ends, clocks, zones = (_nowhere(frame.height) for _ in range(4))
    dated, placed = not (_TIMED - set(_PLACES)).isdisjoint(names), not set(_PLACES).isdisjoint(names)
    rules = ctx.instance.knowledge("search", "nobody")
    for kind, rows in _kinds(frame):
        settings = rules.index_time_props(*kind)
        if not truth(settings.get("ANNOTATE_PUNCT"), True):
            without.setdefault("punct", []).extend(rows)
        timed = settings.get("ADD_EXTRA_TIME_FIELDS", "").strip().lower()
        if timed == "none" or known_truth(timed) is False:
            for name in _TIMED:
                without.setdefault(name, []).extend(rows)
        elif dated or placed:
            part, props = frame[rows], Props.from_mapping(settings)
            own = _own(part, props, ctx)
            if placed:
                start, end = TimeParser(props, now=ctx.now).places(part.get_column("_raw"))
                starts, ends = starts.scatter(rows, _where(own, start)), ends.scatter(rows, _where(own, end))
            if dated:
                written, zone = _written(part, props, ctx, own, zoned="date_zone" in names)
                clocks, zones = clocks.scatter(rows, written), zones.scatter(rows, zone)
    found = dict(zip(_PLACES, (starts.cast(pl.String), ends.cast(pl.String)), strict=True))
    if dated:
        found |= _dates(frame.get_column("_time").floor(), clocks, zones, ctx.timezone)
    whole = frame.with_columns(columns).with_columns(found[name].alias(name) for name in found if name in names)
    for name, rows in without.items():
        if name in names:
            whole = whole.with_columns(whole.get_column(name).scatter(rows, None))
    return whole


def _nowhere(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.Int64).new_from_index(0, height)


def _kinds(frame: pl.DataFrame) -> list[tuple[tuple[str, str, str], list[int]]]:
    """(source, source type at index time, host) and the numbers of the rows of that kind."""
    blank = pl.Series([""]).new_from_index(0, frame.height)

    def column(name: str, *names: str) -> pl.Series:
        held = [frame.get_column(n).cast(pl.String) for n in (name, *names) if n in frame.columns]
        return pl.select(pl.coalesce([*held, blank])).to_series().alias(name)

    three = pl.DataFrame([column("source"), column("_sourcetype", "sourcetype"), column("host")])
    numbered = three.with_row_index("row").group_by("source", "_sourcetype", "host", maintain_order=True).agg("row")
    return [((source, sourcetype, host), rows) for source, sourcetype, host, rows in numbered.iter_rows()]


def _own(frame: pl.DataFrame, props: Props, ctx: Context) -> pl.Series:
    """Whether an event's time is the one that is written in it."""
    times = TimeParser(props, now=ctx.now).parse(frame.get_column("_raw"))
    return ((times - frame.get_column("_time")).abs() < _CLOSE).fill_null(False)


def _where(own: pl.Series, column: pl.Series) -> pl.Series:
    return column.zip_with(own, _nowhere(len(own)))


def _written(
    frame: pl.DataFrame, props: Props, ctx: Context, own: pl.Series, *, zoned: bool
) -> tuple[pl.Series, pl.Series]:
    """Of events with a time of their own: the clock that is written, in whole seconds as if in UTC, and, where asked for, the
    minutes east of UTC that are written with it; null where no zone is."""
    texts = frame.get_column("_raw")
    clock = TimeParser(props, now=ctx.now, as_written=True).parse(texts).floor().cast(pl.Int64)
    if not zoned:
        return _where(own, clock), _nowhere(len(own))
    # Where settings of another zone give another time, the text names none.
    here, there = (
        TimeParser(dataclasses.replace(props, tz=zone), now=ctx.now).parse(texts).floor() for zone in ("UTC", _FAR)
    )
    east = ((clock - here) / 60).cast(pl.Int64)
    return _where(own, clock), _where(own & (here == there).fill_null(False), east)


def _dates(times: pl.Series, clocks: pl.Series, zones: pl.Series, tz: str) -> dict[str, pl.Series]:
    """The `date_…` fields: of what is written, else of the time in the zone of the search."""
    own = clocks.is_not_null()
    found = {}
    for name, form in _DATES.items():
        written = strftime.write(clocks.cast(pl.Float64), form, "UTC")
        found[name] = written.zip_with(own, strftime.write(times, form, tz)).str.to_lowercase()
    named = pl.Series(["0" if tz == "UTC" else "local"]).new_from_index(0, len(times))
    local = zones.cast(pl.String).fill_null("local")
    found["date_zone"] = local.zip_with(own, named)
    return found
