"""lookup, inputlookup, outputlookup, inputcsv, outputcsv."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from caltrop.dialect.words import did_you_mean
from caltrop.engine import asking, chunked
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, coalesced, concat, numeric, render
from caltrop.errors import CaltropError
from caltrop.knowledge.lookups import Lookup, read_csv, write_csv
from caltrop.knowledge.scripted import Scripted
from caltrop.spl.ast import Alias, Command, FieldName, Node, Word

MAXOUT = 1_000_000_000
_CSV = re.compile(r"[^/\\\x00.][^/\\\x00]*")


def lookup_named(name: str, cmd: Command, ctx: Context) -> Lookup:
    """The lookup that the search's app and user see under this name; SearchError names the nearest one."""
    try:
        found = asking.lookup(name, ctx)
        if found is None:
            raise SearchError(
                f"the lookup table '{name}' does not exist",
                node=cmd,
                hint=did_you_mean(name, asking.knowledge(ctx).lookups()),
            )
        found.rows()
    except SearchError:
        raise
    except CaltropError as error:
        raise SearchError(error.message, node=cmd, hint=error.hint) from error
    return found


def _name(cmd: Command, syntax: str) -> str:
    words = cmd.of(Word)
    if not words:
        raise SearchError(f"'{cmd.name}' needs the name of a table", node=cmd, hint=syntax)
    return words[0].text


def _pairs(parts: tuple[Node, ...]) -> list[tuple[str, str]]:
    """(lookup field, event field) of each part."""
    pairs = []
    for part in parts:
        if isinstance(part, FieldName):
            pairs.append((part.name, part.name))
        elif isinstance(part, Alias):
            pairs.append((part.source.name, part.target.name))
    return pairs


@command("lookup", note="OUTPUT leaves an existing field as it is in rows where nothing matches.")
def lookup(table: Table, cmd: Command, ctx: Context) -> Table:
    """Fields of the table's rows that match (Search Reference: lookup; options of transforms.conf)."""
    found = lookup_named(_name(cmd, "lookup <table> <field> [AS <event field>] OUTPUT <field>"), cmd, ctx)
    inputs = _pairs(cmd.parts)
    if not inputs:
        raise SearchError("'lookup' needs fields to match on", node=cmd)
    new, old = _pairs(cmd.clause("outputnew") or ()), _pairs(cmd.clause("output") or ())
    if not new and not old:
        matched_on = {lookup_field for lookup_field, _ in inputs}
        old = [(name, name) for name in found.fields if name not in matched_on]
    outputs = old + new
    frame = table.frame
    absent = dict.fromkeys(event for _, event in inputs if event not in frame.columns)
    if absent:
        frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
    time = cmd.option("event_time_field")
    if time is not None and str(time) in frame.columns:  # of a temporal lookup
        frame = frame.with_columns(numeric(frame.get_column(str(time))).alias("_time"))
    try:
        matched = found.match(
            frame.with_columns(render(frame.get_column(event)) for event in dict.fromkeys(e for _, e in inputs)),
            dict(inputs),
            list(dict.fromkeys(name for name, _ in outputs)),
        )
    except CaltropError as error:
        raise SearchError(error.message, node=cmd, hint=error.hint) from error
    frame = table.frame
    if not frame.width:
        return table
    for pair in outputs:
        name, target = pair
        column = matched.get_column(name).alias(target)
        if target in frame.columns:
            mine = frame.get_column(target)
            column = coalesced(mine, column) if pair in new else coalesced(column, mine)
        frame = frame.with_columns(column.alias(target))
    return table.with_frame(frame)


@command("inputlookup")
def inputlookup(table: Table, cmd: Command, ctx: Context) -> Table:
    """The rows of a lookup, those from `start` that `where` matches, at most `max` of them."""
    found = lookup_named(_name(cmd, "inputlookup <table>"), cmd, ctx)
    if isinstance(found, Scripted):
        raise SearchError(
            f"the rows of '{found.name}' are made by a script for what is asked: they cannot be listed", node=cmd
        )
    return _read(chunked.folded(found.rows()), table, cmd, ctx)


def _read(frame: pl.DataFrame, table: Table, cmd: Command, ctx: Context) -> Table:
    where = cmd.clause("where")
    if where:
        frame = frame.filter(ctx.engine.matches(where[0], frame, ctx)) if frame.height else frame
    start, most = cmd.option("start", 0), cmd.option("max", MAXOUT)
    frame = frame.slice(start if isinstance(start, int) else 0, most if isinstance(most, int) else None)
    if "_time" in frame.columns:
        time = numeric(frame.get_column("_time"))
        if time.null_count() == frame.get_column("_time").null_count():
            frame = frame.with_columns(time)
    read = Table(frame, events=bool(cmd.option("events", False)))
    return concat([table, read]) if cmd.option("append", False) else read


