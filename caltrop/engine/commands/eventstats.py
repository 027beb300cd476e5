"""eventstats (Search Reference, "eventstats")."""

from __future__ import annotations

import polars as pl

from caltrop.engine import budget
from caltrop.engine.aggregate import aggregate
from caltrop.engine.aggregate.arguments import aggregations, by_fields, flag, gathered
from caltrop.engine.context import Context
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table
from caltrop.spl.ast import Command

SIZE = "\x00size"


def _bytes(frame: pl.DataFrame) -> pl.Series:
    """Bytes of each row, about."""
    sizes = [pl.int_range(pl.len(), dtype=pl.Int64) * 0 + 8]
    for name, dtype in frame.schema.items():
        if dtype == pl.String:
            sizes.append(pl.col(name).str.len_bytes().cast(pl.Int64).fill_null(0))
        elif dtype == MULTIVALUE:
            each = pl.col(name).list.eval(pl.element().str.len_bytes() + 16)
            sizes.append(each.list.sum().cast(pl.Int64).fill_null(0))
    return frame.select(pl.sum_horizontal(sizes).alias(SIZE)).to_series()


@command("eventstats", settled=True)
def eventstats(table: Table, cmd: Command, ctx: Context) -> Table:
    """Every row with the aggregates of its group. Rows without a BY field stay and get none.

    A row whose BY field is multivalue takes part in the group of each value and gets the aggregates of the first.
    """
    cmd = gathered(cmd)
    by = by_fields(cmd)
    groups = aggregate(table.frame, aggregations(cmd), by, ctx, allnum=flag(cmd, "allnum", False))
    new = [name for name in groups.columns if name not in by]
    spread = sum(int(groups.get_column(name).estimated_size()) for name in new)
    if not by:
        budget.size(spread * len(table))
        columns = [groups.get_column(name).new_from_index(0, len(table)) for name in new]
        return table.with_frame(table.frame.with_columns(columns))
    missing = [name for name in by if name not in table]
    if missing:
        nothing = [pl.lit(None, groups.schema[name]).alias(name) for name in new]
        return table.with_frame(table.frame.with_columns(nothing))
    keys = table.frame.select(
        pl.col(name).list.first() if table.frame.schema[name] == MULTIVALUE else pl.col(name) for name in by
    )
    if spread * len(table) > budget.allowed().memory:  # each value in every row would be too much
        sizes = groups.select(by).with_columns(_bytes(groups.select(new)))
        budget.size(int(keys.join(sizes, on=by, how="left").get_column(SIZE).sum()))
    found = keys.join(groups, on=by, how="left", maintain_order="left").select(new)
    return table.with_frame(table.frame.with_columns(found.get_columns()))
