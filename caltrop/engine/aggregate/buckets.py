"""Buckets of time: rounding times down to a span, listing the buckets of a range, choosing a span that fits.

Follows "timechart" and "bin" of the Search Reference. Spans of seconds, minutes and hours count from the epoch (or from
`aligntime`); days and longer start at local midnight, weeks on Sunday (or on the day after @w), months at the first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from caltrop.dialect.moments import shift, time_bound
from caltrop.dialect.spans import MONTHS, Span, parse_span
from caltrop.dialect.timecolumns import to_epoch
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.spl.ast import Node

MAX_BUCKETS = 50_000
# Spans that are chosen when none is asked for (timechart, "Default time spans" and "minspan").
LADDER = (Span(1, "s"), Span(5, "s"), Span(10, "s"), Span(30, "s"), Span(1, "m"), Span(5, "m"), Span(10, "m"), Span(30, "m"), Span(1, "h"),
          Span(1, "d"), Span(1, "mon"))  # fmt: skip
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Buckets:
    """Equal spans of the time line. `origin` is a moment (epoch seconds) at which one starts, for spans below a day."""

    span: Span
    tz: str = "UTC"
    origin: float = 0.0
    weekday: int = 0  # first day of a week, 0 is Sunday

    def floor(self, time: pl.Series) -> pl.Series:
        """Start of the bucket of each time (Float64 epoch seconds)."""
        seconds = self.span.seconds
        if seconds is not None and self.span.unit not in ("d", "w"):
            if seconds < 1:  # whole parts of a second, so that 0.3 does not fall below its own bucket
                parts = round(self.span.count / seconds)
                whole = ((time - self.origin) * parts + 1e-6).floor()
                return (whole - whole % self.span.count) / parts + self.origin
            return ((time - self.origin) / seconds).floor() * seconds + self.origin
        local = (
            (time * 1e6)
            .floor()
            .cast(pl.Int64)
            .cast(pl.Datetime("us"))
            .dt.replace_time_zone("UTC")
            .dt.convert_time_zone(self.tz)
        )
        day = local.dt.replace_time_zone(None).dt.truncate("1d")
        start = pl.lit(self._start(day).dt.epoch("us").cast(pl.Float64) / 1e6)
        return pl.select(to_epoch(start, self.tz)).to_series().rename(time.name)

    def _start(self, day: pl.Series) -> pl.Series:
        """First day of the bucket of each local midnight."""
        months = MONTHS.get(self.span.unit)
        if months is None:
            length = self.span.count * (_WEEK if self.span.unit == "w" else 1)
            number = day.dt.epoch("d")
            # 1970-01-01 was a Thursday, day 4 of a week that starts on Sunday.
            shift = (4 - self.weekday) % _WEEK if self.span.unit == "w" else 0
            return (
                day
                if length == 1
                else (number - (number + shift) % length).cast(pl.Int32).cast(pl.Date).cast(pl.Datetime("us"))
            )
        step = months * self.span.count
        index = day.dt.year().cast(pl.Int64) * 12 + day.dt.month().cast(pl.Int64) - 1
        first = index - index % step
        return pl.select(pl.datetime(first // 12, first % 12 + 1, 1)).to_series()

    def next(self, start: float) -> float:
        """Start of the bucket after the one that starts at `start`."""
        return shift(start, self.span.count, self.span.unit, self.tz)

    def starts(self, first: float, last: float) -> Iterator[float]:
        """Starts of all buckets from the one that holds `first` to the one that holds `last`."""
        start = float(self.floor(pl.Series([first], dtype=pl.Float64))[0])
        for count in range(MAX_BUCKETS + 1):
            if start > last:
                return
            if count == MAX_BUCKETS:
                raise SearchError(
                    f"more than {MAX_BUCKETS} time buckets", hint="Use a longer span or a shorter time range."
                )
            yield start
            start = self.next(start)


def parse(text: str, tz: str, node: Node) -> Buckets:
    """`5m`, `1mon`, `1w@w1`, `100ms`: a span, with an optional snap after @."""
    length, _, snap = text.partition("@")
    span = parse_span(length)
    if span is None or span.count < 1:
        raise SearchError(
            f"{text!r} is no time span", node=node, hint="Write a number and a unit, as in 30s, 5m, 1h, 1d, 1w, 1mon."
        )
    weekday = re.fullmatch(r"w([0-7])?", snap)
    return Buckets(span, tz, weekday=int(weekday[1] or 0) % _WEEK if weekday else 0)


def aligned(found: Buckets, align: str, earliest: float, ctx: Context, node: Node) -> Buckets:
    """`aligntime=earliest`, `latest` or a time: where a bucket starts. Days and longer keep to the calendar."""
    if not align or found.span.unit in ("d", "w", *MONTHS):
        return found
    if align == "earliest":
        return replace(found, origin=earliest)
    if align == "latest":
        latest = ctx.time_range[1]
        return replace(found, origin=latest if latest is not None else ctx.now)
    moment = time_bound(align, ctx.now, ctx.timezone)
    if moment is None:
        raise SearchError(f"aligntime={align} is no time", node=node)
    return replace(found, origin=moment)


def automatic(first: float, last: float, bins: int, minimum: float = 0.0) -> Span:
    """The shortest usual span that divides the range into at most `bins` parts and is no shorter than `minimum` seconds."""
    for span in LADDER:
        seconds = span.approximate
        if seconds >= minimum and math.ceil((last - first) / seconds) <= bins:
            return span
    return LADDER[-1]
