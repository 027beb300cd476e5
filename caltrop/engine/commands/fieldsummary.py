"""fieldsummary (Search Reference, "fieldsummary")."""

from __future__ import annotations

import json

import polars as pl

from caltrop.engine.aggregate.arguments import gathered, names, whole
from caltrop.engine.aggregate.inputs import numbers_of
from caltrop.engine.context import Context
from caltrop.engine.fieldnames import expand
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, render
from caltrop.spl.ast import Command

COLUMNS = ("field", "count", "distinct_count", "is_exact", "max", "mean", "min", "numeric_count", "stdev", "values")


@command("fieldsummary")
def fieldsummary(table: Table, cmd: Command, ctx: Context) -> Table:
    """A row a field, in order of their names: counts, numeric facts, and the most frequent values as JSON."""
    most = whole(gathered(cmd), "maxvals", 100)
    fields = sorted(expand(names(cmd.parts) or ["*"], table.fields))
    rows = [row for name in fields if (row := _summary(name, table.frame.get_column(name), most)) is not None]
    kinds = {"count": pl.Int64, "distinct_count": pl.Int64, "is_exact": pl.Int64, "numeric_count": pl.Int64}
    floats = dict.fromkeys(("max", "mean", "min", "stdev"), pl.Float64)
    return Table(pl.DataFrame(rows, schema={c: kinds.get(c) or floats.get(c) or pl.String for c in COLUMNS}))


def _summary(name: str, column: pl.Series, most: int) -> dict[str, object] | None:
    numbers = numbers_of(column)
    if column.dtype == MULTIVALUE:
        column, numbers = column.explode(), numbers.explode()
    texts, numbers = render(column).drop_nulls(), numbers.drop_nulls()
    if texts.is_empty():
        return None
    counts = (
        texts.alias("value").value_counts(sort=False, name="count").sort(["count", "value"], descending=[True, False])
    )
    shown = counts.head(most) if most else counts
    return {
        "field": name,
        "count": len(texts),
        "distinct_count": counts.height,
        "is_exact": 1,
        "max": numbers.max(),
        "mean": numbers.mean(),
        "min": numbers.min(),
        "numeric_count": len(numbers),
        "stdev": 0.0 if len(numbers) == 1 else numbers.std(),
        "values": json.dumps(shown.to_dicts(), separators=(",", ":"), ensure_ascii=False),
    }
