"""streamstats (Search Reference, "streamstats").

Resets cut the rows into segments; within a segment every group (BY values) accumulates on its own. Functions with a
closed form are cumulative columns over the group, everything else is reduced over a rolling window of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from caltrop.dialect.spans import parse_span
from caltrop.engine import budget
from caltrop.engine.aggregate.accumulate import accumulate
from caltrop.engine.aggregate.arguments import aggregations, by_fields, expression, flag, gathered, text, whole
from caltrop.engine.aggregate.group import time_of
from caltrop.engine.aggregate.inputs import TIME, Columns
from caltrop.engine.aggregate.measures import EVAL, SPARKLINE, Measure, measures
from caltrop.engine.aggregate.running import running, windowed
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table
from caltrop.knowledge.limits import LIST_MAXSIZE, STREAM_WINDOW
from caltrop.spl.ast import Command, FieldName, Node

_UNSORTED = (
    "time_window can only be used on input that is sorted in time order (both ascending and descending order are ok)."
)
ROW, SEGMENT, POSITION, CLOCK = "\x00row", "\x00segment", "\x00position", "\x00clock"


@dataclass(frozen=True, slots=True)
class Windows:
    """Which earlier rows count: the last `size` (0: all), of the group or `shared` by all groups; or `seconds` of time."""

    size: int
    current: bool
    shared: bool
    seconds: float | None
    allnum: bool


@command("streamstats", settled=True)
def streamstats(table: Table, cmd: Command, ctx: Context) -> Table:
    """Every row with the aggregates of the rows so far."""
    cmd = gathered(cmd)
    by = by_fields(cmd)
    written = aggregations(cmd)
    if any(a.function in (SPARKLINE, EVAL) for a in written):
        raise SearchError("streamstats takes plain statistical functions", node=cmd)
    wanted = measures(written, table.fields, by)
    windows = _windows(cmd, ctx)
    frame = table.frame
    before, after = expression(cmd, "reset_before"), expression(cmd, "reset_after")
    segment = _segments(frame, cmd, by, before, ctx)
    if after is None:
        added = _accumulate(frame, wanted, by, segment, windows, ctx)
    elif _mentions(after, {m.output for m in wanted}):
        added = _with_feedback(frame, wanted, by, segment, windows, after, ctx)
    else:
        cut = _true(after, frame, ctx).shift(1, fill_value=False)
        added = _accumulate(frame, wanted, by, segment + cut.cast(pl.Int64).cum_sum(), windows, ctx)
    added = [c for c in added if not len(c) or c.null_count() < len(c) or c.name in frame.columns]
    return table.with_frame(frame.with_columns(added))


def _windows(cmd: Command, ctx: Context) -> Windows:
    span = text(cmd, "time_window", "")
    seconds = None
    if span:
        length = parse_span(span)
        if length is None:
            raise SearchError(
                f"time_window={span} is no span of time", node=cmd, hint="Write one such as 30s, 5m or 1h."
            )
        seconds = length.approximate
        if not flag(cmd, "current", True) or not flag(cmd, "global", True):
            raise SearchError("time_window cannot be combined with current=f or global=f", node=cmd)
    size = whole(cmd, "window", 0)
    ctx.within(STREAM_WINDOW, size, f"window={size}", cmd)
    return Windows(
        size=size,
        current=flag(cmd, "current", True),
        shared=flag(cmd, "global", True),
        seconds=seconds,
        allnum=flag(cmd, "allnum", False),
    )


def _segments(frame: pl.DataFrame, cmd: Command, by: Sequence[str], before: Node | None, ctx: Context) -> pl.Series:
    """A number that grows by one at each row which starts over."""
    starts = pl.Series(SEGMENT, [False], dtype=pl.Boolean).new_from_index(0, frame.height)
    if before is not None:
        starts = starts | _true(before, frame, ctx)
    if flag(cmd, "reset_on_change", False) and by and all(name in frame.columns for name in by):
        # Only rows that have all BY fields take part in the comparison.
        keys = frame.select(by).with_row_index(ROW).drop_nulls(by)
        changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in by)
        rows = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
        starts = starts | rows.is_in(keys.filter(changed).get_column(ROW).implode())
    return starts.cast(pl.Int64).cum_sum().alias(SEGMENT)


def _true(condition: Node, frame: pl.DataFrame, ctx: Context) -> pl.Series:
    return ctx.engine.evaluate(condition, frame, ctx).cast(pl.Boolean).fill_null(False)


def _mentions(node: Node, names: set[str]) -> bool:
    return any(isinstance(part, FieldName) and part.name in names for part in node.walk())


def _with_feedback(
    frame: pl.DataFrame,
    wanted: Sequence[Measure],
    by: Sequence[str],
    segment: pl.Series,
    windows: Windows,
    after: Node,
    ctx: Context,
) -> list[pl.Series]:
    """reset_after on a field that streamstats itself makes: run up to the first reset, then start anew behind it."""
    done: list[pl.DataFrame] = []
    start, length = 0, 64
    while start < frame.height:
        part = frame.slice(start, length)
        added = pl.DataFrame(_accumulate(part, wanted, by, segment.slice(start, length), windows, ctx))
        resets = _true(after, part.with_columns(added.get_columns()), ctx).arg_true()
        if resets.is_empty() and start + part.height < frame.height:
            length *= 2  # no reset in sight: the same rows again, with more behind them
            continue
        kept = added if resets.is_empty() else added.head(resets[0] + 1)
        done.append(kept)
        start += kept.height
        length = 64
    if not done:
        return _accumulate(frame, wanted, by, segment, windows, ctx)
    return pl.concat(done, how="vertical_relaxed").get_columns()


def _accumulate(
    frame: pl.DataFrame,
    wanted: Sequence[Measure],
    by: Sequence[str],
    segment: pl.Series,
    windows: Windows,
    ctx: Context,
) -> list[pl.Series]:
    """The result columns, a value for each row of `frame`."""
    columns = Columns(time_of(frame), ctx.limit(LIST_MAXSIZE))
    inputs = [(m, m.input(frame, columns, ctx, allnum=windows.allnum)) for m in wanted]
    keys = [_key(frame, name).alias(f"k{i}") for i, name in enumerate(by)]
    group = [SEGMENT, *(k.name for k in keys)]
    unlimited = windows.size == 0 and windows.seconds is None
    group_numbers: list[int] | None = None
    closed: list[pl.Expr] = []
    rolled: list[pl.Expr] = []
    for i, (measure, x) in enumerate(inputs):
        form = None
        if unlimited:
            form = running(measure.function.name, x)
        elif windows.seconds is None and not (windows.shared and keys):
            form = windowed(measure.function.name, x, windows.size)
        if form is not None:
            form = form.over(group)
        elif unlimited:
            if group_numbers is None:
                group_numbers = _group_numbers([segment, *keys])
            state = accumulate(measure.function, x, time_of(frame), group_numbers, allnum=windows.allnum)
            form = None if state is None else pl.col(columns.add(f"\x00s{i}", state))
        if form is None:
            rolled.append(measure.function.build(x).alias(f"m{i}"))
            continue
        if not windows.current:
            form = form.shift(1).over(group)
            if measure.function.empty is not None:
                form = form.fill_null(measure.function.empty)
        closed.append(form.alias(f"m{i}"))
    work = columns.frame().with_columns(segment.alias(SEGMENT), *keys).with_row_index(ROW)
    work = work.with_columns(pl.col(ROW).cast(pl.Int64))
    result = work.select(ROW, *closed)
    if rolled:
        result = result.join(_roll(work, rolled, group, windows), on=ROW, how="left", maintain_order="left")
    if keys:
        result = result.with_columns(
            work.select(pl.all_horizontal(pl.col(k.name).is_not_null() for k in keys).alias(SEGMENT))
        )
    out = []
    for i, measure in enumerate(wanted):
        value = pl.col(f"m{i}")
        if isinstance(result.schema[f"m{i}"], pl.List):
            value = pl.when(value.list.len() > 0).then(value)
        if keys:
            value = pl.when(SEGMENT).then(value)
        out.append(result.select(value.alias(measure.output)).to_series())
    return out


def _group_numbers(keys: Sequence[pl.Series]) -> list[int]:
    """A number for each row's combination of values."""
    frame = pl.DataFrame([key.alias(str(i)) for i, key in enumerate(keys)])
    return frame.select(pl.struct(pl.all()).rank("dense").fill_null(0)).to_series().to_list()


