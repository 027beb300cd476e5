"""mstats, mcatalog, mpreview: metric events, which hold metric_name and _value (Search Reference: the topics of these names)."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from caltrop.dialect.words import fits
from caltrop.engine import matching, restriction, scan, subsearches
from caltrop.engine.aggregate import aggregate, buckets, to_prestats
from caltrop.engine.aggregate.arguments import aggregations, flag, gathered, names, text
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, concat, numeric
from caltrop.spl import parse_search
from caltrop.spl.ast import Aggregation, And, Command, Comparison, FieldName, Keyword, Node, Word

TIME, NAME, VALUE = "_time", "metric_name", "_value"
DIMENSIONS = "_dims"  # what mcatalog calls the names of the dimensions


@command("mstats", note="chart=t and rate functions over counters are not supported.")
def mstats(table: Table, cmd: Command, ctx: Context) -> Table:
    """avg(_value) of the metrics that `where` names, or avg(metric.name) directly, grouped by dimensions and time."""
    if flag(cmd, "chart", False):
        raise SearchError("'mstats chart=t' is not supported", node=cmd, hint="use BY and a chart command")
    where = cmd.clause("where")
    condition: Node = subsearches.resolve(And(tuple(where)) if where else Keyword("*"), ctx)
    bounds = scan.time_range(condition, ctx)
    condition = matching.with_times(condition, ctx)
    frame = _events(condition, bounds, ctx)
    by = names(cmd.clause("by"))
    cmd = gathered(cmd)
    span = text(cmd, "span", "")
    if span and span != "auto":
        frame = frame.with_columns(buckets.parse(span, ctx.timezone, cmd).floor(frame.get_column(TIME)).alias(TIME))
        by = by if TIME in by else [TIME, *by]
    frame, written = _measured(frame, aggregations(cmd))
    run = to_prestats if flag(cmd, "prestats", False) else aggregate
    result = Table(run(frame, written, by, ctx))
    return concat([table, result]) if flag(cmd, "append", False) else result


def _events(condition: Node, bounds: scan.Bounds, ctx: Context) -> pl.DataFrame:
    store = ctx.instance.store
    pieces = []
    indexes = scan.indexes_for(condition, ctx)
    condition = restriction.with_filter(condition, ctx)
    for segment in store.segments(indexes, bounds.earliest, bounds.latest):
        if not {NAME, VALUE} <= set(segment.frame.columns):
            continue
        ctx.events_scanned += segment.count
        frame = segment.frame.filter(matching.predicate(condition, segment.frame) & scan.in_range(bounds))
        pieces.append(Table(frame.drop_nulls([NAME, VALUE])))
    if not pieces:
        return pl.DataFrame(schema={TIME: pl.Float64, NAME: pl.String, VALUE: pl.String})
    return concat(pieces).frame


def _measured(frame: pl.DataFrame, written: tuple[Aggregation, ...]) -> tuple[pl.DataFrame, list[Aggregation]]:
    """A column for each metric that a function names, holding the value in the events of that metric only."""
    value = numeric(frame.get_column(VALUE)).alias(VALUE)
    frame = frame.with_columns(value)
    result: list[Aggregation] = []
    for one in written:
        if not isinstance(one.argument, FieldName) or one.argument.name in (VALUE, NAME):
            result.append(one)
            continue
        pattern = one.argument.name
        metrics = [pattern] if "*" not in pattern else sorted(
            {n for n in frame.get_column(NAME).unique().to_list() if fits(pattern, n)}
        )  # fmt: skip
        for metric in metrics:
            if metric not in frame.columns:
                frame = frame.with_columns(pl.when(pl.col(NAME) == metric).then(pl.col(VALUE)).alias(metric))
            alias = one.alias if len(metrics) == 1 else f"{one.function}({metric})"
            result.append(replace(one, argument=FieldName(metric), alias=alias))
    return frame, result


@command("mcatalog", note="prestats=t and append=t are not supported.")
def mcatalog(table: Table, cmd: Command, ctx: Context) -> Table:
    """values(metric_name), values(_dims) and the like: which metrics and dimensions there are, by dimension."""
    where = cmd.clause("where")
    condition: Node = subsearches.resolve(And(tuple(where)) if where else Keyword("*"), ctx)
    bounds = scan.time_range(condition, ctx)
    frame = _events(matching.with_times(condition, ctx), bounds, ctx)
    by = names(cmd.clause("by") or cmd.clause("groupby"))
    written = aggregations(gathered(cmd))
    if any(isinstance(one.argument, FieldName) and one.argument.name == DIMENSIONS for one in written):
        frame = frame.with_columns(_dimensions(frame))
    return Table(aggregate(frame, written, by, ctx))


def _dimensions(frame: pl.DataFrame) -> pl.Series:
    """The names of the dimensions that each data point has."""
    known = [
        n for n in frame.columns if not n.startswith("_") and n not in (NAME, "index", "linecount", "splunk_server")
    ]
    marks = [pl.when(pl.col(name).is_not_null()).then(pl.lit(name)) for name in known]
    if not marks:
        return pl.Series(DIMENSIONS, [None] * frame.height, dtype=pl.List(pl.String))
    return frame.select(pl.concat_list(marks).list.drop_nulls().alias(DIMENSIONS)).to_series()


@command("mpreview", "msearch", note="chunk_size is read and changes nothing.")
def mpreview(table: Table, cmd: Command, ctx: Context) -> Table:
    """Metric data points of index=, those that filter= matches, newest first: metric_name:<name>=value and dimensions.

    Of each time series (metric and dimensions) at most `target_per_timeseries` points are shown; 0 shows all.
    """
    index = cmd.option("index")
    condition: Node = Comparison(FieldName("index"), "=", Word(str(index))) if index else Keyword("*")
    if cmd.option("filter"):
        condition = And((condition, parse_search(str(cmd.option("filter")))))
    frame = _events(condition, scan.Bounds(ctx.earliest, ctx.latest), ctx).sort(
        TIME, descending=True, maintain_order=True
    )
    hidden = {"_raw", "_cd", "_indextime"}
    most = cmd.option("target_per_timeseries", 5)
    if isinstance(most, int) and most > 0 and frame.height:
        series = [name for name in frame.columns if name not in (TIME, VALUE, *hidden)]
        frame = frame.group_by(series, maintain_order=True).head(most).sort(TIME, descending=True, maintain_order=True)
    columns = [pl.col(TIME), *(pl.col(n) for n in frame.columns if n not in (TIME, NAME, VALUE, *hidden))]
    metrics = [
        pl.when(pl.col(NAME) == name).then(pl.col(VALUE)).alias(f"{NAME}:{name}")
        for name in frame.get_column(NAME).unique(maintain_order=True).sort().to_list()
    ]
    return Table(frame.select(columns + metrics), events=True)
