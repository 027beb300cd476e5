"""makeresults: rows out of nothing, or out of inline CSV or JSON (Search Reference: makeresults)."""

from __future__ import annotations

import csv
import io
import json

import polars as pl

from caltrop.engine import budget
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError, option_error
from caltrop.engine.jsonvalues import parse_json, plain
from caltrop.engine.registry import command
from caltrop.engine.table import Table
from caltrop.spl.ast import Command

MAX_COUNT = 10_000_000
_PROCESSOR = "'MakeResultsProcessor'"
_ANNOTATED = ("_raw", "host", "source", "sourcetype", "splunk_server", "splunk_server_group")


@command("makeresults")
def makeresults(table: Table, cmd: Command, ctx: Context) -> Table:
    """`count` rows with `_time` (now); annotate=t adds the default fields; data= gives rows of its own."""
    form = cmd.option("format")
    if form is not None or cmd.option("data") is not None:
        return Table(_inline(cmd, str(form or "").lower(), str(cmd.option("data") or "")))
    count = cmd.option("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MAX_COUNT:
        raise option_error(
            f"makeresults: count={count} is no number from 0 to {MAX_COUNT}",
            node=cmd,
            name="count",
            value=count,
            kind="non-negative integer",
        )
    budget.rows(count, 1)
    columns = [pl.Series("_time", [float(int(ctx.now))], dtype=pl.Float64).new_from_index(0, count)]
    if cmd.option("annotate") is True:
        server = str(cmd.option("splunk_server") or ctx.instance.server_name)
        for name in _ANNOTATED:
            value = server if name == "splunk_server" else None
            columns.append(pl.Series(name, [value], dtype=pl.String).new_from_index(0, count))
    return Table(pl.DataFrame(columns))


def _inline(cmd: Command, form: str, data: str) -> pl.DataFrame:
    if form == "csv":
        return _from_csv(data)
    if form == "json":
        return _from_json(cmd, data)
    raise SearchError(
        "makeresults: format= must be csv or json, with data=",
        node=cmd,
        says=f"An invalid 'format' was specified: {form}. Valid 'format' options are 'csv' and 'json'.",
        by=_PROCESSOR,
    )


def _from_csv(data: str) -> pl.DataFrame:
    """The first line names the columns; an empty cell has no value, nor has what a short row lacks.

    Columns come in the order of their names, as measured.
    """
    lines = [line.strip() for line in data.strip().splitlines()]
    rows = [row for row in csv.reader(io.StringIO("\n".join(lines)), skipinitialspace=True) if row]
    if not rows:
        return pl.DataFrame()
    names = list(dict.fromkeys(name.strip() for name in rows[0]))
    return pl.DataFrame(
        {name: [row[i] or None if i < len(row) else None for row in rows[1:]] for i, name in enumerate(names)},
        schema=dict.fromkeys(names, pl.String),
    ).select(sorted(names))


def _from_json(cmd: Command, data: str) -> pl.DataFrame:
    """An array of objects: a row each, its keys the columns; `_raw` is the object's text."""
    items, valid = parse_json(data)
    if not valid or not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SearchError(
            "makeresults: data= is no JSON array of objects",
            node=cmd,
            says="Incorrectly-formatted JSON data detected. Make sure your JSON-formatted data starts with '[' and ends "
            "with ']' and consists of JSON objects.",
            by=_PROCESSOR,
        )
    names = list(dict.fromkeys(key for item in items for key in item))
    columns: dict[str, list[str | list[str] | None]] = {
        name: [plain(item.get(name)) for item in items] for name in sorted(names)
    }
    columns.setdefault("_raw", [json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in items])
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