def _key(frame: pl.DataFrame, name: str) -> pl.Series:
    """The BY column; of a multivalue field the first value is the group."""
    if name not in frame.columns:
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, frame.height)
    column = frame.get_column(name)
    return column.list.first() if column.dtype == MULTIVALUE else column


def _roll(work: pl.DataFrame, expressions: Sequence[pl.Expr], group: Sequence[str], windows: Windows) -> pl.DataFrame:
    """One reduced window a row."""
    if windows.seconds is not None:
        return _roll_time(work, expressions, group, windows)
    size = windows.size or work.height
    index = ROW
    if not (windows.shared and windows.size):
        index = POSITION  # counted within the group, so that other groups' rows do not use the window up
        work = work.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).over(group).alias(POSITION))
    offset = None if windows.current else f"-{size + 1}i"
    return _rolled(work, expressions, group, index, period=max(size, 1), offset=offset)


def _rolled(
    work: pl.DataFrame,
    expressions: Sequence[pl.Expr],
    group: Sequence[str],
    index: str,
    *,
    period: int,
    offset: str | None,
) -> pl.DataFrame:
    rows = work.select(*group, index, pl.col(ROW).alias(CLOCK))
    rolled = work.rolling(index_column=index, period=f"{period}i", offset=offset, group_by=group).agg(expressions)
    rolled = rolled.join(rows, on=[*group, index], how="left", nulls_equal=True, maintain_order="left")
    return rolled.select(pl.col(CLOCK).alias(ROW), pl.exclude(ROW, CLOCK, index, *group))


