"""Results of a search as text: JSON, CSV, a table."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence

import click

from caltrop.dialect import strftime
from caltrop.engine.table import Table, render

MANY_FIELDS = 12


def columns_of(table: Table) -> list[str]:
    """Visible columns, _time and _raw."""
    return [c for c in table.fields if not c.startswith("_") or c in ("_time", "_raw")]


def cells_of(table: Table, names: Sequence[str]) -> list[list[str | list[str] | None]]:
    """Rows of rendered values; _time as a date."""
    columns: list[list[str | list[str] | None]] = []
    for name in names:
        column = table.frame.get_column(name)
        if name == "_time" and column.dtype.is_numeric():
            columns.append(strftime.write(column, "%Y-%m-%dT%H:%M:%S.%Q%:z").to_list())
        else:
            columns.append(render(column).to_list())
    return [list(row) for row in zip(*columns, strict=True)]


def write_json(table: Table) -> None:
    names = columns_of(table)
    for row in cells_of(table, names):
        click.echo(json.dumps({n: v for n, v in zip(names, row, strict=True) if v is not None}, ensure_ascii=False))


def write_csv(table: Table) -> None:
    names = columns_of(table)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["\n".join(v) if isinstance(v, list) else v for v in row] for row in cells_of(table, names)])
    click.echo(out.getvalue(), nl=False)


def write_table(table: Table) -> None:
    """Aligned columns; on a terminal with lines between them. Events with many fields are shown as an event list."""
    names = columns_of(table)
    if table.events and len(names) > MANY_FIELDS and "_raw" in names:
        click.echo(
            f"{len(names)} fields: shown are _time and _raw; name fields with 'table', or use --format json", err=True
        )
        names = ["_time", "_raw"]
    rows = [["\n".join(v) if isinstance(v, list) else v or "" for v in row] for row in cells_of(table, names)]
    if sys.stdout.isatty():
        _rich(names, rows)
        return
    flat = [[cell.replace("\n", "\\n") for cell in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in flat)]) for i, name in enumerate(names)]
    for row in [names, *flat]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _rich(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid()
    for name in names:
        grid.add_column(Text(name), overflow="fold")
    for row in rows:
        grid.add_row(*(Text(cell) for cell in row))
    Console().print(grid)
