"""timewrap (Search Reference, "timewrap"): periods of a timechart side by side."""

from __future__ import annotations

import math

import polars as pl

from caltrop.dialect.moments import shift
from caltrop.dialect.spans import Span, parse_span
from caltrop.dialect.strftime import strftime
from caltrop.engine.aggregate.arguments import choice, names, text
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric
from caltrop.spl.ast import Command

TIME = "_time"
MAX_PERIODS = 1000
_WORDS = {
    "s": "second",
    "m": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "mon": "month",
    "q": "quarter",
    "y": "year",
}


@command("timewrap")
def timewrap(table: Table, cmd: Command, ctx: Context) -> Table:
    """A column for each period and column, the latest period first, over the time of the latest period."""
    written = next(iter(names(cmd.parts)), "")
    span = parse_span(written)
    if span is None or span.unit not in _WORDS or span.count < 1 or written.isdigit():
        raise SearchError(
            f"timewrap {written or 'without a span'}: not a period", node=cmd, hint="Write one such as 1d, 1w or 1mon."
        )
    if len(table) == 0:
        return table
    if TIME not in table:
        raise SearchError("timewrap needs the _time of a timechart", node=cmd)
    style = choice(cmd, "series", "relative", "relative", "exact", "short")
    align = choice(cmd, "align", "end", "end", "now")
    frame = table.frame.with_columns(numeric(table.frame.get_column(TIME)).alias(TIME)).drop_nulls(TIME)
    if frame.height == 0:
        return table.with_frame(frame)
    end = ctx.now if align == "now" else _end(frame, ctx)
    moved, periods = [], []
    for time in frame.get_column(TIME).to_list():
        period, start = _period(time, end, span, ctx.timezone)
        periods.append(period)
        moved.append(time + (shift(end, -span.count, span.unit, ctx.timezone) - start))
    hidden = [c for c in frame.columns if c.startswith("_") and c != TIME]
    values = [c for c in frame.columns if not c.startswith("_")]
    work = frame.with_columns(
        pl.Series("\x00period", periods, dtype=pl.Int64), pl.Series(TIME, moved, dtype=pl.Float64)
    )
    result = work.select(TIME).unique().sort(TIME)
    for name in values:
        for period in sorted(set(periods)):
            title = _title(period, end, span, style, text(cmd, "time_format", "%F"), ctx)
            if len(values) > 1 or style == "relative":  # a single column needs no name in the short forms
                title = f"{name}_{title}"
            part = (
                work.filter(pl.col("\x00period") == period)
                .select(TIME, pl.col(name).alias(title))
                .unique(TIME, keep="first")
            )
            result = result.join(part, on=TIME, how="left", maintain_order="left")
    result = result.with_columns(frame.get_column(c).head(1).new_from_index(0, result.height) for c in hidden)
    return table.with_frame(result)


def _end(frame: pl.DataFrame, ctx: Context) -> float:
    """The end of the search, or of the last bucket in a search over all time."""
    earliest, latest = ctx.time_range
    if latest is not None:
        return latest
    if earliest:
        return ctx.now
    width = numeric(frame.get_column("_span"))[0] if "_span" in frame.columns else None
    return float(str(frame.get_column(TIME).max())) + (width or 0.0)


def _period(time: float, end: float, span: Span, tz: str) -> tuple[int, float]:
    """How many periods before the end's own one `time` lies (negative: after it), and where its period starts."""
    seconds = span.seconds
    if seconds is not None:
        period = math.ceil((end - time) / seconds) - 1
    else:
        period = 0
        while shift(end, -span.count * (period + 1), span.unit, tz) > time:
            period += 1
            if period > MAX_PERIODS:
                raise SearchError(f"timewrap: more than {MAX_PERIODS} periods", hint="Use a longer period.")
    return period, shift(end, -span.count * (period + 1), span.unit, tz)


def _title(period: int, end: float, span: Span, style: str, form: str, ctx: Context) -> str:
    if style == "short":
        return f"s{period}"
    if style == "exact":
        start = shift(end, -span.count * (period + 1), span.unit, ctx.timezone)
        return strftime(start, form, ctx.timezone) or str(period)
    unit = _WORDS[span.unit]
    if period == 0:
        return f"latest_{unit}" if span.count == 1 else f"latest_{span.count}{unit}s"
    count = abs(period) * span.count
    return f"{count}{unit}{'s' if count > 1 else ''}_{'before' if period > 0 else 'after'}"