def _roll_time(
    work: pl.DataFrame, expressions: Sequence[pl.Expr], group: Sequence[str], windows: Windows
) -> pl.DataFrame:
    """Windows of time: rows less than `seconds` older (newer, when time runs backwards); with `size` the last of these."""
    time = work.get_column(TIME)
    if time.null_count():
        raise SearchError("time_window needs _time in every row", says=_UNSORTED)
    if not time.is_sorted():
        if not time.is_sorted(descending=True):
            raise SearchError(
                "time_window needs rows in the order of time",
                hint="Put `sort 0 _time` before streamstats.",
                says=_UNSORTED,
            )
        time = -time
    seconds = windows.seconds or 0.0
    if windows.size:
        start = time.search_sorted(time - seconds, side="right").cast(pl.Int64)
        pairs = work.select(ROW, *group).with_columns(start.alias(POSITION))
        first = pl.max_horizontal(POSITION, pl.col(ROW) - (windows.size - 1))
        budget.rows(int(pairs.select((pl.col(ROW) + 1 - first).clip(0)).to_series().sum()), work.width)
        pairs = pairs.with_columns(pl.int_ranges(first, pl.col(ROW) + 1).alias(POSITION)).explode(POSITION)
        members = pairs.join(
            work.rename({ROW: POSITION}), on=[POSITION, *group], nulls_equal=True, maintain_order="left"
        )
        return members.group_by(ROW, maintain_order=True).agg(expressions)
    # Ties in time are told apart by the row, so that no later row falls into a window.
    step = 1
    while step <= work.height:
        step *= 2
    ticks = 1e6 if work.height == 0 or float(time[-1] - time[0]) * 1e6 * step < 2**62 else 1e3
    clock = (
        ((time - time[0]) * ticks).round().cast(pl.Int64) * step + work.get_column(ROW)
        if work.height
        else time.cast(pl.Int64)
    )
    work = work.with_columns(clock.alias(POSITION))
    return _rolled(work, expressions, group, POSITION, period=max(round(seconds * ticks), 1) * step, offset=None)
