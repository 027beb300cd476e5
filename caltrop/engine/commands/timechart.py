"""timechart and sitimechart (Search Reference, "timechart" and "sitimechart").

The time range of the search, where it has one, decides the default span, the first and the last row, and which rows are partial.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from caltrop.engine.aggregate import aggregate, to_prestats
from caltrop.engine.aggregate.arguments import aggregations, flag, gathered, text, whole
from caltrop.engine.aggregate.buckets import Buckets, aligned, automatic, parse
from caltrop.engine.aggregate.functions import find, with_decimals
from caltrop.engine.aggregate.group import CLOCK, argument_fields
from caltrop.engine.aggregate.measures import empty_cells, expand
from caltrop.engine.aggregate.series import CELL, SeriesOptions, pivot
from caltrop.engine.commands.chart import Axis, apart, fill_rows, of_time_line, plain_functions, read_axes
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric
from caltrop.spl.ast import Aggregation, Command, Option

DEFAULT_BINS = 100
TIME = "_time"


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The rows of a timechart. `first` and `last` are the range of the search where `fixed`, else that of the events."""

    buckets: Buckets
    first: float
    last: float
    fixed: bool


@command("timechart")
def timechart(table: Table, cmd: Command, ctx: Context) -> Table:
    """A row a bucket of time, a column an aggregation or a series."""
    rows, functions = apart(table.frame, plain_functions(gathered(cmd)), read_axes(cmd))
    written = list(functions)
    frame, split, cmd = _prepare(table.with_frame(rows), cmd, ctx)
    if frame.height == 0:
        _refused(written, frame, cmd, ctx)
        return Table.empty([TIME])
    axis = _time_axis(frame, cmd, ctx)
    frame = frame.with_columns(pl.col(TIME).alias(CLOCK), axis.buckets.floor(frame.get_column(TIME)).alias(TIME))
    if split is None:
        fields = argument_fields(frame)
        written = [one for a in written for one in expand(a, fields, [TIME])]
        result = _rated(aggregate(frame, written, [TIME], ctx, scaled=True), written, axis.buckets)
        empty = empty_cells(written, fields, [TIME])
    else:
        hidden = [replace(a, alias=f"{CELL}{i}") for i, a in enumerate(written)]
        result, empty = pivot(
            frame,
            written,
            TIME,
            split,
            SeriesOptions.read(cmd),
            ctx,
            finish=lambda cells: _rated(cells, hidden, axis.buckets),
        )
    starts = _starts(axis, cmd)
    if flag(cmd, "cont", True):
        result = fill_rows(result, TIME, pl.Series(TIME, starts, dtype=pl.Float64), empty)
    elif not flag(cmd, "partial", True):
        result = result.filter(pl.col(TIME).is_in(starts))
    return Table(_with_span(result, axis.buckets))


