"""Fields that every event has and no index stores: computed where a search names them.

What Splunk writes at index time (`punct`, `date_…`, `timestartpos`, `timeendpos`) follows the index-time settings of the
event's kind as they are now: `ANNOTATE_PUNCT = false` gives no `punct`, `ADD_EXTRA_TIME_FIELDS = false` none of the time
fields. An event has `timestartpos` and `timeendpos`, in bytes of its text, where its time is the one that is written there.
"""

from __future__ import annotations

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
        elif name == "date_zone":
            columns.append(pl.lit("0" if ctx.timezone == "UTC" else "local").alias(name))
        elif name in _DATES:
            written = strftime.write(frame.get_column("_time").floor(), _DATES[name], ctx.timezone)
            columns.append(pl.lit(written.str.to_lowercase()).alias(name))
    if not {"punct", *_TIMED}.isdisjoint(names):
        return _as_indexed(frame, columns, names, ctx)
    return frame.with_columns(columns)


def _as_indexed(frame: pl.DataFrame, columns: list[pl.Expr], names: list[str], ctx: Context) -> pl.DataFrame:
    """The frame with these columns, without those that the settings of an event's kind do not ask for."""
    without: dict[str, list[int]] = {}
    starts, ends = _nowhere(frame.height), _nowhere(frame.height)
    rules = ctx.instance.knowledge("search", "nobody")
    for kind, rows in _kinds(frame):
        settings = rules.index_time_props(*kind)
        if not truth(settings.get("ANNOTATE_PUNCT"), True):
            without.setdefault("punct", []).extend(rows)
        timed = settings.get("ADD_EXTRA_TIME_FIELDS", "").strip().lower()
        if timed == "none" or known_truth(timed) is False:
            for name in _TIMED:
                without.setdefault(name, []).extend(rows)
        elif not set(_PLACES).isdisjoint(names):
            start, end = _places(frame[rows], Props.from_mapping(settings), ctx)
            starts, ends = starts.scatter(rows, start), ends.scatter(rows, end)
    found = dict(zip(_PLACES, (starts, ends), strict=True))
    whole = frame.with_columns(columns).with_columns(
        found[name].cast(pl.String).alias(name) for name in _PLACES if name in names
    )
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


def _places(frame: pl.DataFrame, props: Props, ctx: Context) -> tuple[pl.Series, pl.Series]:
    """Where the time stamps of events begin and end; null where an event's time is not written in it."""
    clock = TimeParser(props, now=ctx.now)
    texts, times = frame.get_column("_raw"), frame.get_column("_time")
    start, end = clock.places(texts)
    own = ((clock.parse(texts) - times).abs() < _CLOSE).fill_null(False)
    return start.zip_with(own, _nowhere(len(own))), end.zip_with(own, _nowhere(len(own)))
