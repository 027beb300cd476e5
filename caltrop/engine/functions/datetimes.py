"""Date and time functions (Search Reference: date and time functions)."""

from __future__ import annotations

import time as clock
from collections.abc import Callable

import polars as pl

from caltrop.dialect import moments
from caltrop.dialect import strftime as writing
from caltrop.dialect import timecolumns as reading
from caltrop.engine.calls import Invocation
from caltrop.engine.registry import function
from caltrop.engine.values import Returns, Value, by_row, constant

FAMILY = "date and time"


@function("now", least=0, most=0, returns="number", family=FAMILY, clock=True)
def now(call: Invocation) -> Value:
    """When the search started, whole seconds."""
    return constant(float(int(call.ctx.now)))


@function("time", least=0, most=0, returns="number", family=FAMILY, clock=True)
def time(call: Invocation) -> Value:
    """The clock, with its fraction; the pinned time when the clock is pinned."""
    pinned = call.ctx.instance is not None and call.ctx.instance.now is not None
    return constant(call.ctx.now if pinned else clock.time())


@function("strftime", least=2, most=2, returns="string", family=FAMILY, zone=True)
def strftime(call: Invocation) -> Value:
    tz = call.ctx.timezone
    moment, form = call.args[0].number(), call.args[1].text()
    return _by_format("string", pl.String, moment, form, lambda column, words: writing.write(column, words, tz))


@function("strptime", least=2, most=2, returns="number", family=FAMILY, today=True, zone=True)
def strptime(call: Invocation) -> Value:
    """A format that holds an unknown variable fits no text."""
    tz = call.ctx.timezone
    today = moments.local(call.ctx.now, tz).date()

    return _by_format(
        "number", pl.Float64, call.args[0].text(), call.args[1].text(),
        lambda column, words: reading.parse_leniently(column, words, tz, today),
    )  # fmt: skip


def _by_format(
    kind: Returns,
    dtype: type[pl.DataType],
    value: Value,
    form: Value,
    convert: Callable[[pl.Series, str], pl.Series],
) -> Value:
    """Each value converted in the format of its row, all that share one at once."""
    if form.constant:
        words = form.scalar()
        return (
            constant(None) if words is None else Value(convert(value.column, words), constant=value.constant, kind=kind)
        )
    rows = pl.DataFrame({"value": value.stretch(len(form.column)), "form": form.column}).with_row_index("row")
    done = [
        pl.DataFrame({"row": group.get_column("row"), "new": convert(group.get_column("value"), str(words))})
        for (words,), group in rows.drop_nulls().group_by("form")
    ]
    known = pl.concat(done) if done else pl.DataFrame(schema={"row": pl.UInt32, "new": dtype})
    joined = rows.select("row").join(known, on="row", how="left", maintain_order="left")
    return Value(joined.get_column("new"), kind=kind)


_MANY = 1_000  # times from which looking for equal stretches pays


def _steadily(times: pl.Series, spec: str, width: int, tz: str) -> Value:
    """A relative time that stays the same within stretches of so many seconds: computed once a stretch."""
    stretch = (times * 1e6).round().cast(pl.Int64) // (width * 1_000_000) * width
    begins = stretch.unique().drop_nulls()
    found = [moments.relative_time(float(begin), spec, tz) for begin in begins.to_list()]
    return Value(stretch.replace_strict(begins, found, default=None, return_dtype=pl.Float64), kind="number")


@function("relative_time", least=2, most=2, returns="number", family=FAMILY, zone=True)
def relative_time(call: Invocation) -> Value:
    """A relative time that cannot be read is an error where it is a literal, else there is no value."""
    tz = call.ctx.timezone
    if call.args[1].constant and (spec := call.fixed(1)) is not None and moments.relative_time(0.0, spec, tz) is None:
        raise call.error(f"is no relative time: '{spec}'", 1)
    times = call.args[0].number()
    width = moments.steady(spec) if call.args[1].constant and (spec := call.fixed(1)) is not None else None
    if width is not None and not times.constant and len(times.column) > _MANY:
        least = times.column.min()
        if isinstance(least, float) and least >= moments.STEADY_FROM:
            return _steadily(times.column, str(spec), width, tz)
    return by_row(
        "number", pl.Float64,
        lambda t, spec: None if t is None or spec is None else moments.relative_time(t, spec, tz),
        call.args[0].number(), call.args[1].text(),
    )  # fmt: skip
