"""correlate, analyzefields and af (Search Reference topics of those names): how fields go together."""

from __future__ import annotations

import polars as pl

from caltrop.engine.aggregate.arguments import choice, gathered, text
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, numeric, render
from caltrop.knowledge.limits import CORRELATE_FIELDS
from caltrop.spl.ast import Command


@command("correlate", note="A cell is the share of rows with both fields among those with either.")
def correlate(table: Table, cmd: Command, ctx: Context) -> Table:
    """A matrix of co-occurrence: RowField, then a column a field, cells from 0 to 1 with two decimals."""
    choice(gathered(cmd), "type", "cocur", "cocur")
    fields = sorted(name for name in table.fields if not name.startswith("_"))[: ctx.limit(CORRELATE_FIELDS)]
    present = {name: table.frame.get_column(name).is_not_null() for name in fields}
    rows: dict[str, pl.Series] = {"RowField": pl.Series("RowField", fields, dtype=pl.String)}
    for name in fields:
        shares = [
            _share(int((present[name] & present[other]).sum()), int((present[name] | present[other]).sum()))
            for other in fields
        ]
        rows[name] = pl.Series(name, shares, dtype=pl.String)
    return Table(pl.DataFrame(list(rows.values())))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "0.00"


@command("analyzefields", "af", note="A field predicts by its best single threshold.")
def analyzefields(table: Table, cmd: Command, ctx: Context) -> Table:
    """How well each numeric field predicts a field of two values: field, count, cocur, acc, balacc."""
    target = text(cmd, "classfield", "")
    if not target:
        raise SearchError(f"{cmd.name} needs classfield=", node=cmd)
    if target not in table:
        return Table.empty(["field", "count", "cocur", "acc", "balacc"])
    classes = render(table.frame.get_column(target))
    values = classes.drop_nulls().unique().sort()
    if len(values) != 2:
        raise SearchError(f"{target!r} has {len(values)} values; {cmd.name} needs a field of two values", node=cmd)
    rows = []
    for name in table.fields:
        if name == target or name.startswith("_"):
            continue
        both = pl.DataFrame({"x": numeric(table.frame.get_column(name)), "y": classes == values[1]}).drop_nulls()
        if both.height == 0:
            continue
        accuracy, balanced = _best_threshold(both)
        rows.append(
            {
                "field": name,
                "count": both.height,
                "cocur": both.height / classes.count(),
                "acc": accuracy,
                "balacc": balanced,
            }
        )
    schema = {"field": pl.String, "count": pl.Int64, "cocur": pl.Float64, "acc": pl.Float64, "balacc": pl.Float64}
    return Table(pl.DataFrame(rows, schema=schema))


def _best_threshold(both: pl.DataFrame) -> tuple[float, float]:
    """Accuracy and balanced accuracy of the best rule "above a threshold means the one class"."""
    steps = both.group_by("x").agg(pl.col("y").sum().alias("yes"), pl.len().alias("all")).sort("x")
    yes_below = [0, *steps.get_column("yes").cum_sum().to_list()]
    all_below = [0, *steps.get_column("all").cum_sum().to_list()]
    yes, total = yes_below[-1], all_below[-1]
    no = total - yes
    best, balance = 0.0, 0.0
    for yes_low, low in zip(yes_below, all_below, strict=True):
        right_yes, right_no = yes - yes_low, low - yes_low  # "above" means yes
        for hits, passes in ((right_yes, right_no), (yes - right_yes, no - right_no)):
            best = max(best, (hits + passes) / total)
            halves = [part for part in (hits / yes if yes else None, passes / no if no else None) if part is not None]
            balance = max(balance, sum(halves) / len(halves))
    return best, balance
