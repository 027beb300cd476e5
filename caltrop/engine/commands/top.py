"""top, rare, sitop and sirare (Search Reference, "top" and "rare").

Only rows that have all the fields count. `rare` is in ascending order of count and values, `top` in exactly the reverse order.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from caltrop.engine.aggregate import aggregate, natural_order, to_prestats
from caltrop.engine.aggregate.arguments import by_fields, flag, gathered, plain_names, text, whole
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table
from caltrop.knowledge.limits import RARE_ROWS, TOP_ROWS
from caltrop.spl.ast import Aggregation, Command

COUNT, TOTAL, RANK = "\x00count", "\x00total", "\x00rank"
_COUNT = Aggregation("count", None, COUNT, "count")


@command("top")
def top(table: Table, cmd: Command, ctx: Context) -> Table:
    """The most frequent values with their count and share."""
    return _frequent(table, cmd, ctx, best=True)


@command("rare")
def rare(table: Table, cmd: Command, ctx: Context) -> Table:
    """The least frequent values with their count and share."""
    return _frequent(table, cmd, ctx, best=False)


@command("sitop", "sirare")
def sitop(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows of partial results from which `top` (or `rare`) of the same arguments gets its result."""
    fields, by = _fields(cmd)
    return Table(to_prestats(table.frame, [_COUNT], [*by, *fields], ctx))


def _fields(cmd: Command) -> tuple[list[str], list[str]]:
    by = by_fields(gathered(cmd))
    fields = [name for name in dict.fromkeys(plain_names(cmd, cmd.parts)) if name not in by]
    if not fields:
        raise SearchError(f"{cmd.name} needs a field" + (" beside those behind BY" if by else ""), node=cmd)
    return fields, by


def _frequent(table: Table, cmd: Command, ctx: Context, *, best: bool) -> Table:
    fields, by = _fields(cmd)
    cmd = gathered(cmd)
    count, percent = text(cmd, "countfield", "count"), text(cmd, "percentfield", "percent")
    taken = next((name for name in (count, percent) if name in (*fields, *by)), count if count == percent else None)
    if taken is not None:
        raise SearchError(
            f"the column {taken!r} has the name of {'the other' if count == percent else 'a field'}",
            node=cmd,
            hint="Set countfield= or percentfield= to another name.",
        )
    counted = aggregate(table.frame, [_COUNT], [*by, *fields], ctx)
    total = pl.col(COUNT).sum()
    counted = counted.with_columns((total.over(by) if by else total).alias(TOTAL))
    counted = natural_order(counted, fields).sort(COUNT, maintain_order=True)
    counted = counted.reverse() if best else counted
    if by:
        counted = _grouped(counted, by)
    most = ctx.limit(TOP_ROWS if best else RARE_ROWS)
    limit = min(whole(cmd, "limit", 10) or most, most)
    if limit:
        position = pl.int_range(pl.len())
        counted = counted.with_columns((position.over(by) if by else position).alias(RANK))
        rest = counted.filter(pl.col(RANK) >= limit)
        counted = counted.filter(pl.col(RANK) < limit).drop(RANK)
        if flag(cmd, "useother", False) and rest.height:
            counted = _with_others(counted, rest, fields, by, text(cmd, "otherstr", "OTHER"))
    # As columns, not by name: a field may be called as what Polars reads as a pattern.
    columns = [counted.get_column(name) for name in (*by, *fields)]
    if flag(cmd, "showcount", True):
        columns.append(counted.get_column(COUNT).alias(count))
    if flag(cmd, "showperc", True):
        shares = (counted.get_column(COUNT) / counted.get_column(TOTAL) * 100).to_list()
        columns.append(pl.Series(percent, [f"{share:.6f}" for share in shares], dtype=pl.String))
    columns.append(counted.get_column(TOTAL).alias("_tc"))  # of all values, those beyond the limit included (measured)
    return Table(pl.DataFrame(columns))


def _grouped(counted: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Groups one after the other in natural order, each keeping its own order."""
    groups = natural_order(counted.select(by).unique(maintain_order=True), by)
    return groups.join(counted, on=list(by), how="left", maintain_order="left_right")


def _with_others(
    kept: pl.DataFrame, rest: pl.DataFrame, fields: Sequence[str], by: Sequence[str], name: str
) -> pl.DataFrame:
    """A last row (of each group) for all values beyond the limit."""
    sums = [pl.col(COUNT).sum(), pl.col(TOTAL).first()]
    others = rest.group_by(by, maintain_order=True).agg(sums) if by else rest.select(sums)
    texts = [pl.lit(name).alias(field) for field in fields]
    kept = kept.with_columns(kept.get_column(field).cast(pl.String) for field in fields)
    others = others.with_columns(texts)
    others = pl.DataFrame([others.get_column(name) for name in kept.columns])
    both = pl.concat([kept, others], how="vertical_relaxed")
    return _grouped(both, by) if by else both
