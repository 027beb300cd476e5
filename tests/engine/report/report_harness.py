"""Runs commands over rows that a test writes down, without an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from caltrop.engine import registry
from caltrop.engine.context import Context
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance
from caltrop.engine.table import MULTIVALUE, Table, render
from caltrop.spl import parse

NOW = 1700000000.0
Row = Mapping[str, Any]


def table_of(rows: Sequence[Row]) -> Table:
    """Cells are text, numbers, lists of text, or absent. A column of one kind has that type, else it is text."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = []
    for name in names:
        cells = [row.get(name) for row in rows]
        kinds = {type(cell) for cell in cells if cell is not None}
        if list in kinds:
            cells = [None if c is None else [str(v) for v in c] if isinstance(c, list) else [str(c)] for c in cells]
            columns.append(pl.Series(name, cells, dtype=MULTIVALUE))
        elif kinds and kinds <= {int}:
            columns.append(pl.Series(name, cells, dtype=pl.Int64))
        elif kinds and kinds <= {int, float}:
            columns.append(pl.Series(name, [None if c is None else float(c) for c in cells], dtype=pl.Float64))
        else:
            columns.append(pl.Series(name, [None if c is None else str(c) for c in cells], dtype=pl.String))
    return Table(pl.DataFrame(columns), events=True)


@cache
def _instance() -> Instance:
    """Without events and apps."""
    return Instance(None, [], now=NOW)


def context(**facts: Any) -> Context:
    return Context(instance=_instance(), engine=Engine(), now=NOW, **facts)


def run_table(spl: str, rows: Sequence[Row] | Table, **facts: Any) -> Table:
    """The table after the commands of `spl` (without a leading search)."""
    registry.load()
    ctx = context(**facts)
    source = rows if isinstance(rows, Table) else table_of(rows)
    return ctx.engine.run(parse("| " + spl.lstrip("| ")), ctx, source=source)


def run(spl: str, rows: Sequence[Row] | Table, **facts: Any) -> list[dict[str, Any]]:
    """The result rows as a person sees them: text, or a list of several texts; missing cells left out."""
    return cells(run_table(spl, rows, **facts))


def cells(table: Table) -> list[dict[str, Any]]:
    frame = pl.DataFrame([render(table.frame.get_column(name)) for name in table.fields])
    out = []
    for row in frame.to_dicts():
        plain = {k: v[0] if isinstance(v, list) and len(v) == 1 else v for k, v in row.items()}
        out.append({k: v for k, v in plain.items() if v is not None})
    return out
