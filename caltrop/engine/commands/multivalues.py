"""Commands on multivalue fields: makemv, nomv, mvexpand, mvcombine (Search Reference pages of those names)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import polars as pl

from caltrop.dialect.lists import collected
from caltrop.dialect.patterns import Regex
from caltrop.engine import budget, fieldnames
from caltrop.engine.commands.filtering import flag, group_key
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError, option_error
from caltrop.engine.regexes import REX, compile_pattern
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, values_of
from caltrop.engine.values import Value, lists_or_text
from caltrop.knowledge.limits import MVEXPAND_MEMORY
from caltrop.spl.ast import Command, FieldName

_PIECE = 60  # bytes that a short text takes in a list of Python


def only_field(cmd: Command) -> str:
    names = [node.name for node in cmd.of(FieldName)]
    if len(names) != 1:
        says = f"Invalid argument: '{names[1]}'" if names else "A field name is expected."
        raise SearchError(f"{cmd.name} needs one field", node=cmd, says=says)
    return names[0]


@command("makemv", settled=True)
def makemv(table: Table, cmd: Command, ctx: Context) -> Table:
    """Split a field at a delimiter, or by a tokenizer whose first group is a value."""
    name = only_field(cmd)
    empty = flag(cmd, "allowempty")
    tokenizer = cmd.option("tokenizer")
    split: Callable[[pl.Series], tuple[pl.Series, pl.Series]]
    if tokenizer is not None:
        pattern = compile_pattern(str(tokenizer), node=cmd, wording=REX)
        if not pattern.names:
            raise SearchError("makemv: tokenizer= needs a capturing group", node=cmd)
        split = partial(_tokens, pattern=pattern)
    else:
        delimiter = str(cmd.option("delim", " "))
        if not delimiter:
            raise SearchError("makemv: delim= is empty", node=cmd)
        split = partial(_pieces, delimiter=delimiter)

    if name not in table:
        return table
    column = values_of(table.frame.get_column(name))
    made = pl.concat([_split(some, split, empty) for some in budget.parts(column)])
    if flag(cmd, "setsv"):
        return table.with_frame(table.frame.with_columns(made.list.join(str(cmd.option("delim", " "))).alias(name)))
    return table.with_frame(table.frame.with_columns(_tidy(made.alias(name))))


def _split(column: pl.Series, split: Callable[[pl.Series], tuple[pl.Series, pl.Series]], empty: bool) -> pl.Series:
    """The pieces of all values of a row, without `empty` ones where those are not wanted."""
    values = column.alias("value").to_frame().with_row_index("row").drop_nulls().explode("value")
    owners, pieces = split(values.get_column("value"))
    if not empty:
        filled = pieces != ""
        owners, pieces = owners.filter(filled), pieces.filter(filled)
    (made,) = collected(values.get_column("row").gather(owners), [pieces], len(column))
    return made.cast(MULTIVALUE)


def _pieces(text: pl.Series, delimiter: str) -> tuple[pl.Series, pl.Series]:
    """Which text each piece is of, and the pieces."""
    budget.size(_PIECE * (int(text.str.count_matches(delimiter, literal=True).sum()) + len(text)))
    found = text.str.split(delimiter).alias("piece").to_frame().with_row_index("text").explode("piece")
    return found.get_column("text"), found.get_column("piece")


def _tokens(text: pl.Series, pattern: Regex) -> tuple[pl.Series, pl.Series]:
    owners, groups = pattern.every(text)
    budget.size(_PIECE * len(owners))
    return owners, groups[0].fill_null("")


def _tidy(column: pl.Series) -> pl.Series:
    return lists_or_text(Value(column)).column.alias(column.name)


@command("nomv")
def nomv(table: Table, cmd: Command, ctx: Context) -> Table:
    """The values joined into one: by line breaks, or by the delimiter of an mvcombine before."""
    columns = []
    if not cmd.of(FieldName):
        raise SearchError("nomv needs a field", node=cmd)
    for name in fieldnames.expand((node.name for node in cmd.of(FieldName)), table.fields):
        column = table.frame.get_column(name)
        if column.dtype == MULTIVALUE:
            columns.append(column.list.join(ctx.delimiters.get(name, "\n")).alias(name))
    return table.with_frame(table.frame.with_columns(columns))


@command("mvexpand", settled=True)
def mvexpand(table: Table, cmd: Command, ctx: Context) -> Table:
    """A row for each value, the first `limit` of them (0: all). Rows without the field stay."""
    name = only_field(cmd)
    limit = cmd.option("limit", 0)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise option_error(
            f"mvexpand: limit={limit} is no count", node=cmd, name="limit", value=limit, kind="non-negative integer"
        )
    if name not in table:
        return table
    frame = table.frame
    if frame.schema[name] != MULTIVALUE:
        return table
    if limit:
        frame = frame.with_columns(pl.col(name).list.head(limit))
    count = int(frame.get_column(name).list.len().fill_null(1).sum())
    budget.rows(count, frame.width)
    return table.with_frame(_within_memory(frame.explode(name), ctx))


def _within_memory(frame: pl.DataFrame, ctx: Context) -> pl.DataFrame:
    """As many rows as the memory that limits.conf allows holds, by their share of all."""
    most = ctx.limit(MVEXPAND_MEMORY)
    size = frame.estimated_size("mb")
    if not most or size <= most:
        return frame
    rows = int(frame.height * most / size)
    ctx.warn(
        f"command.mvexpand: output will be truncated at {rows} results due to excessive memory usage. Memory threshold of "
        f"{most}MB as configured in limits.conf / [mvexpand] / max_mem_usage_mb has been reached."
    )
    return frame.head(rows)


@command("mvcombine")
def mvcombine(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows that are equal but for the field become one, in the place of the first; internal fields do not count."""
    name = only_field(cmd)
    if cmd.option("delim") is not None:
        ctx.delimiters[name] = str(cmd.option("delim"))
    if cmd.option("delim") is not None:
        ctx.delimiters[name] = str(cmd.option("delim"))
    if name not in table or not len(table):
        return table
    others = [c for c in table.fields if c != name and not c.startswith("_")]
    row = pl.int_range(len(table), dtype=pl.UInt32, eager=True).alias("row")
    keys = [group_key(table.frame.get_column(c)).alias(f"k{i}") for i, c in enumerate(others)]
    column = values_of(table.frame.get_column(name)).alias("v")
    without = pl.when(pl.lit(column).is_null()).then(pl.lit(row))  # rows without the field stay on their own
    frame = pl.DataFrame([row, column, *keys]).with_columns(without.alias("alone"))
    groups = frame.group_by([*(k.name for k in keys), "alone"], maintain_order=True).agg(
        pl.col("row").first(), pl.col("v").drop_nulls().explode()
    )
    combined = table.frame[groups.get_column("row")]
    values = _tidy(groups.get_column("v").cast(MULTIVALUE).alias(name))
    return table.with_frame(combined.with_columns(values))
