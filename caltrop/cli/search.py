"""caltrop search: SPL over files, with no server."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from caltrop.cli.options import addon_options, packages, windows_option
from caltrop.dialect import strftime
from caltrop.engine.context import Message
from caltrop.engine.instance import Instance
from caltrop.engine.table import Table, render
from caltrop.index.importers import FORMATS
from caltrop.knowledge import app_folders

MANY_FIELDS = 12


@click.command()
@click.argument("spl")
@click.option(
    "--data", "data", multiple=True, metavar="PATH", help="A file, folder, archive or archive!member (may be repeated)."
)
@addon_options
@click.option("--earliest", help="Start of the time range: -1h@h, epoch seconds, …")
@click.option("--latest", help="End of the time range.")
@click.option("--now", type=float, metavar="EPOCH", help="Pin the current time.")
@click.option("--index", help="Put all events into this index.")
@click.option("--sourcetype", help="Give all events this source type.")
@click.option("--source", help="Give all events this source.")
@click.option("--host", help="Give all events this host.")
@click.option(
    "--read-as", "form", type=click.Choice(FORMATS), default="auto", help="What the files are, instead of finding out."
)
@windows_option
@click.option(
    "--context", default="search", metavar="APP", help="The app whose knowledge objects the search sees first."
)
@click.option(
    "--format", "output", type=click.Choice(["table", "json", "csv"]), default="table", help="json: one object a line."
)
def command(
    spl: str, data: tuple[str, ...], apps: tuple[Path, ...], addons: bool, earliest: str | None, latest: str | None,
    now: float | None, index: str | None, sourcetype: str | None, source: str | None, host: str | None, form: str,
    windows: str, context: str, output: str,
) -> None:  # fmt: skip
    """Run SPL over files of any log format, with no server.

    What the search writes (outputlookup) is there for the search, and gone with it: no app is changed.
    """
    with app_folders(packages(apps), addons=addons) as folders:
        instance = Instance(None, folders, now=now)
        instance.store.create_index("main")
        options = instance.import_options(
            host=host, source=source, sourcetype=sourcetype, index=index, format=form,
            windows="classic" if windows == "classic" else "xml",
            on_problem=lambda problem: click.echo(str(problem), err=True),
        )  # fmt: skip
        for path in data:
            if not instance.add_file(path, options):
                click.echo(f"{path}: no events", err=True)
        said: list[Message] = []
        try:
            result = instance.search(spl, earliest=earliest, latest=latest, app=context, messages=said)
        finally:  # a search that fails may have said before what is wrong
            for message in said:
                click.echo(f"{message.severity}: {message.text}", err=True)
    {"json": write_json, "csv": write_csv, "table": write_table}[output](result.table)


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
