"""Grouping: rows with aggregations and BY fields in, one row a group out.

Follows "stats" of the Search Reference. Rows without a BY field are left out; each value of a multivalue BY field is a group.
Groups come in natural order of the BY values: numbers by value before texts in lexicographic order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache

import polars as pl

from caltrop.engine import budget
from caltrop.engine.aggregate import prestats
from caltrop.engine.aggregate.functions import find, with_decimals
from caltrop.engine.aggregate.inputs import Columns, Input
from caltrop.engine.aggregate.measures import EVAL, SPARKLINE, Calculated, Measure, measures
from caltrop.engine.aggregate.sparkline import sparkline
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.table import MULTIVALUE, numeric, rowless
from caltrop.knowledge.limits import LIST_MAXSIZE
from caltrop.spl.ast import Aggregation, FieldName

Reduction = tuple[str, int | None, pl.Expr]  # result column, its value over no rows, how a group is reduced
ALL = "\x00all"  # the one group of an aggregation without BY
CLOCK = "\x00clock"  # the times of rows whose _time was put into buckets: earliest() and its like go by these


def aggregate(
    frame: pl.DataFrame,
    aggregations: Sequence[Aggregation],
    by: Sequence[str],
    ctx: Context,
    *,
    allnum: bool = False,
    dedup_splitvals: bool = False,
    optional: Collection[str] = (),
    scaled: bool = False,
) -> pl.DataFrame:
    """One row a group: the BY columns, then a column an aggregation, in the order written.

    Without BY there is exactly one row, also for no input. A missing value of an `optional` BY field is a group of its own
    instead of leaving the row out. `scaled` says that the caller divides per_hour() and its like by the time they cover
    (timechart); they are sums here. Input made by an si* command or `tstats prestats=t` is merged, not counted.
    """
    by = list(dict.fromkeys(by))
    calculated = [Calculated.read(a) for a in aggregations if a.function == EVAL]
    plain = [a for a in aggregations if a.function not in (SPARKLINE, EVAL)]
    plain += [hidden for one in calculated for hidden in one.hidden]
    wanted = measures(plain, argument_fields(frame), by)
    for measure in wanted:
        if measure.function.scale is not None and not scaled:
            raise SearchError(f"{measure.function.name} works in timechart only", node=measure.field)
    merging = prestats.is_prestats(frame)
    if by and not frame.height and not merging and all(_simple(written) for written in aggregations):
        return _of_nothing(wanted, frame, by)
    columns = Columns(time_of(frame), ctx.limit(LIST_MAXSIZE))
    if merging:
        built = [(m.output, m.function.empty, prestats.merged(m, frame, columns)) for m in wanted]
    else:
        built = [
            (m.output, m.function.empty, m.function.build(m.input(frame, columns, ctx, allnum=allnum))) for m in wanted
        ]
    work = _keyed(columns, frame, by, dedup_splitvals=dedup_splitvals, optional=optional)
    result = _reduce(work, built, by)
    for measure in wanted:
        if measure.function.decimals is not None and measure.function.scale is None:
            column = with_decimals(result.get_column(measure.output), measure.function.decimals)
            result = result.with_columns(column)
    for one in calculated:
        value = ctx.engine.evaluate(one.expression, result, ctx).alias(one.output)
        result = result.drop([h.alias for h in one.hidden if h.alias]).with_columns(value)
    for written in aggregations:
        if written.function == SPARKLINE:
            if merging:
                raise SearchError("sparkline cannot be merged from prestats rows", node=written)
            result = sparkline(frame, written, by, result, ctx, aggregate)
    return _ordered(result, aggregations, by)


def _simple(written: Aggregation) -> bool:
    """Of a field, or of none: there is nothing to calculate before it is aggregated."""
    return not written.extra and (written.argument is None or isinstance(written.argument, FieldName))


def _of_nothing(wanted: Sequence[Measure], frame: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The groups of no rows: none, in columns whose types are what the functions always make of columns of these types."""
    schema = frame.schema
    columns = {name: pl.String() if (t := schema.get(name)) is None or t in _TEXTS else t for name in by}
    for measure in wanted:
        written = measure.field
        dtype = schema.get(written.argument.name, pl.String()) if isinstance(written.argument, FieldName) else None
        columns[measure.output] = _type_of(written.function, dtype)
    return rowless(columns)


_TEXTS = (pl.Null(), MULTIVALUE)  # as keys


@lru_cache(maxsize=4096)
def _type_of(function: str, dtype: pl.DataType | None) -> pl.DataType:
    """The type of a function's column, of an argument of this type (None: a bare count), tried on one."""
    columns = Columns(pl.Series("_time", [], dtype=pl.Float64), LIST_MAXSIZE.default)
    found = find(function)
    assert found is not None  # `measures` refuses what is unknown
    column = None if dtype is None else pl.Series("x", [], dtype=dtype)
    expression = found.build(Input("\x00x", column, columns)).alias("m0")
    work = columns.frame().with_columns(pl.Series("k0", [], dtype=pl.String))
    result = _reduce(work, [("m", found.empty, expression)], ["k"]).get_column("m")
    if found.decimals is not None and found.scale is None:
        result = with_decimals(result, found.decimals)
    return result.dtype


