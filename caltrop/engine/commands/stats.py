"""stats and sistats (Search Reference, "stats" and "sistats")."""

from __future__ import annotations

from caltrop.engine.aggregate import aggregate, to_prestats
from caltrop.engine.aggregate.arguments import aggregations, by_fields, flag, gathered
from caltrop.engine.context import Context
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table
from caltrop.spl.ast import Command


@command("stats", note="`partitions` is read and changes nothing.", settled=True)
def stats(table: Table, cmd: Command, ctx: Context) -> Table:
    """One row a combination of BY values, or one row in all where it has a value; nothing is left when nothing is asked for."""
    if not cmd.parts:
        return Table.empty()
    cmd = gathered(cmd)
    frame = aggregate(
        table.frame,
        aggregations(cmd),
        by_fields(cmd),
        ctx,
        allnum=flag(cmd, "allnum", False),
        dedup_splitvals=flag(cmd, "dedup_splitvals", flag(cmd, "dedup_splitval", False)),
    )
    if len(frame) == 1 and not by_fields(cmd) and all(column.null_count() for column in frame.get_columns()):
        frame = frame.clear()  # sums and values of nothing are no row; a count of nothing is 0
    delimiter = cmd.option("delim")
    if delimiter is not None:  # what nomv will join list() and values() with
        ctx.delimiters.update({name: str(delimiter) for name, dtype in frame.schema.items() if dtype == MULTIVALUE})
    return Table(frame)


@command("sistats", note="The psrsvd_ columns are our own encoding of Splunk's names.")
def sistats(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows of partial results from which `stats` of the same arguments gets its result."""
    cmd = gathered(cmd)
    return Table(to_prestats(table.frame, aggregations(cmd), by_fields(cmd), ctx))
