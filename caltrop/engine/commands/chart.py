"""chart and sichart (Search Reference, "chart" and "sichart")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from caltrop.dialect.spans import parse_span
from caltrop.engine.aggregate import aggregate, buckets, natural_order, ranges, to_prestats
from caltrop.engine.aggregate.arguments import aggregations, flag, gathered, name_of, number, text
from caltrop.engine.aggregate.functions import find
from caltrop.engine.aggregate.group import CLOCK, argument_fields
from caltrop.engine.aggregate.measures import empty_cells
from caltrop.engine.aggregate.series import SeriesOptions, pivot
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric
from caltrop.spl.ast import Aggregation, Clause, Command, FieldName, Option

_BINNING = frozenset({"span", "bins", "start", "end", "minspan", "aligntime"})


class Axis:
    """A row or column split: the field, and the binning options written behind it."""

    def __init__(self, name: str, options: Sequence[Option]) -> None:
        self.name = name
        self.options = Command("bin", tuple(options))

    @property
    def binned(self) -> bool:
        return any(option.name in ("span", "bins") for option in self.options.of(Option))

    def apply(self, frame: pl.DataFrame, ctx: Context) -> tuple[pl.DataFrame, ranges.Ranges | buckets.Buckets | None]:
        """`frame` with the values of the field put into bins; rows without a number have none."""
        if not self.binned or self.name not in frame.columns:
            return frame, None
        numbers = numeric(frame.get_column(self.name))
        for bound in ("start", "end") if self.name != "_time" else ():
            if self.options.option(bound) is not None:
                limit = number(self.options, bound, 0)
                inside = (numbers >= limit if bound == "start" else numbers <= limit).fill_null(False)
                frame, numbers = frame.filter(inside), numbers.filter(inside)
        low, high = numbers.min(), numbers.max()
        if not isinstance(low, int | float) or not isinstance(high, int | float):
            return frame, None
        span = self.options.option("span")
        bins = int(number(self.options, "bins", 300))
        if self.name == "_time":
            bucketing = (
                buckets.parse(str(span), ctx.timezone, self.options)
                if span is not None
                else buckets.Buckets(buckets.automatic(low, high, bins), ctx.timezone)
            )
            earliest = ctx.time_range[0] or low
            bucketing = buckets.aligned(bucketing, text(self.options, "aligntime", ""), earliest, ctx, self.options)
            return frame.with_columns(numbers.alias(CLOCK), bucketing.floor(numbers).alias(self.name)), bucketing
        if span is not None:
            found = self._ranges(str(span))
        else:
            found = ranges.automatic(low, high, bins, ranges.narrowest(numbers))
        lows = found.lows(numbers)
        distinct = lows.drop_nulls().unique()
        texts = lows.replace_strict(distinct, [found.text(v) for v in distinct], return_dtype=pl.String, default=None)
        return frame.with_columns(texts.alias(self.name)), found

    def _ranges(self, span: str) -> ranges.Ranges:
        """A number, a logarithm, or a span of time for a field of seconds."""
        length = parse_span(span)
        if length is not None and not span.isdigit() and length.seconds is not None:
            return ranges.Ranges(width=length.seconds)
        return ranges.parse(span, self.options)


def read_axes(cmd: Command) -> list[Axis]:
    """The fields of OVER and BY in order; bin options belong to the field that they follow, else to the first."""
    found: list[tuple[str, list[Option]]] = []
    leading: list[Option] = [o for o in cmd.of(Option) if o.name in _BINNING]
    for keyword in ("over", "by"):
        for clause in cmd.of(Clause):
            if clause.keyword != keyword:
                continue
            for part in clause.parts:
                name = name_of(part)
                if name is not None:
                    found.append((name, []))
                elif isinstance(part, Option) and part.name in _BINNING:
                    (found[-1][1] if found else leading).append(part)
    if found:
        found[0][1].extend(leading)
    if len(found) > 1 and found[0][0] == "_time" and not any(o.name == "span" for o in found[0][1]):
        of_time = [o for o in found[1][1] if of_time_line(o)]
        found[0][1].extend(of_time)
        found[1] = (found[1][0], [o for o in found[1][1] if o not in of_time])
    return [Axis(name, options) for name, options in found]


def of_time_line(option: Option) -> bool:
    """Whether an option such as span=1h can only be meant for the time axis, wherever it stands."""
    if option.name == "aligntime":
        return True
    value = str(option.value)
    return option.name in ("span", "minspan") and not value.isdigit() and parse_span(value) is not None


COPY = "\x00of "


def plain_functions(cmd: Command) -> tuple[Aggregation, ...]:
    """The aggregations: none without a field but count."""
    written = aggregations(cmd)
    for one in written:
        function = find(one.function)
        if one.argument is None and function is not None and function.name != "count":
            raise SearchError(
                f"{one.function} needs a field in {cmd.name}",
                node=one,
                hint=f"Write {one.function}(field) or {one.function}(*).",
            )
    return written


def apart(
    frame: pl.DataFrame, written: Sequence[Aggregation], axes: Sequence[Axis]
) -> tuple[pl.DataFrame, tuple[Aggregation, ...]]:
    """A field that splits and is aggregated too is aggregated as it was before it was put into bins: from a copy."""
    names = {axis.name for axis in axes}
    out: list[Aggregation] = []
    for one in written:
        name = one.argument.name if isinstance(one.argument, FieldName) else None
        if name in names and name in frame.columns:
            frame = frame.with_columns(pl.col(name).alias(f"{COPY}{name}"))
            one = replace(one, argument=FieldName(f"{COPY}{name}"))
        out.append(one)
    return frame, tuple(out)


@command("chart")
def chart(table: Table, cmd: Command, ctx: Context) -> Table:
    """A row for each value of the first field, a column for each value of the second."""
    axes = read_axes(cmd)
    cmd = gathered(cmd)
    written = plain_functions(cmd)
    if len(axes) > 2:
        raise SearchError(
            "chart takes one row field and one column field", node=cmd, hint="Use stats for more BY fields."
        )
    frame = table.frame
    if not axes:
        return Table(aggregate(frame, written, [], ctx))
    frame, written = apart(frame, written, axes)
    frame, binning = axes[0].apply(frame, ctx)
    row = axes[0].name
    if len(axes) == 1:
        result = aggregate(
            frame, written, [row], ctx, dedup_splitvals=flag(cmd, "dedup_splitvals", flag(cmd, "dedup_splitval", False))
        )
        empty = empty_cells(written, argument_fields(frame), [row])
    else:
        frame, _ = axes[1].apply(frame, ctx)
        result, empty = pivot(frame, written, row, axes[1].name, SeriesOptions.read(cmd), ctx)
    # Ranges of a logarithm are shown where they hold something only.
    fills = isinstance(binning, buckets.Buckets) or (binning is not None and binning.base is None)
    if binning is not None and fills and flag(cmd, "cont", True):
        result = _continuous(result, row, binning, empty)
    if isinstance(binning, ranges.Ranges):
        result = _by_low_end(result, row)
    return Table(result)


def _low_end(text: str) -> float:
    """The low end of "10-20" or "-10-0"; a number alone is its own."""
    end = text.find("-", 1)
    return float(text if end < 0 else text[:end])


def _by_low_end(result: pl.DataFrame, row: str) -> pl.DataFrame:
    low = pl.Series("\x00low", [_low_end(v) for v in result.get_column(row)], dtype=pl.Float64)
    return result.with_columns(low).sort("\x00low").drop("\x00low")


def _continuous(
    result: pl.DataFrame, row: str, binning: ranges.Ranges | buckets.Buckets, empty: dict[str, int | None]
) -> pl.DataFrame:
    """Rows for the bins between the first and the last that hold nothing."""
    if result.height == 0:
        return result
    if isinstance(binning, buckets.Buckets):
        times = result.get_column(row)
        wanted = pl.Series(row, list(binning.starts(times[0], times[-1])), dtype=pl.Float64)
        return fill_rows(result, row, wanted, empty)
    lows = sorted(_low_end(v) for v in result.get_column(row))
    names, low = [], lows[0]
    while low <= lows[-1]:
        names.append(binning.text(low))
        if len(names) > buckets.MAX_BUCKETS:
            raise SearchError(f"more than {buckets.MAX_BUCKETS} bins", hint="Use a larger span.")
        low = max(binning.high(low), binning.low(binning.high(low)))
    return fill_rows(result, row, pl.Series(row, names), empty)


def fill_rows(result: pl.DataFrame, row: str, wanted: pl.Series, empty: dict[str, int | None]) -> pl.DataFrame:
    """One row for each value of `wanted`, in that order; cells without a result are what `empty` says."""
    filled = pl.DataFrame([wanted.alias(row)]).join(result, on=row, how="left", maintain_order="left")
    counts = [name for name, value in empty.items() if value is not None]
    return filled.with_columns(pl.col(counts).fill_null(0))


@command("sichart")
def sichart(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows of partial results from which `chart` of the same arguments gets its result."""
    axes = read_axes(cmd)
    frame = table.frame
    for axis in axes:
        frame, _ = axis.apply(frame, ctx)
    names = [axis.name for axis in axes]
    return Table(natural_order(to_prestats(frame, aggregations(gathered(cmd)), names, ctx, optional=names[1:]), names))