def to_prestats(
    frame: pl.DataFrame,
    aggregations: Sequence[Aggregation],
    by: Sequence[str],
    ctx: Context,
    *,
    optional: Collection[str] = (),
) -> pl.DataFrame:
    """One row a group with the parts (`prestats`) from which `aggregate` of the same aggregations gets the same result."""
    by = list(dict.fromkeys(by))
    for written in aggregations:
        if written.function in (SPARKLINE, EVAL):
            raise SearchError(f"{written.function} cannot be kept in a summary", node=written)
    wanted = measures(aggregations, frame.columns, by)
    columns = Columns(time_of(frame), ctx.limit(LIST_MAXSIZE))
    built = prestats.parts(wanted, lambda measure: measure.input(frame, columns, ctx))
    work = _keyed(columns, frame, by, dedup_splitvals=False, optional=optional)
    return prestats.written(_reduce(work, [(name, None, expression) for name, expression in built], by))


def time_of(frame: pl.DataFrame) -> pl.Series:
    for name in (CLOCK, "_time"):
        if name in frame.columns:
            return frame.get_column(name)
    return pl.Series("_time", [None], dtype=pl.Float64).new_from_index(0, frame.height)


def argument_fields(frame: pl.DataFrame) -> list[str]:
    """The fields that a wildcard may mean."""
    if prestats.is_prestats(frame):
        return prestats.fields(frame)
    return frame.columns


def _keyed(
    columns: Columns, frame: pl.DataFrame, by: Sequence[str], *, dedup_splitvals: bool, optional: Collection[str]
) -> pl.DataFrame:
    """The working frame with key columns k0, k1, …, a row for each combination of their values."""
    keys = []
    for number, name in enumerate(by):
        if name in frame.columns:
            column = frame.get_column(name)
            if column.dtype == pl.Null:
                column = column.cast(pl.String)
            if dedup_splitvals and column.dtype == MULTIVALUE:
                column = column.list.unique(maintain_order=True)
        else:
            column = pl.Series(name, [None], dtype=pl.String).new_from_index(0, frame.height)
        keys.append(column.alias(f"k{number}"))
    work = columns.frame().with_columns(keys)
    for key in keys:
        if key.dtype == MULTIVALUE:
            budget.rows(int(work.get_column(key.name).list.len().fill_null(1).sum()), work.width)
            work = work.explode(key.name)
    required = [f"k{i}" for i, name in enumerate(by) if name not in optional]
    return work.drop_nulls(required) if any(work.get_column(key).null_count() for key in required) else work


def _reduce(work: pl.DataFrame, built: Sequence[Reduction], by: Sequence[str]) -> pl.DataFrame:
    expressions = [expression.alias(f"m{i}") for i, (_, _, expression) in enumerate(built)]
    if by:
        keys = [f"k{i}" for i in range(len(by))]
        result = work.group_by(keys, maintain_order=True).agg(expressions)
        result = natural_order(result, keys)
    else:
        result = work.with_columns(pl.lit(0, pl.Int8).alias(ALL)).group_by(ALL).agg(expressions).drop(ALL)
        if work.height == 0:
            result = pl.DataFrame(
                [pl.Series(f"m{i}", [empty], dtype=result.schema[f"m{i}"]) for i, (_, empty, _) in enumerate(built)]
            )
    result = result.with_columns(
        pl.when(pl.col(name).list.len() > 0).then(pl.col(name))
        for name, dtype in result.schema.items()
        if isinstance(dtype, pl.List)
    )
    if not by and not built:
        result = pl.DataFrame({ALL: [0]})
    names = {f"k{i}": name for i, name in enumerate(by)} | {f"m{i}": name for i, (name, _, _) in enumerate(built)}
    return result.rename({old: new for old, new in names.items() if old in result.columns})


def natural_order(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Rows sorted by key columns: numbers by value, then texts lexicographically, then missing."""
    by: list[pl.Series] = []
    for name in keys:
        column = frame.get_column(name)
        by += _ranks(column) if len(keys) > 1 else _in_order(column)
    order = pl.DataFrame([c.alias(str(i)) for i, c in enumerate(by)])
    if order.width == 0:
        return frame
    ranks = order.select(pl.arg_sort_by(order.columns, nulls_last=True, maintain_order=True)).to_series()
    return frame[ranks]


_MANY = 1_000  # rows from which looking for equal keys pays


def _ranks(column: pl.Series) -> list[pl.Series]:
    """Like `_in_order`; where few texts make up many rows, these alone are compared, and rows by their places."""
    values = column.unique().drop_nulls() if column.dtype == pl.String and len(column) >= _MANY else None
    if values is None or len(values) * 4 > len(column):
        return _in_order(column)
    order = pl.DataFrame([key.alias(str(i)) for i, key in enumerate(_in_order(values))])
    sorted_ = values.gather(order.select(pl.arg_sort_by(order.columns, nulls_last=True)).to_series())
    return [column.cast(pl.Enum(sorted_)).to_physical()]


def _in_order(column: pl.Series) -> list[pl.Series]:
    """What a key is sorted by."""
    if column.dtype.is_numeric():
        return [column]
    number = numeric(column)
    return [number, column] if number.null_count() < len(number) else [column]


def _ordered(result: pl.DataFrame, aggregations: Sequence[Aggregation], by: Sequence[str]) -> pl.DataFrame:
    """Columns in the order written: sparklines and calculated columns were added last."""
    result = result.drop(ALL, strict=False)
    late = {a.alias or a.text for a in aggregations if a.function in (SPARKLINE, EVAL)}
    if not late:
        return result
    order = [*by, *(a.alias or a.text for a in aggregations)]
    wildcards = [c for c in result.columns if c not in order]
    return result.select(c for c in dict.fromkeys([*order, *wildcards]) if c in result.columns)