@command(
    "outputlookup",
    note="The table is written where the lookup is already, else into the app; createinapp and create_context change nothing.",
)
def outputlookup(table: Table, cmd: Command, ctx: Context) -> Table:
    """Write the results to a lookup; the results go on unchanged.

    No results empty a collection; of a file they make an empty one with create_empty=t, else it is deleted. With
    override_if_empty=f they change nothing.
    """
    name = _name(cmd, "outputlookup <table>")
    knowledge = asking.knowledge(ctx)
    rows = _visible(table, cmd)
    key = str(cmd.option("key_field") or "")
    append = bool(cmd.option("append", bool(key)))
    try:
        existing = asking.lookup(name, ctx)
        if not rows.height:
            if append or not cmd.option("override_if_empty", True):
                return table
            if existing is None and not cmd.option("create_empty", False):
                return table
            if existing is not None and not cmd.option("create_empty", False) and knowledge.remove_lookup_file(name):
                return table
            rows = existing.rows().clear() if existing is not None else rows
        elif append and existing is not None:
            rows = _added(existing.rows(), rows, key)
        knowledge.write_lookup(name, rows, app=ctx.app)
    except CaltropError as error:
        raise SearchError(error.message, node=cmd, hint=error.hint) from error
    finally:
        ctx.instance.config.reload()
    return table


def _visible(table: Table, cmd: Command) -> pl.DataFrame:
    """What is written: visible fields (and `_key`, `_time`), as text.

    Several values of a field become one text, joined by spaces; output_format=splunk_mv_csv keeps them in `__mv_` fields.
    """
    columns = []
    for name in (n for n in table.fields if not n.startswith("_") or n in ("_key", "_time")):
        column = render(table.frame.get_column(name))
        if column.dtype == MULTIVALUE and str(cmd.option("output_format", "")).lower() == "splunk_mv_csv":
            columns.append(chunked.marked(column).alias(f"__mv_{name}"))
        columns.append(column.list.join(" ") if column.dtype == MULTIVALUE else column)
    most = cmd.option("max")
    frame = pl.DataFrame(columns)
    return frame.head(most) if isinstance(most, int) and most > 0 else frame


def _added(existing: pl.DataFrame, rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """New rows below the old ones; the table keeps its fields, others are dropped. Rows of an equal key are replaced."""
    if existing.width:
        rows = rows.select(
            rows.get_column(n) if n in rows.columns else pl.lit(None, pl.String).alias(n) for n in existing.columns
        )
    if key and key in existing.columns:
        existing = existing.filter(~pl.col(key).is_in(rows.get_column(key).implode()).fill_null(False))
    return concat([Table(existing), Table(rows)]).frame


@command("inputcsv")
def inputcsv(table: Table, cmd: Command, ctx: Context) -> Table:
    """The rows of a file that outputcsv wrote (var/run/splunk/csv)."""
    path = _csv_path(cmd, ctx)
    if not path.is_file():
        if cmd.option("strict", False):
            raise SearchError(f"the file '{path.name}' does not exist", node=cmd)
        ctx.warn(f"inputcsv: the file '{path.name}' does not exist")
        return table if cmd.option("append", False) else Table.empty()
    return _read(read_csv(path.read_bytes()), table, cmd, ctx)


@command("outputcsv", note="dispatch, singlefile and usexml are read and change nothing.")
def outputcsv(table: Table, cmd: Command, ctx: Context) -> Table:
    """Write the results to a file in var/run/splunk/csv; the results go on unchanged."""
    path = _csv_path(cmd, ctx)
    if not len(table) and not cmd.option("create_empty", False):
        if cmd.option("override_if_empty", True) and not cmd.option("append", False):
            path.unlink(missing_ok=True)
        return table
    names = [n for n in table.fields if not n.startswith("_") or n in ("_time", "_raw", "_indextime")]
    columns = [render(table.frame.get_column(n)) for n in names]
    rows = pl.DataFrame([c.list.join(" ") if c.dtype == MULTIVALUE else c for c in columns])
    if cmd.option("append", False) and path.is_file():
        rows = _added(read_csv(path.read_bytes()), rows, "")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write_csv(rows))
    return table


def _csv_path(cmd: Command, ctx: Context) -> Path:
    name = _name(cmd, f"{cmd.name} <file>")
    if not _CSV.fullmatch(name):
        raise SearchError(f"'{name}' is no file name", node=cmd, hint="a plain name, without folders")
    if ctx.instance.data_dir is None:
        raise SearchError(
            f"'{cmd.name}' needs a data directory", node=cmd, hint="run the search against `caltrop serve`"
        )
    folder = ctx.instance.data_dir / "var" / "run" / "splunk" / "csv"
    return folder / (name if name.lower().endswith(".csv") else f"{name}.csv")
