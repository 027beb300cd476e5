"""join and selfjoin."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from caltrop.engine import budget
from caltrop.engine.commands.appending import DATASETS, dataset_named, results_of
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.execute import subsearch_part
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, coalesced, concat, render
from caltrop.knowledge.limits import JOIN_MAXOUT, JOIN_MAXTIME
from caltrop.spl.ast import Clause, Command, FieldName, Node, Option, Subsearch, Word

ROW, OTHER = "\x00row", "\x00other"  # row numbers while joining
MOST = 2**31  # others that a row joins with, where the search asks for even more
NEVER_TAKEN = frozenset({"_raw", "_cd", "_indextime"})  # of the subsearch's fields


@command("join")
def join(table: Table, cmd: Command, ctx: Context) -> Table:
    """Each result with the first `max` results of the subsearch that have equal join fields (Search Reference: join).

    Rows whose join field is missing match nothing. Without fields, those that both sides have are used. With left= and
    right= aliases every visible field comes out as `alias.field`.
    """
    how = str(cmd.option("type", "inner")).lower()
    if how not in ("inner", "left", "outer"):
        raise SearchError(f"'join' has type=inner, left or outer, not {how}", node=cmd)
    limit = _limit(cmd)
    other, names = _right_side(cmd, ctx)
    where = cmd.clause("where")
    if where is not None:
        mine, theirs = _aliases(cmd)
        pairs = [(f"{mine}.{a}", f"{theirs}.{b}") for a, b in _where_pairs(where, mine, theirs, cmd)]
        table, other = _prefixed(table, mine), _prefixed(other, theirs)
    else:
        pairs = _pairs(names, table, other, cmd)
    left = _keyed(table.frame, [a for a, _ in pairs], ROW)
    right = _keyed(other.frame, [b for _, b in pairs], OTHER)
    if pairs:
        _expect(left, right, [f"k{i}" for i in range(len(pairs))])
        matches = left.join(right, on=[f"k{i}" for i in range(len(pairs))], how="inner", nulls_equal=False)
    else:  # one side is empty
        matches = left.join(right, how="cross").clear()
    if cmd.option("usetime", False):
        matches = _in_time(matches, table, other, earlier=bool(cmd.option("earlier", True)))
    matches = matches.select(ROW, OTHER).sort(ROW, OTHER)
    if limit is not None:
        matches = matches.group_by(ROW, maintain_order=True).head(limit)
    shared = {b for a, b in pairs if a == b}
    taken = [n for n in other.fields if n not in NEVER_TAKEN and n not in shared]
    merged = _merge(table, other, matches, taken, overwrite=bool(cmd.option("overwrite", True)))
    if how == "inner":
        return table.with_frame(merged.drop(ROW))
    rest = table.frame.with_row_index(ROW).filter(~pl.col(ROW).is_in(matches[ROW].implode()))
    both = concat([Table(merged), Table(rest)]).frame.sort(pl.col(ROW).cast(pl.Int64), maintain_order=True)
    return table.with_frame(both.drop(ROW))


def _right_side(cmd: Command, ctx: Context) -> tuple[Table, list[str]]:
    """What is joined, a subsearch or a dataset (savedsearch:x, datamodel:x, inputlookup:x), and the fields to join on."""
    names = [f.name for f in cmd.of(FieldName)]
    if cmd.of(Subsearch):
        most, seconds = ctx.limit(JOIN_MAXOUT), ctx.limit(JOIN_MAXTIME)
        return results_of(subsearch_part(cmd), cmd, ctx, most, seconds), names
    written = names + [w.text for part in cmd.of(Clause) for w in part.parts if isinstance(w, Word)]
    dataset = next((name for name in written if name.partition(":")[0].lower() in DATASETS and ":" in name), None)
    if dataset is None:
        raise SearchError("'join' needs a subsearch in brackets, or a dataset such as savedsearch:name", node=cmd)
    return dataset_named(dataset, cmd, ctx), [name for name in names if name != dataset]


def _limit(cmd: Command) -> int | None:
    """How many others a row joins with; max=0 is no limit."""
    most = cmd.option("max", 1)
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        raise SearchError(f"'{cmd.name}' max={most} is no whole number from 0 up", node=cmd)
    return min(most, MOST) or None


def _pairs(names: Sequence[str], table: Table, other: Table, cmd: Command) -> list[tuple[str, str]]:
    """(field of the search, field of the subsearch) pairs to compare."""
    if not names:
        names = [n for n in table.fields if n in other.fields and not n.startswith("_")]
        if not names and len(table) and len(other):
            raise SearchError(
                "'join' finds no field that both searches have", node=cmd, hint="name the fields to join on"
            )
    return [(name, name) for name in names]


def _aliases(cmd: Command) -> tuple[str, str]:
    left, right = str(cmd.option("left", "")), str(cmd.option("right", ""))
    if not left or not right or left == right:
        raise SearchError(
            "'join where' needs two aliases", node=cmd, hint="write join left=L right=R where L.id=R.id […]"
        )
    return left, right


def _where_pairs(parts: Sequence[Node], left: str, right: str, cmd: Command) -> list[tuple[str, str]]:
    """`where L.id = R.pid` with left=L right=R, in either order."""
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


def _prefixed(table: Table, alias: str) -> Table:
    """Visible fields as `alias.field`."""
    return table.with_frame(
        table.frame.rename({name: f"{alias}.{name}" for name in table.fields if not name.startswith("_")})
    )


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


def _expect(left: pl.DataFrame, right: pl.DataFrame, keys: list[str]) -> None:
    """How many pairs of rows a join makes, before it makes them."""
    counts = (side.group_by(keys).len().drop_nulls() for side in (left, right))
    mine, theirs = (count.with_columns(pl.col("len").cast(pl.Int64)) for count in counts)
    pairs = mine.join(theirs, on=keys, how="inner").select(pl.col("len") * pl.col("len_right")).to_series().sum()
    budget.rows(int(pairs), left.width + right.width)


def _in_time(matches: pl.DataFrame, table: Table, other: Table, *, earlier: bool) -> pl.DataFrame:
    """usetime: only results of the subsearch in or before (earlier=t), or in or after, the second of the result."""
    if "_time" not in table or "_time" not in other:
        return matches
    mine, theirs = pl.col(f"{ROW}time").floor(), pl.col(f"{OTHER}time").floor()
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
            column = coalesced(strong, weak)
        frame = frame.with_columns(column)
    return frame


@command(
    "selfjoin",
    note="Each row takes the fields of the next `max` rows with equal keys; a row without one is dropped.",
)
def selfjoin(table: Table, cmd: Command, ctx: Context) -> Table:
    """Results joined with later results of the same search on equal fields."""
    names = [f.name for f in cmd.of(FieldName)]
    if not names:
        raise SearchError("'selfjoin' needs fields to join on", node=cmd)
    limit = _limit(cmd)
    keyed = _keyed(table.frame, names, ROW)
    keys = [f"k{i}" for i in range(len(names))]
    _expect(keyed, keyed, keys)
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