@command("sitimechart")
def sitimechart(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows of partial results from which `timechart` of the same arguments gets its result."""
    frame, split, cmd = _prepare(table, cmd, ctx)
    written = aggregations(cmd)
    if frame.height == 0:
        _refused(written, frame, cmd, ctx)
        return Table.empty([TIME])
    axis = _time_axis(frame, cmd, ctx)
    frame = frame.with_columns(pl.col(TIME).alias(CLOCK), axis.buckets.floor(frame.get_column(TIME)).alias(TIME))
    by = [TIME] if split is None else [TIME, split]
    return Table(to_prestats(frame, written, by, ctx, optional=by[1:]))


def _prepare(table: Table, cmd: Command, ctx: Context) -> tuple[pl.DataFrame, str | None, Command]:
    """The rows that have a time, the split field with its values binned, and the command with all options in one place."""
    axes = read_axes(cmd)
    top = gathered(cmd)
    if len(axes) > 1:
        raise SearchError("timechart takes one BY field", node=cmd, hint='Join the fields first: eval key=a.":".b')
    if TIME not in table:
        return table.frame.clear(), None, top
    frame = table.frame.with_columns(numeric(table.frame.get_column(TIME)).alias(TIME)).drop_nulls(TIME)
    if not axes:
        return frame, None, top
    # Bin options behind the BY field are that field's, but for a span of time where none was written before.
    split = axes[0].name
    before = {id(option) for option in cmd.of(Option)}
    spanned = cmd.option("span") is not None
    behind = [o for o in axes[0].options.of(Option) if id(o) not in before]
    axis = Axis(split, [o for o in behind if spanned or not of_time_line(o)])
    frame, _ = axis.apply(frame, ctx)
    taken = {id(option) for option in axis.options.parts}
    return frame, split, replace(top, parts=tuple(part for part in top.parts if id(part) not in taken))


def _refused(written: Sequence[Aggregation], empty: pl.DataFrame, cmd: Command, ctx: Context) -> None:
    """What is refused of rows is refused where there are none: spans, options of series, functions."""
    _buckets(ctx.now, ctx.now, cmd, ctx)
    SeriesOptions.read(cmd)
    aggregate(empty.with_columns(pl.lit(None, pl.Float64).alias(TIME)), written, [TIME], ctx, scaled=True)


def _time_axis(frame: pl.DataFrame, cmd: Command, ctx: Context) -> TimeAxis:
    time = frame.get_column(TIME)
    low, high = float(str(time.min())), float(str(time.max()))
    earliest, latest = ctx.time_range
    fixed = bool(earliest) and flag(cmd, "fixedrange", True)
    # The end of a search is exclusive: the bucket that starts there is no row.
    end = latest if latest is not None else ctx.now
    first = min(low, earliest) if fixed and earliest else low
    last = max(high, math.nextafter(end, 0.0)) if fixed else high
    return TimeAxis(_buckets(first, last, cmd, ctx), first, last, fixed)


def _buckets(first: float, last: float, cmd: Command, ctx: Context) -> Buckets:
    span = text(cmd, "span", "")
    if span.startswith("log") or "log" in span:
        raise SearchError("timechart has no logarithmic spans", node=cmd)
    if span and span != "auto":
        found = parse(span, ctx.timezone, cmd)
    else:
        shortest = text(cmd, "minspan", "")
        minimum = parse(shortest, ctx.timezone, cmd).span.approximate if shortest else 0.0
        bins = whole(cmd, "bins", DEFAULT_BINS, minimum=1)
        found = Buckets(automatic(first, last, bins, minimum), ctx.timezone)
    return aligned(found, text(cmd, "aligntime", ""), first, ctx, cmd)


def _starts(axis: TimeAxis, cmd: Command) -> list[float]:
    """The rows: every bucket of the range, without the partial ones at its ends for partial=f."""
    starts = list(axis.buckets.starts(axis.first, axis.last))
    if flag(cmd, "partial", True) or not axis.fixed:
        return starts
    if starts and starts[0] < axis.first:
        starts = starts[1:]
    if starts and axis.buckets.next(starts[-1]) > math.nextafter(axis.last, math.inf):
        starts = starts[:-1]
    return starts


def _rated(cells: pl.DataFrame, written: list[Aggregation], buckets: Buckets) -> pl.DataFrame:
    """per_second(x) and its like: the sum of a bucket, for the time unit."""
    scaled = [
        (a.alias or a.text, f.scale) for a in written if (f := find(a.function)) is not None and f.scale is not None
    ]
    if not scaled:
        return cells
    starts = cells.get_column(TIME).unique()
    lengths = cells.get_column(TIME).replace_strict(
        starts, [buckets.next(s) - s for s in starts], return_dtype=pl.Float64
    )
    return cells.with_columns(with_decimals(cells.get_column(name) * unit / lengths, 6) for name, unit in scaled)


def _with_span(result: pl.DataFrame, buckets: Buckets) -> pl.DataFrame:
    """The hidden fields from which a renderer learns the width of a bucket."""
    seconds = round(buckets.span.approximate) or 1
    hidden = [pl.lit(seconds, pl.Int64).alias("_span")]
    if seconds % 86400 == 0:
        hidden.append(pl.lit(seconds // 86400, pl.Int64).alias("_spandays"))
    return result.with_columns(hidden)
