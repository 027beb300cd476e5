"""Commands that put results of other searches below, beside or among the current ones: append, appendcols, appendpipe,
union, multisearch, set."""

from __future__ import annotations

import polars as pl

from caltrop.engine import registry, subsearches
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.execute import subsearch_part
from caltrop.engine.registry import command
from caltrop.engine.table import Table, coalesced, concat, render
from caltrop.knowledge.limits import SET_ROWS
from caltrop.spl.ast import Command, MacroCall, Subsearch, Word

DATASETS = frozenset({"datamodel", "lookup", "inputlookup", "savedsearch"})
MAXOUT, MAXTIME = 50_000, 60  # of append, appendcols and union: the defaults of their options


def results_of(node: Subsearch, cmd: Command, ctx: Context, most: int = MAXOUT, maxtime: int = MAXTIME) -> Table:
    """The subsearch's rows, cut to the command's maxout (0 is no limit)."""
    limit, seconds = _count(cmd, "maxout", most), _count(cmd, "maxtime", maxtime)
    return subsearches.run(node, ctx, limit=limit or None, maxtime=seconds)


def _count(cmd: Command, name: str, default: int) -> int:
    number = cmd.option(name, default)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise SearchError(f"'{cmd.name}' {name}={number} is no whole number from 0 up", node=cmd)
    return number


@command("append")
def append(table: Table, cmd: Command, ctx: Context) -> Table:
    """The subsearch's results after the current ones."""
    return concat([table, results_of(subsearch_part(cmd), cmd, ctx)])


@command("appendpipe")
def appendpipe(table: Table, cmd: Command, ctx: Context) -> Table:
    """What the pipeline makes of the current results, after them."""
    part = subsearch_part(cmd)
    return concat([table, ctx.engine.run(part.pipeline, ctx, source=table)])


@command("appendcols", note="Rows that the subsearch has more than the search are added at the end.")
def appendcols(table: Table, cmd: Command, ctx: Context) -> Table:
    """Row n of the subsearch gives its fields to row n; a value that is there already stays unless override=t.

    Internal fields of the subsearch are not taken. With override=t a value that the subsearch lacks stays too.
    """
    other = results_of(subsearch_part(cmd), cmd, ctx)
    override = bool(cmd.option("override", False))
    height = max(len(table), len(other))
    frame = _longer(table.frame, height)
    for column in _longer(other.frame, height).get_columns():
        name = column.name
        if name.startswith("_") or (name in table.fields and not override):
            continue
        if name in table.fields:
            column = coalesced(column, frame.get_column(name))
        frame = frame.with_columns(column) if frame.width else pl.DataFrame([column])
    return table.with_frame(frame)


def _longer(frame: pl.DataFrame, height: int) -> pl.DataFrame:
    if frame.height == height or not frame.width:
        return frame
    return pl.concat([frame, pl.DataFrame(schema=frame.schema).clear(height - frame.height)])


@command("union")
def union(table: Table, cmd: Command, ctx: Context) -> Table:
    """Current results and those of every dataset: events in order of time, anything else one after the other."""
    tables = [table] if table.frame.width else []
    for part in cmd.parts:
        if isinstance(part, Subsearch):
            tables.append(results_of(part, cmd, ctx))
        elif isinstance(part, Word):
            tables.append(dataset_named(part.text, cmd, ctx))
    if not tables:
        raise SearchError("'union' needs datasets or subsearches", node=cmd)
    return _merged(tables)


def dataset_named(text: str, cmd: Command, ctx: Context) -> Table:
    """`datamodel:X.Y`, `lookup:x`, `savedsearch:x`: what `from` reads."""
    kind, _, name = text.partition(":")
    if kind.lower() not in DATASETS or not name:
        raise SearchError(
            f"{text!r} is no dataset", node=cmd, hint="write datamodel:Model.Dataset, lookup:name or savedsearch:name"
        )
    source = Command("from", (Word(kind), Word(name.strip('"'))), span=cmd.span)
    return registry.commands["from"].run(Table.empty(), source, ctx)


@command("multisearch")
def multisearch(table: Table, cmd: Command, ctx: Context) -> Table:
    """Events of several streaming searches in order of time."""
    parts = cmd.of(Subsearch)
    if len(parts) < 2:
        raise SearchError("'multisearch' needs at least two subsearches", node=cmd)
    for part in parts:
        for stage in part.pipeline.commands[1:]:
            _refuse_unless_streaming(stage, cmd)
    return _merged([subsearches.run(part, ctx, limit=None) for part in parts])


def _refuse_unless_streaming(stage: Command | MacroCall, cmd: Command) -> None:
    entry = registry.commands.get(stage.name)
    if entry is not None and entry.kind not in ("streaming", "generating"):
        raise SearchError(
            f"'multisearch' takes streaming searches only, and '{stage.name}' is not streaming",
            node=cmd,
            hint="use append or union",
        )


def _merged(tables: list[Table]) -> Table:
    result = concat(tables)
    if result.events and "_time" in result:
        return result.with_frame(result.frame.sort("_time", descending=True, nulls_last=True, maintain_order=True))
    return result


@command("set")
def set_(table: Table, cmd: Command, ctx: Context) -> Table:
    """union, diff (in one of them only) or intersect of two subsearches; rows are equal when all visible fields are."""
    words = [w.text.lower() for w in cmd.of(Word)]
    parts = cmd.of(Subsearch)
    if words[:1] not in (["union"], ["diff"], ["intersect"]) or len(parts) != 2:
        raise SearchError("'set' is written set (union|diff|intersect) [subsearch] [subsearch]", node=cmd)
    most = ctx.limit(SET_ROWS)
    read = [subsearches.run(part, ctx, limit=None) for part in parts]
    if max(map(len, read)) > most:
        ctx.warn(f"set: only the first {most:,} results of a subsearch are read ([set] maxresultrows)")
    first, second = (table.with_frame(table.frame.head(most)) for table in read)
    keys_first, keys_second = _keys(first), _keys(second)
    if words[0] == "union":
        both = concat([first, second])
        keys = keys_first.append(keys_second)
        return both.with_frame(both.frame.filter(keys.is_first_distinct()))
    in_second, in_first = set(keys_second), set(keys_first)
    common = pl.Series([key in in_second for key in keys_first], dtype=pl.Boolean)
    if words[0] == "intersect":
        return first.with_frame(first.frame.filter(common & keys_first.is_first_distinct()))
    only_second = pl.Series([key not in in_first for key in keys_second], dtype=pl.Boolean)
    left = first.with_frame(first.frame.filter(~common & keys_first.is_first_distinct()))
    right = second.with_frame(second.frame.filter(only_second & keys_second.is_first_distinct()))
    return concat([left, right])


def _keys(table: Table) -> pl.Series:
    """One text a row that is equal where all visible fields are; the order of the fields does not matter."""
    names = sorted(name for name in table.fields if not name.startswith("_"))
    columns = {name: render(table.frame.get_column(name)).to_list() for name in names}
    rows = [
        repr([(name, columns[name][i]) for name in names if columns[name][i] is not None]) for i in range(len(table))
    ]
    return pl.Series("key", rows, dtype=pl.String)
