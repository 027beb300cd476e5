"""Which fields there are, under which names and with which fill: fields, table, rename, replace, fillnull, filldown."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from caltrop.engine import fieldnames
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, chosen, pick, render
from caltrop.engine.values import to_number
from caltrop.spl.ast import Alias, Clause, Command, FieldName, Node, Word


def names_of(parts: Sequence[Node]) -> list[str]:
    """Field names and patterns as written."""
    names: list[str] = []
    for part in parts:
        if isinstance(part, FieldName):
            names.append(part.name)
        elif isinstance(part, Word) and part.text not in ("+", "-"):
            names.append(part.text)
    return names


def missing(height: int, name: str) -> pl.Series:
    return pl.Series(name, [None], dtype=pl.String).new_from_index(0, height)


@command("fields", settled=True)
def fields(table: Table, cmd: Command, ctx: Context) -> Table:
    """Keep the listed fields and the internal ones (not those that begin with two underscores, which searches make for
    themselves: measured), or (-) remove the listed ones; without any, all stay as they are."""
    names = names_of(cmd.parts)
    if not any(not (isinstance(part, Word) and part.text in "+-") for part in cmd.parts):
        return table
    columns = table.fields
    listed = fieldnames.expand(names, columns)
    if any(isinstance(part, Word) and part.text == "-" for part in cmd.parts):
        return table.with_frame(table.frame.drop(listed))
    internal = [c for c in columns if c.startswith("_") and not c.startswith("__") and c not in listed]
    return table.with_frame(chosen(table.frame, [*listed, *internal]))


@command("table", settled=True)
def table_(table: Table, cmd: Command, ctx: Context) -> Table:
    """The listed fields as a table, in that order; a field without values is an empty column."""
    if not cmd.parts:
        raise SearchError("table needs a field", node=cmd)
    names: list[str] = []
    for name in names_of(cmd.parts):
        names += fieldnames.matching(name, table.fields) if "*" in name else [name]
    columns = [
        table.frame.get_column(name) if name in table else missing(len(table), name) for name in dict.fromkeys(names)
    ]
    if len(table) and not any(name in table for name in names):
        ctx.info("No matching fields exist.")
        return Table.empty(dict.fromkeys(names))
    return Table(pl.DataFrame(columns) if columns else pl.DataFrame())


@command("rename", settled=True)
def rename(table: Table, cmd: Command, ctx: Context) -> Table:
    """Pairs are applied from left to right; a field that does not exist takes its new name's values away."""
    columns = {name: name for name in table.fields}  # name -> what it was called
    for pair in cmd.of(Alias):
        source, target = pair.source.name, pair.target.name
        if source.count("*") != target.count("*"):
            raise SearchError(f"rename: '{source}' and '{target}' need the same number of wildcards", node=pair)
        if "*" in source:
            found = fieldnames.matching(source, list(columns))
            pairs = {name: fieldnames.carried(source, name, target) or name for name in found}
        else:
            pairs = {source: target}
        for old, new in pairs.items():
            columns = _renamed(columns, old, new)
    return table.with_frame(pl.DataFrame([table.frame.get_column(old).alias(new) for new, old in columns.items()]))


def _renamed(columns: dict[str, str], old: str, new: str) -> dict[str, str]:
    if old == new:
        return columns
    return {new if name == old else name: was for name, was in columns.items() if name != new}


@command("replace", settled=True)
def replace(table: Table, cmd: Command, ctx: Context) -> Table:
    """Whole values changed to others; * matches any text and carries it over."""
    pairs: list[tuple[str, str]] = []
    source: str | None = None
    names: list[str] | None = None
    for part in cmd.parts:
        if isinstance(part, Clause) and part.keyword == "in":
            names = names_of(part.parts)
            if not part.parts:
                raise SearchError("replace needs fields behind IN", node=part)
        elif isinstance(part, Clause) and source is not None:
            word = part.parts[0]
            target = word.text if isinstance(word, Word) else ""
            if "*" in target and target.count("*") != source.count("*"):
                raise SearchError(f"replace: '{source}' and '{target}' need the same number of wildcards", node=part)
            pairs.append((source, target))
            source = None
        elif isinstance(part, Word):
            source = part.text
    if not pairs or source is not None:
        raise SearchError("replace needs pairs: <value> WITH <value>", node=cmd)
    chosen = fieldnames.expand(names, table.fields) if names else [c for c in table.fields if not c.startswith("_")]
    columns = [_replaced(table.frame.get_column(name), pairs) for name in chosen]
    return table.with_frame(table.frame.with_columns(columns))


def _replaced(column: pl.Series, pairs: list[tuple[str, str]]) -> pl.Series:

    # Of exact values the one written last counts, then of patterns the one that says most.
    exact = [pair for pair in reversed(pairs) if "*" not in pair[0]]
    wild = sorted((pair for pair in pairs if "*" in pair[0]), key=lambda pair: -len(pair[0].replace("*", "")))

    def one(text: str) -> str:
        filled = (fieldnames.carried(source, text, target) for source, target in (*exact, *wild))
        return next((new for new in filled if new is not None), text)

    values = column.to_list() if column.dtype == MULTIVALUE else render(column).to_list()
    new = [
        [one(v) for v in value] if isinstance(value, list) else value if value is None else one(value)
        for value in values
    ]
    if new == values:
        return column
    return pl.Series(column.name, new, dtype=MULTIVALUE if column.dtype == MULTIVALUE else pl.String)


@command("fillnull", settled=True)
def fillnull(table: Table, cmd: Command, ctx: Context) -> Table:
    """Fill missing values of the listed fields (made when they do not exist), or of every field, with a text."""
    value = str(cmd.option("value", "0"))
    names = names_of(cmd.parts)
    frame = table.frame
    if names:
        chosen: list[str] = []
        for name in names:
            chosen += fieldnames.matching(name, frame.columns) if "*" in name else [name]
        frame = frame.with_columns(
            [missing(frame.height, name) for name in dict.fromkeys(chosen) if name not in frame.columns]
        )
    else:
        # A field without a value in any row is not there.
        chosen = [c.name for c in frame if not c.name.startswith("_") and c.null_count() < len(c)]
    return table.with_frame(
        frame.with_columns([_filled(frame.get_column(name), value) for name in dict.fromkeys(chosen)])
    )


def _filled(column: pl.Series, value: str) -> pl.Series:
    if not column.null_count():
        return column
    number = to_number(value)
    if column.dtype.is_numeric() and number is not None:
        return column.cast(pl.Float64).fill_null(number) if number != int(number) else column.fill_null(int(number))
    if column.dtype == MULTIVALUE:
        return pick(column.is_not_null(), column, pl.Series([[value]], dtype=MULTIVALUE).new_from_index(0, len(column)))
    return render(column).fill_null(value).alias(column.name)


@command("filldown")
def filldown(table: Table, cmd: Command, ctx: Context) -> Table:
    """Missing values take the last value above them."""
    names = names_of(cmd.parts)
    chosen = fieldnames.expand(names, table.fields) if names else [c for c in table.fields if not c.startswith("_")]
    return table.with_frame(table.frame.with_columns(pl.col(name).forward_fill() for name in chosen))
