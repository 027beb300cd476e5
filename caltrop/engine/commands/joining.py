"""join and selfjoin."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from caltrop.engine.commands.appending import results_of
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.execute import subsearch_part
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, concat, render
from caltrop.spl.ast import Command, FieldName, Node, Option

ROW, OTHER = "\x00row", "\x00other"  # row numbers while joining
NEVER_TAKEN = frozenset({"_raw", "_cd", "_indextime"})  # of the subsearch's fields


@command("join", kind="dataset", note="left= and right= aliases are read; a field of an alias is `alias.field`.")
def join(table: Table, cmd: Command, ctx: Context) -> Table:
    """Each result with the first `max` results of the subsearch that have equal join fields (Search Reference: join).

    Rows whose join field is missing match nothing. Without fields, those that both sides have are used.
    """
    how = str(cmd.option("type", "inner")).lower()
    if how not in ("inner", "left", "outer"):
        raise SearchError(f"'join' has type=inner, left or outer, not {how}", node=cmd)
    other = results_of(subsearch_part(cmd), cmd, ctx)
    pairs = _pairs(cmd, table, other)
    most = cmd.option("max", 1)
    limit = most if isinstance(most, int) and most > 0 else None
    left = _keyed(table.frame, [a for a, _ in pairs], ROW)
    right = _keyed(other.frame, [b for _, b in pairs], OTHER)
    matches = left.join(right, on=[f"k{i}" for i in range(len(pairs))], how="inner", nulls_equal=False)
    if cmd.option("usetime", False):
        matches = _in_time(matches, table, other, earlier=bool(cmd.option("earlier", True)))
    matches = matches.select(ROW, OTHER).sort(ROW, OTHER)
    if limit is not None:
        matches = matches.group_by(ROW, maintain_order=True).head(limit)
    taken = [n for n in other.fields if n not in NEVER_TAKEN and n not in {b for _, b in pairs}]
    merged = _merge(table, other, matches, taken, overwrite=bool(cmd.option("overwrite", True)))
    if how == "inner":
        return table.with_frame(merged.drop(ROW))
    rest = table.frame.with_row_index(ROW).filter(~pl.col(ROW).is_in(matches[ROW].implode()))
    both = concat([Table(merged), Table(rest)]).frame.sort(pl.col(ROW).cast(pl.Int64), maintain_order=True)
    return table.with_frame(both.drop(ROW))


def _pairs(cmd: Command, table: Table, other: Table) -> list[tuple[str, str]]:
    """(field of the search, field of the subsearch) pairs to compare."""
    where = cmd.clause("where")
    if where is not None:
        return _where_pairs(where, cmd)
    names = [f.name for f in cmd.of(FieldName)]
    if not names:
        names = [n for n in table.fields if n in other.fields and not n.startswith("_")]
        if not names:
            raise SearchError(
                "'join' finds no field that both searches have", node=cmd, hint="name the fields to join on"
            )
    return [(name, name) for name in names]


def _where_pairs(parts: Sequence[Node], cmd: Command) -> list[tuple[str, str]]:
    """`where L.id = R.pid` with left=L right=R, in either order."""
    left, right = str(cmd.option("left", "")), str(cmd.option("right", ""))
    pairs = []
    for part in parts:
        if not isinstance(part, Option):
            continue
        by_alias = {side.partition(".")[0]: side.partition(".")[2] for side in (part.name, str(part.value))}
        if set(by_alias) != {left, right}:
            raise SearchError("'join where' compares a field of left= with one of right=", node=part)
        pairs.append((by_alias[left], by_alias[right]))
    if not pairs:
        raise SearchError("'join where' needs comparisons like L.id=R.id", node=cmd)
    return pairs


def _keyed(frame: pl.DataFrame, names: Sequence[str], row: str) -> pl.DataFrame:
    """Row number and rendered key columns; several values of a key are one row each."""
    columns = [pl.int_range(frame.height, dtype=pl.UInt32, eager=True).alias(row)]
    for number, name in enumerate(names):
        if name in frame.columns:
            columns.append(render(frame.get_column(name)).alias(f"k{number}"))
        else:
            columns.append(pl.Series(f"k{number}", [None], dtype=pl.String).new_from_index(0, frame.height))
    if "_time" in frame.columns:
        columns.append(frame.get_column("_time").alias(f"{row}time"))
    keyed = pl.DataFrame(columns)
    for column in columns:
        if column.dtype == MULTIVALUE:
            keyed = keyed.explode(column.name)
    return keyed


def _in_time(matches: pl.DataFrame, table: Table, other: Table, *, earlier: bool) -> pl.DataFrame:
    """usetime: only results of the subsearch at or before (earlier=t), or at or after, the result."""
    if "_time" not in table or "_time" not in other:
        return matches
    mine, theirs = pl.col(f"{ROW}time"), pl.col(f"{OTHER}time")
    return matches.filter(theirs <= mine if earlier else theirs >= mine)


def _merge(table: Table, other: Table, matches: pl.DataFrame, taken: Sequence[str], *, overwrite: bool) -> pl.DataFrame:
    """The matched rows with the fields of the other side, and their row number in ROW."""
    frame = table.frame[matches[ROW]].with_columns(matches[ROW])
    found = other.frame[matches[OTHER]]
    for name in taken:
        column = found.get_column(name)
        if name in frame.columns:
            mine = frame.get_column(name)
            strong, weak = (column, mine) if overwrite else (mine, column)
            column = _coalesce(strong, weak).alias(name)
        frame = frame.with_columns(column)
    return frame


def _coalesce(strong: pl.Series, weak: pl.Series) -> pl.Series:
    """The first of the two that has a value, row by row; types are united as `concat` does."""
    if not len(strong):
        return strong
    both = concat([Table(strong.alias("x").to_frame()), Table(weak.alias("x").to_frame())]).frame.get_column("x")
    first, second = both.head(len(strong)), both.tail(len(weak))
    return first.zip_with(first.is_not_null(), second)


@command(
    "selfjoin",
    kind="dataset",
    note="Each row takes the fields of the next `max` rows with equal keys; a row without one is dropped.",
)
def selfjoin(table: Table, cmd: Command, ctx: Context) -> Table:
    """Results joined with later results of the same search on equal fields."""
    names = [f.name for f in cmd.of(FieldName)]
    if not names:
        raise SearchError("'selfjoin' needs fields to join on", node=cmd)
    most = cmd.option("max", 1)
    limit = most if isinstance(most, int) and most > 0 else None
    keyed = _keyed(table.frame, names, ROW)
    keys = [f"k{i}" for i in range(len(names))]
    pairs = keyed.join(keyed.rename({ROW: OTHER}).select(OTHER, *keys), on=keys, how="inner", nulls_equal=False)
    matches = pairs.filter(pl.col(OTHER) > pl.col(ROW)).select(ROW, OTHER).unique().sort(ROW, OTHER)
    if limit is not None:
        matches = matches.group_by(ROW, maintain_order=True).head(limit)
    taken = [n for n in table.fields if n not in names and n not in NEVER_TAKEN]
    merged = _merge(table, table, matches, taken, overwrite=bool(cmd.option("overwrite", True)))
    if cmd.option("keepsingle", False):
        grouped = pairs.group_by(ROW).len().filter(pl.col("len") == 1)
        single = table.frame.with_row_index(ROW).filter(pl.col(ROW).is_in(grouped[ROW].implode()))
        merged = concat([Table(merged), Table(single)]).frame.sort(pl.col(ROW).cast(pl.Int64), maintain_order=True)
    return table.with_frame(merged.drop(ROW))
