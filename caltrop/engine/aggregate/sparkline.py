"""sparkline(count), sparkline(avg(x), span): a small time line in one multivalue cell (the stats topic, "Sparkline options").

A cell holds the marker that Splunk Web draws from, then the values of equal spans over the whole time range; without events a span
is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from caltrop.engine.aggregate.buckets import Buckets, automatic, parse
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.table import numeric, render
from caltrop.knowledge.limits import SPARKLINE_MAXSIZE
from caltrop.spl.ast import Aggregation

MARKER = "##__SPARKLINE__##"
BUCKET = "\x00bucket"


Aggregate = Callable[[pl.DataFrame, Sequence[Aggregation], Sequence[str], Context], pl.DataFrame]


def sparkline(
    frame: pl.DataFrame,
    written: Aggregation,
    by: Sequence[str],
    result: pl.DataFrame,
    ctx: Context,
    aggregate: Aggregate,
) -> pl.DataFrame:
    """`result` (one row a group) with the column of one sparkline. Its inner function is an aggregation of its own (`aggregate`)."""
    inner = written.argument
    if inner is None:
        inner = Aggregation("count", None, None, "count")
    if not isinstance(inner, Aggregation):
        raise SearchError("sparkline takes a function, as in sparkline(avg(field), 1h)", node=written)
    name = written.alias or written.text
    given = parse(written.extra[0], ctx.timezone, written) if written.extra else None
    time = numeric(frame.get_column("_time")) if "_time" in frame.columns else pl.Series([], dtype=pl.Float64)
    first, last = _range(time, ctx)
    if first is None or last is None:
        return result.with_columns(pl.lit(None, pl.List(pl.String)).alias(name))
    most = ctx.limit(SPARKLINE_MAXSIZE)
    buckets = given or Buckets(automatic(first, last, most), ctx.timezone)
    edges = list(buckets.starts(first, last))[-most:]
    value = "\x00value"
    points = aggregate(
        frame.with_columns(buckets.floor(time).alias(BUCKET)), [replace(inner, alias=value)], [*by, BUCKET], ctx
    )
    groups = result.select(by).unique(maintain_order=True) if by else pl.DataFrame({"\x00one": [0]})
    grid = groups.join(
        pl.DataFrame({BUCKET: edges}, schema={BUCKET: pl.Float64}), how="cross", maintain_order="left_right"
    )
    keys = list(groups.columns)
    if not by:
        points = points.with_columns(pl.lit(0, pl.Int64).alias(keys[0]))
        result = result.with_columns(pl.lit(0, pl.Int64).alias(keys[0]))
    filled = grid.join(points, on=[*keys, BUCKET], how="left", maintain_order="left")
    filled = filled.with_columns(render(filled.get_column(value)).fill_null("0").alias(name))
    lines = filled.group_by(keys, maintain_order=True).agg(pl.col(name))
    lines = lines.with_columns(pl.concat_list(pl.lit(MARKER), pl.col(name)).alias(name))
    return result.join(lines, on=keys, how="left", maintain_order="left").drop([] if by else keys)


def _range(time: pl.Series, ctx: Context) -> tuple[float | None, float | None]:
    """The search's time range where it has one, else that of the rows."""
    low, high = time.min(), time.max()
    earliest, latest = ctx.time_range
    first = earliest or low
    end = latest if latest is not None or not earliest else ctx.now
    last = high if end is None else math.nextafter(end, 0.0)  # the end of a search is exclusive
    return (
        float(first) if isinstance(first, int | float) else None,
        float(last) if isinstance(last, int | float) else None,
    )
