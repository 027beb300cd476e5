"""eventstats (Search Reference, "eventstats")."""

from __future__ import annotations

import polars as pl

from caltrop.engine.aggregate import aggregate
from caltrop.engine.aggregate.arguments import aggregations, by_fields, checked, flag
from caltrop.engine.context import Context
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table
from caltrop.spl.ast import Command


@command("eventstats", settled=True)
def eventstats(table: Table, cmd: Command, ctx: Context) -> Table:
    """Every row with the aggregates of its group. Rows without a BY field stay and get none.

    A row whose BY field is multivalue takes part in the group of each value and gets the aggregates of the first.
    """
    cmd = checked(cmd)
    by = by_fields(cmd)
    groups = aggregate(table.frame, aggregations(cmd), by, ctx, allnum=flag(cmd, "allnum", False))
    new = [name for name in groups.columns if name not in by]
    if not by:
        columns = [groups.get_column(name).new_from_index(0, len(table)) for name in new]
        return table.with_frame(table.frame.with_columns(columns))
    missing = [name for name in by if name not in table]
    if missing:
        nothing = [pl.lit(None, groups.schema[name]).alias(name) for name in new]
        return table.with_frame(table.frame.with_columns(nothing))
    keys = table.frame.select(
        pl.col(name).list.first() if table.frame.schema[name] == MULTIVALUE else pl.col(name) for name in by
    )
    found = keys.join(groups, on=by, how="left", maintain_order="left").select(new)
    return table.with_frame(table.frame.with_columns(found.get_columns()))
