"""Running and total figures: accum, delta, autoregress, addtotals, addcoltotals, addinfo (Search Reference pages of those names)."""

from __future__ import annotations

import re

import polars as pl

from caltrop.engine import fieldnames
from caltrop.engine.commands.fields import missing, names_of
from caltrop.engine.commands.filtering import flag
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, is_number, numeric, pick, render
from caltrop.knowledge.limits import AUTOREGRESS_STEP, AUTOREGRESS_STEPS
from caltrop.spl.ast import Alias, Command, FieldName


def _source_and_target(cmd: Command) -> tuple[str, str | None]:
    parts = [part for part in cmd.parts if isinstance(part, FieldName | Alias)]
    if len(parts) != 1:
        raise SearchError(f"{cmd.name} needs one field", node=cmd)
    part = parts[0]
    return (part.source.name, part.target.name) if isinstance(part, Alias) else (part.name, None)


@command("accum")
def accum(table: Table, cmd: Command, ctx: Context) -> Table:
    """The sum so far, on rows whose value is a number."""
    source, target = _source_and_target(cmd)
    if source not in table:
        return table
    number = numeric(table.frame.get_column(source))
    total = pick(number.is_not_null(), number.fill_null(0).cum_sum())
    return table.with_frame(table.frame.with_columns(total.alias(target or source)))


@command("delta")
def delta(table: Table, cmd: Command, ctx: Context) -> Table:
    """The difference to the row `p` before; none where either is no number."""
    source, target = _source_and_target(cmd)
    back = cmd.option("p", 1)
    if isinstance(back, bool) or not isinstance(back, int) or back < 1:
        raise SearchError(f"delta: p={back} must be at least 1", node=cmd)
    if source not in table:
        return table
    number = numeric(table.frame.get_column(source))
    return table.with_frame(table.frame.with_columns((number - number.shift(back)).alias(target or f"delta({source})")))


@command("autoregress")
def autoregress(table: Table, cmd: Command, ctx: Context) -> Table:
    """Values of the rows before: one step p, or a range of steps a-b in fields named <field>_p<step>."""
    source, target = _source_and_target(cmd)
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", str(cmd.option("p", 1)).strip())
    if match is None or int(match[1]) < 1 or (match[2] and int(match[2]) < int(match[1])):
        raise SearchError(f"autoregress: p={cmd.option('p')} is no step or range of steps", node=cmd)
    first, last = int(match[1]), int(match[2] or match[1])
    for number_of, limit in ((last, AUTOREGRESS_STEP), (last - first + 1, AUTOREGRESS_STEPS)):
        ctx.within(limit, number_of, f"autoregress: p={match[0]}", cmd)
    if match[2] and target:
        raise SearchError("autoregress: AS takes one step, not a range", node=cmd)
    if source not in table:
        return table
    column = table.frame.get_column(source)
    steps = range(int(match[1]), int(match[2] or match[1]) + 1)
    return table.with_frame(
        table.frame.with_columns([column.shift(step).alias(target or f"{source}_p{step}") for step in steps])
    )


@command("addtotals", settled=True)
def addtotals(table: Table, cmd: Command, ctx: Context) -> Table:
    """The sum of numeric fields of each row in `fieldname`, and with col=t a row of column sums."""
    names = names_of(cmd.parts)
    total = str(cmd.option("fieldname", "Total"))
    frame = table.frame
    if flag(cmd, "row", True):
        chosen = [n for n in _summed(frame, names) if n != total]
        numbers = [pl.lit(numeric(frame.get_column(name))) for name in chosen]
        if numbers and frame.height:
            column = pl.select(
                pl.when(pl.any_horizontal([n.is_not_null() for n in numbers]))
                .then(pl.sum_horizontal(numbers))
                .otherwise(0.0)
            ).to_series()
        else:
            column = pl.Series([0.0], dtype=pl.Float64).new_from_index(0, frame.height)
        frame = frame.with_columns(column.alias(total))
    if flag(cmd, "col"):
        frame = _with_sums(frame, names, cmd)
    return table.with_frame(frame)


@command("addcoltotals")
def addcoltotals(table: Table, cmd: Command, ctx: Context) -> Table:
    """A last row with the sum of each numeric field."""
    return table.with_frame(_with_sums(table.frame, names_of(cmd.parts), cmd))


def _summed(frame: pl.DataFrame, names: list[str]) -> list[str]:
    """The listed fields, or every visible one that holds a number."""
    if names:
        return fieldnames.expand(names, frame.columns)
    return [c for c in frame.columns if not c.startswith("_") and frame.schema[c] != MULTIVALUE]


def _with_sums(frame: pl.DataFrame, names: list[str], cmd: Command) -> pl.DataFrame:
    """Columns with at least one number are summed; the label goes into labelfield, made when it does not exist."""
    labelfield, label = cmd.option("labelfield"), str(cmd.option("label", "Total"))
    sums: dict[str, float] = {}
    for name in _summed(frame, names):
        number = numeric(frame.get_column(name))
        if number.null_count() < len(number):
            sums[name] = float(number.sum())
    columns = []
    for name in frame.columns:
        column = frame.get_column(name)
        if name == labelfield:
            columns.append(_appended(column, label))
        elif name in sums:
            columns.append(_appended(column, sums[name]))
        else:
            columns.append(pl.concat([column, pl.Series(name, [None], dtype=column.dtype)]))
    if isinstance(labelfield, str) and labelfield not in frame.columns:
        columns.append(pl.concat([missing(frame.height, labelfield), pl.Series(labelfield, [label])]))
    return pl.DataFrame(columns)


def _appended(column: pl.Series, value: float | str) -> pl.Series:
    if isinstance(value, float) and is_number(column.dtype):
        return pl.concat([column.cast(pl.Float64), pl.Series(column.name, [value])])
    text = render(pl.Series(column.name, [value]))
    return (
        pl.concat([render(column), text])
        if column.dtype != MULTIVALUE
        else pl.concat([column, pl.Series(column.name, [text.to_list()], dtype=MULTIVALUE)])
    )


@command("addinfo")
def addinfo(table: Table, cmd: Command, ctx: Context) -> Table:
    """The search's time range, id and time in info_… fields; +Infinity is an open end."""
    earliest, latest = ctx.time_range
    values: dict[str, str | float] = {
        "info_min_time": earliest or 0.0,
        "info_max_time": "+Infinity" if latest is None else latest,
        "info_sid": ctx.sid,
        "info_search_time": ctx.started,
    }
    columns = [pl.Series(name, [value]).new_from_index(0, len(table)) for name, value in values.items()]
    return table.with_frame(table.frame.with_columns(columns))
