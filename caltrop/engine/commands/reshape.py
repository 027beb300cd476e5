"""Turning tables around: xyseries, maketable, untable, transpose, contingency, makecontinuous (Search Reference topics of those names)."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from caltrop.engine import budget
from caltrop.engine.aggregate import aggregate, buckets, natural_order, ranges
from caltrop.engine.aggregate.arguments import flag, gathered, names, number, text, whole
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, concat, numeric, render, values_of
from caltrop.knowledge.limits import CONTINGENCY
from caltrop.spl.ast import Aggregation, Command

ROW = "\x00row"


def _need(cmd: Command, count: int, what: str) -> list[str]:
    found = names(cmd.parts)
    if len(found) < count:
        raise SearchError(f"{cmd.name} needs {what}", node=cmd)
    return found


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    if name in frame.columns:
        return frame.get_column(name)
    return pl.Series(name, [None], dtype=pl.String).new_from_index(0, frame.height)


@command("xyseries", "maketable")
def xyseries(table: Table, cmd: Command, ctx: Context) -> Table:
    """A row for each value of the first field, a column for each value of the second, cells from the others.

    A later row wins over an earlier one of the same cell. With several cell fields the columns are called "field: value".
    `grouped=t` takes the rows as sorted by the first field: an equal value further down starts another row.
    """
    x, y, *cells = _need(cmd, 3, "a row field, a column field and a data field")
    template = text(cmd, "format", f"$AGG${text(cmd, 'sep', ': ')}$VAL$")
    rows, labels = _column(table.frame, x), render(_first(_column(table.frame, y)))
    work = pl.DataFrame(
        [rows.alias("x"), labels.alias("y"), *(_column(table.frame, c).alias(f"c{i}") for i, c in enumerate(cells))]
    )
    work = work.drop_nulls(["x", "y"])
    if flag(cmd, "grouped", False):
        key = work.select(pl.col("x").ne_missing(pl.col("x").shift(1)).fill_null(True).cum_sum().alias(ROW)).to_series()
    else:
        key = work.select(
            pl.col("x").rank("dense").cast(pl.Int64).alias(ROW)
            if rows.dtype != MULTIVALUE
            else pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW)
        ).to_series()
    work = work.with_columns(key)
    index = work.group_by(ROW, maintain_order=True).agg(pl.col("x").first())
    if not flag(cmd, "grouped", False):
        index = natural_order(index, ["x"]) if rows.dtype != MULTIVALUE else index
    out = [index.get_column("x").alias(x)]
    labels_in_order = sorted(work.get_column("y").unique().to_list())
    budget.rows(index.height, len(cells) * len(labels_in_order))
    last = work.group_by([ROW, "y"], maintain_order=True).agg(pl.exclude("x").last())
    for i, cell in enumerate(cells):
        wide = last.pivot(on="y", index=ROW, values=f"c{i}")
        wide = index.select(ROW).join(wide, on=ROW, how="left", maintain_order="left")
        for label in labels_in_order:
            name = label if len(cells) == 1 else template.replace("$AGG$", cell).replace("$VAL$", label)
            out.append(wide.get_column(label).alias(name))
    return Table(pl.DataFrame(list({column.name: column for column in out}.values())))


def _first(column: pl.Series) -> pl.Series:
    return column.list.first() if column.dtype == MULTIVALUE else column


@command("untable")
def untable(table: Table, cmd: Command, ctx: Context) -> Table:
    """A row for each cell: the kept field, the name of the column, its value. Missing cells and hidden fields give no row."""
    x, name, value = _need(cmd, 3, "a field to keep, a field for the names and a field for the values")[:3]
    if len({x, name, value}) < 3:
        raise SearchError("untable needs three different field names", node=cmd)
    others = [c for c in table.fields if c != x and not c.startswith("_")]
    row = pl.int_range(len(table), eager=True).alias(ROW)
    pieces = [
        Table(
            pl.DataFrame(
                [
                    row,
                    _column(table.frame, x),
                    pl.Series(name, [c] * len(table), dtype=pl.String),
                    table.frame.get_column(c).alias(value),
                ]
            )
        )
        for c in others
    ]
    if not pieces:
        return Table.empty([x, name, value])
    long = concat(pieces).frame.drop_nulls(value).sort(ROW, maintain_order=True).drop(ROW)
    return Table(long)


@command("transpose")
def transpose(table: Table, cmd: Command, ctx: Context) -> Table:
    """A row for each column. By default the first 5 rows become the columns "row 1" to "row 5"."""
    count = whole(cmd, "int", 5)
    head = table.frame.head(count) if count else table.frame
    first = text(cmd, "column_name", "column")
    header = text(cmd, "header_field", "")
    if header and header in table:
        titles = [
            str(t) if t is not None else f"row {i}" for i, t in enumerate(render(_first(head.get_column(header))), 1)
        ]
    else:
        titles = [f"row {i}" for i in range(1, head.height + 1)]
    fields = [c for c in table.fields if c != header]
    budget.rows(len(fields), head.height)
    columns = {c: head.get_column(c) for c in fields}
    if not flag(cmd, "include_empty", True):
        columns = {c: column for c, column in columns.items() if not _empty(column)}
    multivalue = any(column.dtype == MULTIVALUE for column in columns.values())
    texts = [(values_of(column) if multivalue else render(column)).to_list() for column in columns.values()]
    out = {first: pl.Series(first, list(columns), dtype=pl.String)}
    for i, title in enumerate(titles):
        out[title] = pl.Series(title, [t[i] for t in texts], dtype=MULTIVALUE if multivalue else pl.String)
    return Table(pl.DataFrame(list(out.values())))


def _empty(column: pl.Series) -> bool:
    return column.null_count() == len(column) or (column.dtype == pl.String and bool((column.drop_nulls() == "").all()))


@command("contingency", "counttable", "ctable")
def contingency(table: Table, cmd: Command, ctx: Context) -> Table:
    """How often each pair of values of two fields occurs: rows and columns by falling total, with totals."""
    options = gathered(cmd)
    x, y = _need(cmd, 2, "a row field and a column field")[:2]
    pairs = aggregate(table.frame, [Aggregation("count", None, ROW, "count")], [x, y], ctx) if x != y else None
    if pairs is None:
        raise SearchError("contingency needs two different fields", node=cmd)
    pairs = pairs.with_columns(render(pairs.get_column(name)).replace("", "EMPTY_STR") for name in (x, y))
    if pairs.height == 0:
        return Table.empty([x])
    total = int(pairs.get_column(ROW).sum())
    most = ctx.limit(CONTINGENCY)
    rows = _covering(
        pairs, x, min(whole(options, "maxrows", most) or most, most), number(options, "minrowcover", 1.0), total
    )
    columns = _covering(
        pairs, y, min(whole(options, "maxcols", most) or most, most), number(options, "mincolcover", 1.0), total
    )
    cells = {(a, b): n for a, b, n in pairs.rows()}
    out = {x: pl.Series(x, rows, dtype=pl.String)}
    for column in columns:  # one that is called like the row field takes its place, as in chart: names are unique
        out[column] = pl.Series(column, [cells.get((row, column), 0) for row in rows], dtype=pl.Int64)
    result = pl.DataFrame(list(out.values()))
    if flag(options, "usetotal", True):
        label = text(options, "totalstr", "TOTAL")
        result = result.with_columns(
            pl.sum_horizontal(columns).cast(pl.Int64).alias(label) if columns else pl.lit(0, pl.Int64).alias(label)
        )
        sums = result.select(
            pl.col(c).sum() if c in columns or c == label else pl.lit(label).alias(c) for c in result.columns
        )
        result = pl.concat([result, sums])
    return Table(result)


def _covering(pairs: pl.DataFrame, field: str, most: int, cover: float, total: int) -> list[str]:
    """The most frequent values, at most `most`, that together cover the wanted share of all rows."""
    counts = natural_order(pairs.group_by(field, maintain_order=True).agg(pl.col(ROW).sum()), [field])
    kept: list[str] = []
    seen = 0
    for value, count in counts.sort(ROW, descending=True, maintain_order=True).rows():
        if len(kept) >= most or (kept and seen >= cover * total):
            break
        kept.append(value)
        seen += count
    return kept


@command("makecontinuous")
def makecontinuous(table: Table, cmd: Command, ctx: Context) -> Table:
    """Rows for the values of a numeric field or of _time that no row has, in steps of the span."""
    options = gathered(cmd)
    field = next(iter(names(cmd.parts)), "_time")
    span, bins = text(options, "span", ""), whole(options, "bins", 300, minimum=1)
    given = (
        None if not span else buckets.parse(span, ctx.timezone, cmd) if field == "_time" else ranges.parse(span, cmd)
    )
    if field not in table or len(table) == 0:
        return table
    numbers = numeric(table.frame.get_column(field))
    known = numbers.drop_nulls()
    if known.is_empty():
        return table
    low, high = float(str(known.min())), float(str(known.max()))
    start, end = options.option("start"), options.option("end")
    low = low if start is None else number(options, "start", 0)
    high = high if end is None else number(options, "end", 0)
    if given is None:
        given = (
            buckets.Buckets(buckets.automatic(low, high, bins), ctx.timezone)
            if field == "_time"
            else ranges.automatic(low, high, bins, ranges.narrowest(numbers))
        )
    if isinstance(given, buckets.Buckets):
        floored, wanted = given.floor(numbers), list(given.starts(low, high))
    else:
        floored, wanted = given.lows(numbers), list(_steps(given, low, high))
    frame = table.frame.with_columns(floored.alias(field))
    missing = sorted(set(wanted) - set(floored.drop_nulls().to_list()))
    filler = Table(pl.DataFrame({field: pl.Series(missing, dtype=pl.Float64)}))
    both = concat([table.with_frame(frame), filler]).frame.sort(field, maintain_order=True, nulls_last=True)
    return Table(both)


def _steps(found: ranges.Ranges, low: float, high: float) -> Sequence[float]:
    out, at = [], found.low(low)
    while at <= high:
        out.append(at)
        if len(out) > buckets.MAX_BUCKETS:
            raise SearchError(f"more than {buckets.MAX_BUCKETS} values", hint="Use a larger span.")
        at = found.high(at)
    return out
