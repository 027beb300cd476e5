"""bin, bucket, discretize: numbers and times put into ranges (Search Reference: bin)."""

from __future__ import annotations

import polars as pl

from caltrop.dialect.moments import time_bound
from caltrop.dialect.spans import parse_span
from caltrop.engine.aggregate import buckets, ranges
from caltrop.engine.aggregate.ranges import Ranges
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric
from caltrop.knowledge.columns import coalesce
from caltrop.knowledge.limits import BINS, TIME_BINS
from caltrop.spl.ast import Alias, Command, FieldName


@command("bin", "bucket", "discretize", settled=True)
def bin_(table: Table, cmd: Command, ctx: Context) -> Table:
    """Times are rounded down, numbers become the text low-high; values that are no numbers stay."""
    source, target = _source_and_target(cmd)
    _count(cmd, ctx)
    for name in ("span", "minspan"):
        _checked(cmd, name, source, ctx)
    if source not in table:
        return table
    column = table.frame.get_column(source)
    if source == "_time":
        binned = _times(column, cmd, ctx)
    else:
        binned = _numbers(column, cmd, ctx)
    return table.with_frame(table.frame.with_columns(binned.alias(target)))


def _source_and_target(cmd: Command) -> tuple[str, str]:
    """`f`, `f AS g`, or with options between: `f span=5 AS g`."""
    parts = [part for part in cmd.parts if isinstance(part, FieldName | Alias)]
    match parts:
        case [Alias(source=source, target=target)]:
            return source.name, target.name
        case [FieldName(name=name)]:
            return name, name
        case [FieldName(name=name), FieldName(name=keyword), FieldName(name=target)] if keyword.lower() == "as":
            return name, target
    raise SearchError(f"{cmd.name} needs one field", node=cmd)


def _checked(cmd: Command, name: str, source: str, ctx: Context) -> None:
    """A span that is none is refused whatever rows there are."""
    value = cmd.option(name)
    if value is None:
        return
    if source == "_time":
        buckets.parse(str(value), ctx.timezone, cmd)
    else:
        ranges.parse(_plain_span(str(value)) if name == "span" else str(value), cmd)


def _count(cmd: Command, ctx: Context) -> int:
    most = ctx.limit(BINS)
    bins = cmd.option("bins", ctx.limit(TIME_BINS))
    if isinstance(bins, bool) or not isinstance(bins, int) or not 2 <= bins <= most:
        raise SearchError(f"bin: bins={bins} must be a number from 2 to {most}", node=cmd)
    return bins


def _times(column: pl.Series, cmd: Command, ctx: Context) -> pl.Series:
    time = numeric(column)
    span = cmd.option("span")
    if span is not None:
        found = buckets.parse(str(span), ctx.timezone, cmd)
    else:
        low, high = time.min(), time.max()
        if low is None or high is None:
            return time
        first = ctx.earliest if ctx.earliest is not None else float(low)  # type: ignore[arg-type]
        last = ctx.latest if ctx.latest is not None else float(high)  # type: ignore[arg-type]
        least = cmd.option("minspan")
        minimum = buckets.parse(str(least), ctx.timezone, cmd).span.approximate if least is not None else 0.0
        found = buckets.Buckets(buckets.automatic(first, last, _count(cmd, ctx), minimum), ctx.timezone)
    align = cmd.option("aligntime")
    if align is not None:
        origin = _align(str(align), cmd, ctx)
        found = buckets.Buckets(found.span, found.tz, origin, found.weekday)
    return found.floor(time)


def _align(text: str, cmd: Command, ctx: Context) -> float:
    if text in ("earliest", "latest"):
        bound = ctx.earliest if text == "earliest" else ctx.latest
        return bound if bound is not None else 0.0
    moment = time_bound(text, ctx.now, ctx.timezone)
    if moment is None:
        raise SearchError(f"bin: aligntime={text} is no time", node=cmd)
    return moment


def _numbers(column: pl.Series, cmd: Command, ctx: Context) -> pl.Series:
    number = numeric(column)
    low, high = number.min(), number.max()
    if low is None or high is None:
        return column
    span = cmd.option("span")
    start, end = cmd.option("start"), cmd.option("end")
    if span is not None:
        found = ranges.parse(_plain_span(str(span)), cmd)
    else:
        # start and end widen the range that is divided; they do not cut values off.
        first = min(float(low), float(start)) if isinstance(start, int | float) else float(low)  # type: ignore[arg-type]
        last = max(float(high), float(end)) if isinstance(end, int | float) else float(high)  # type: ignore[arg-type]
        # minspan is rounded up to a width that bin chooses itself (measured: minspan=3 gives 0-10).
        asked = cmd.option("minspan")
        minimum = ranges.parse(str(asked), cmd).width if asked is not None else 0.0
        found = ranges.automatic(first, last, _count(cmd, ctx), max(minimum, ranges.narrowest(number)))
    lows = found.lows(number)
    known = lows.drop_nulls().unique()
    labels = lows.replace_strict(
        known, [_label(found, v) for v in known.to_list()], return_dtype=pl.String, default=None
    )
    return coalesce(labels, column)


def _plain_span(text: str) -> str:
    """A span of time over a plain number is that many seconds."""
    span = parse_span(text)
    if span is not None and span.seconds is not None and not text.replace(".", "").isdigit() and "log" not in text:
        return f"{span.seconds:g}"
    return text


def _label(found: Ranges, low: float) -> str:
    return found.text(low)
