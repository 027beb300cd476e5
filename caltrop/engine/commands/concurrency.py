"""concurrency and gauge (Search Reference topics of those names)."""

from __future__ import annotations

import re

import polars as pl

from caltrop.engine.aggregate.arguments import gathered, names, text
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric
from caltrop.spl.ast import Command


@command("concurrency")
def concurrency(table: Table, cmd: Command, ctx: Context) -> Table:
    """For each row, how many rows (itself included) are under way when it starts; both ends of a row belong to it."""
    cmd = gathered(cmd)
    duration, start = text(cmd, "duration", ""), text(cmd, "start", "_time")
    if not duration:
        raise SearchError("concurrency needs duration=", node=cmd)
    output = text(cmd, "output", "concurrency")
    if duration not in table or start not in table:
        return table.with_frame(table.frame.with_columns(pl.lit(None, pl.Int64).alias(output)))
    begin = numeric(table.frame.get_column(start))
    end = begin + numeric(table.frame.get_column(duration)).fill_null(0.0)
    begun = begin.drop_nulls().sort().search_sorted(begin.fill_null(0.0), side="right").cast(pl.Int64)
    ended = end.drop_nulls().sort().search_sorted(begin.fill_null(0.0), side="left").cast(pl.Int64)
    count = pl.select(pl.when(begin.is_not_null()).then(begun - ended)).to_series()
    return table.with_frame(table.frame.with_columns(count.alias(output)))


@command("gauge")
def gauge(table: Table, cmd: Command, ctx: Context) -> Table:
    """The value as x and the limits of the ranges as y1, y2, …; 0 and 100 when none are given."""
    value, *limits = names(cmd.parts) or [""]
    if not value:
        raise SearchError("gauge needs a value", node=cmd)
    columns = [_column(table, value).alias("x")]
    columns += [_column(table, limit).alias(f"y{i}") for i, limit in enumerate(limits or ["0", "100"], 1)]
    return Table(
        table.frame.select(columns) if len(table) else Table.empty([f"y{i}" for i in range(1, len(columns))]).frame
    )


def _column(table: Table, written: str) -> pl.Expr:
    """A number as it is written, or the field of that name."""
    if re.fullmatch(r"-?\d+(\.\d+)?", written):
        return pl.lit(written)
    return pl.col(written) if written in table else pl.lit(None, pl.String)
