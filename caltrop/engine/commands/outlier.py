"""outlier (Search Reference, "outlier"): values far outside the middle half of a numeric field."""

from __future__ import annotations

import polars as pl

from caltrop.engine.aggregate.arguments import choice, flag, gathered, names, number
from caltrop.engine.context import Context
from caltrop.engine.fieldnames import expand
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, number_text, numeric, render
from caltrop.spl.ast import Command


@command("outlier")
def outlier(table: Table, cmd: Command, ctx: Context) -> Table:
    """Values beyond a quartile by more than param times their distance are cut to that bound, or their rows removed."""
    fields = names(cmd.parts)
    options = gathered(cmd)
    choice(options, "type", "iqr", "iqr")
    action = choice(options, "action", "transform", "transform", "tf", "remove", "rm")
    return cut(
        table,
        expand(fields or ["*"], table.fields),
        remove=action in ("remove", "rm"),
        factor=number(options, "param", 2.5),
        lower=flag(options, "uselower", False),
        mark=flag(options, "mark", False),
    )


def cut(table: Table, fields: list[str], *, remove: bool, factor: float, lower: bool, mark: bool) -> Table:
    """`lower` also bounds from below; `mark` puts 000 before what was cut."""
    frame = table.frame
    keep = pl.Series([True], dtype=pl.Boolean).new_from_index(0, frame.height)
    for name in fields:
        column = frame.get_column(name)
        if column.dtype == MULTIVALUE:
            continue
        numbers = numeric(column)
        first, third = numbers.quantile(0.25, "linear"), numbers.quantile(0.75, "linear")
        if first is None or third is None:
            continue
        high, low = third + factor * (third - first), first - factor * (third - first)
        above = (numbers > high).fill_null(False)
        below = (numbers < low).fill_null(False) if lower else above & False
        if not (above | below).any():
            continue
        if remove:
            keep = keep & ~above & ~below
            continue
        prefix = "000" if mark else ""
        bound = (
            pl.when(above).then(pl.lit(prefix + number_text(high))).when(below).then(pl.lit(prefix + number_text(low)))
        )
        frame = frame.with_columns(bound.otherwise(pl.lit(render(column))).alias(name))
    return table.with_frame(frame.filter(keep))
