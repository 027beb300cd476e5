"""Which rows stay, and in which order: search, where, regex, head, tail, reverse, uniq, dedup, sort."""

from __future__ import annotations

import ipaddress

import polars as pl

from caltrop.dialect.addresses import ipv4
from caltrop.engine import expressions, matching
from caltrop.engine.calls import Scope, as_condition
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.needed import DEFAULT_HEAD
from caltrop.engine.regexes import REGEX, compile_pattern, found_in
from caltrop.engine.registry import command
from caltrop.engine.scan import search_expression
from caltrop.engine.table import MULTIVALUE, Table, numeric, pick, render, reversed_rows
from caltrop.spl.ast import Command, Comparison, FieldName, Option, SortKey, Word

SORT_LIMIT = 10_000


def limit_of(cmd: Command, default: int) -> int:
    """The count of head, tail, sort and dedup; refuses what is no whole number."""
    value = cmd.option("limit", default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SearchError(f"{cmd.name}: '{value}' is no count of results", node=cmd)
    return value


def flag(cmd: Command, name: str, default: bool = False) -> bool:
    value = cmd.option(name, default)
    if not isinstance(value, bool):
        raise SearchError(f"{cmd.name}: {name}= needs true or false, not '{value}'", node=cmd)
    return value


@command("search")
def search(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows that match a search expression; the leading search of a pipeline is `scan.scan_events`."""
    if not cmd.parts or (not len(table) and matching.plain(*cmd.parts)):
        return table
    return table.with_frame(table.frame.filter(ctx.engine.matches(search_expression(cmd), table.frame, ctx)))


@command("where", settled=True)
def where(table: Table, cmd: Command, ctx: Context) -> Table:
    """Keep the rows for which the eval expression is true; all of them without one."""
    if not cmd.parts:
        return table
    scope = Scope(table.frame, ctx)
    return table.with_frame(table.frame.filter(expressions.condition(cmd.parts[0], scope, "where")))


@command("regex", settled=True)
def regex(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows whose field holds (=) or lacks (!=) a match; a missing field lacks it."""
    part = cmd.parts[0] if cmd.parts else None
    name, op, value = "_raw", "=", part
    if isinstance(part, Comparison):
        name, op, value = part.field.name, part.op, part.value
    if not isinstance(value, Word):
        raise SearchError("regex needs a regular expression", node=cmd)
    if len(cmd.parts) > 1:
        raise SearchError("regex takes one regular expression", node=cmd, hint='write field="…" or field!="…"')
    pattern = compile_pattern(value.text, node=value, wording=REGEX)
    if name not in table:
        return table if op == "!=" else table.with_frame(table.frame.clear())
    column = table.frame.get_column(name)
    found = found_in(pattern, render(column)).fill_null(False)
    return table.with_frame(table.frame.filter(found if op == "=" else ~found))


HEAD_NEEDS = "The argument must be a positive number or a boolean expression."


@command("head", settled=True)
def head(table: Table, cmd: Command, ctx: Context) -> Table:
    """The first rows: a number of them, or those before the first for which the expression is not true."""
    expression = next((part for part in cmd.parts if not isinstance(part, Option)), None)
    if expression is None:
        return table.with_frame(table.frame.head(limit_of(cmd, DEFAULT_HEAD)))
    if isinstance(expression, FieldName):
        raise SearchError(
            f"head: '{expression.name}' is neither a number nor a condition", node=expression, says=HEAD_NEEDS
        )
    value = expressions.evaluate(expression, Scope(table.frame, ctx))
    truth = as_condition(value, expression, "head", HEAD_NEEDS).stretch(len(table))
    stops = ~truth.fill_null(flag(cmd, "null"))
    first = stops.arg_max() if stops.any() else None
    count = len(table) if first is None else first + flag(cmd, "keeplast")
    if cmd.option("limit") is not None:
        count = min(count, limit_of(cmd, 0))
    return table.with_frame(table.frame.head(count))


@command("tail")
def tail(table: Table, cmd: Command, ctx: Context) -> Table:
    """The last rows, last one first."""
    if words := cmd.of(Word):
        raise SearchError(f"tail: '{words[0].text}' is no count of results", node=words[0])
    return table.with_frame(reversed_rows(table.frame.tail(limit_of(cmd, DEFAULT_HEAD))))


@command("reverse", settled=True)
def reverse(table: Table, cmd: Command, ctx: Context) -> Table:
    """Last row first."""
    return table.with_frame(reversed_rows(table.frame))


@command("uniq", settled=True)
def uniq(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows that differ from the one before them in some field."""
    if not len(table):
        return table
    keys = pl.DataFrame([group_key(column).alias(column.name) for column in table.frame.get_columns()])
    return table.with_frame(table.frame.filter(_starts_run(keys)))


# --- dedup ------------------------------------------------------------------------------------------------------------


def group_key(column: pl.Series) -> pl.Series:
    """What rows are told apart by: the text, all values of a multivalue together."""
    if column.dtype == MULTIVALUE:
        return column.list.join("\n")
    return render(column)


def _starts_run(keys: pl.DataFrame) -> pl.Series:
    """True where a row's keys differ from the row before."""
    changed = [pl.col(name).ne_missing(pl.col(name).shift(1)) for name in keys.columns]
    first = pl.int_range(pl.len()) == 0
    return keys.select(pl.any_horizontal(first, *changed).alias("start")).to_series()


@command("dedup", settled=True)
def dedup(table: Table, cmd: Command, ctx: Context) -> Table:
    """Keep the first N rows of each combination of values, in result order."""
    names = [node.name for node in cmd.of(FieldName)]
    if not names:
        raise SearchError("dedup needs a field", node=cmd)
    keep = limit_of(cmd, 1)
    if keep < 1:
        raise SearchError("dedup: the count must be at least 1", node=cmd)
    sortby = cmd.clause("sortby")
    if sortby is not None:
        table = table.with_frame(sorted_frame(table.frame, [key for key in sortby if isinstance(key, SortKey)]))
    frame = table.frame
    missing_column = [name for name in names if name not in frame.columns]
    if missing_column:
        return table if flag(cmd, "keepempty") or flag(cmd, "keepevents") else table.with_frame(frame.clear())
    keys = pl.DataFrame([group_key(frame.get_column(name)).alias(f"{i}") for i, name in enumerate(names)])
    if not len(table):
        return table
    missing = keys.select(pl.any_horizontal(pl.all().is_null()).alias("m")).to_series()
    group: list[str] = keys.columns
    if flag(cmd, "consecutive"):
        keys = keys.with_columns(_starts_run(keys).cum_sum().alias("run"))
        group = ["run"]
    # A row that lacks a field belongs to no group, whatever its other fields.
    number = (
        keys.with_columns(missing.alias("missing"))
        .select(pl.int_range(pl.len()).over([*group, "missing"]).alias("n"))
        .to_series()
    )
    kept = (number < keep) & ~missing
    if flag(cmd, "keepempty"):
        kept = kept | missing
    if flag(cmd, "keepevents"):
        cleared = [pl.when(kept | missing).then(pl.col(name)).alias(name) for name in names]
        return table.with_frame(frame.with_columns(cleared))
    return table.with_frame(frame.filter(kept))


# --- sort -------------------------------------------------------------------------------------------------------------


@command("sort", settled=True)
def sort(table: Table, cmd: Command, ctx: Context) -> Table:
    """Sort by keys, at most `limit` rows (10,000 unless given, 0 for all); a final d turns the order around."""
    keys = list(cmd.of(SortKey))
    if not keys:
        raise SearchError("sort needs a field", node=cmd)
    frame = sorted_frame(table.frame, keys)
    if any(word.text.lower() in ("d", "desc") for word in cmd.of(Word)):
        frame = reversed_rows(frame)
    limit = limit_of(cmd, SORT_LIMIT)
    return table.with_frame(frame.head(limit) if limit else frame)


def sorted_frame(frame: pl.DataFrame, keys: list[SortKey]) -> pl.DataFrame:
    """Stable sort. Missing values come last, whatever the direction; numbers come before text, and fields of addresses are
    sorted as such."""
    columns: list[pl.Series] = []
    descending: list[bool] = []
    for key in keys:
        if key.field.name not in frame.columns:
            continue
        for column, turns in _ranks(frame.get_column(key.field.name), key.kind or "auto"):
            columns.append(column.alias(str(len(columns))))
            descending.append(key.descending and turns)
    if not columns or frame.height < 2:
        return frame
    ranks = pl.DataFrame(columns)
    order = ranks.with_row_index("row").sort(ranks.columns, descending=descending, nulls_last=True, maintain_order=True)
    return frame[order.get_column("row")]


_ADDRESS_LIKE = r"^\s*(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\s*$"
_NO_ADDRESS = "9"  # what the rank of other values begins with


def _ranks(column: pl.Series, kind: str) -> list[tuple[pl.Series, bool]]:
    """Columns to sort by, each with whether a descending key turns it around."""
    if column.dtype == MULTIVALUE:
        column = column.list.first()
    if kind == "ip":
        return [(_addresses(column), True)]
    if kind == "str":
        return [(render(column), True)]
    if column.dtype.is_numeric():
        return [(column, True)]
    number = numeric(column)
    if kind == "num":
        return [(number, True)]
    if number.null_count() == column.null_count():
        return [(number, True)]
    text = render(column)
    if bool(text.str.contains(_ADDRESS_LIKE).all()):
        ranks = _addresses(column)
        if not bool(ranks.str.starts_with(_NO_ADDRESS).any()):
            return [(ranks, True)]
    words = pick(number.is_null(), text)
    missing = column.is_null()
    return [(missing, False), (number.is_null(), True), (number, True), (words, True)]


def _addresses(column: pl.Series) -> pl.Series:
    """Addresses as text of fixed width, IPv4 before IPv6 before what is no address."""

    def rank(text: str) -> str:
        try:
            address = ipaddress.ip_address(text.strip())
        except ValueError:
            return f"{_NO_ADDRESS}{text}"
        return f"{address.version}{int(address):039d}"

    texts = render(column)
    usual = "4" + ipv4(texts.str.strip_chars()).cast(pl.String).str.zfill(39)
    known = texts.filter(usual.is_null()).drop_nulls().unique()
    if not len(known):
        return usual
    others = texts.replace_strict(known, [rank(text) for text in known], return_dtype=pl.String, default=None)
    return usual.zip_with(usual.is_not_null(), others)
