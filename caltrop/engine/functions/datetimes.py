"""Date and time functions (Search Reference: date and time functions)."""

from __future__ import annotations

import re
import time as clock

import polars as pl

from caltrop.engine import times
from caltrop.engine.calls import Invocation
from caltrop.engine.registry import function
from caltrop.engine.values import Value, by_row, constant

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


# What Polars' formatter writes exactly as Splunk does.
_VECTORISED = re.compile(r"(?:[^%]|%[YmdHMSyjabABFTeIpD%])*")


def format_times(column: pl.Series, form: str, timezone: str) -> pl.Series:
    """strftime over a numeric column of epoch seconds."""
    if _VECTORISED.fullmatch(form):
        whole = pl.lit(column).floor()
        inside = whole.is_between(-62135596800.0, 253402300799.0)
        stamp = pl.from_epoch(pl.when(inside).then(whole).cast(pl.Int64), time_unit="s")
        local = stamp.dt.replace_time_zone("UTC").dt.convert_time_zone(timezone)
        return pl.select(local.dt.strftime(form)).to_series()
    return pl.Series(
        [None if t is None else times.strftime(t, form, timezone) for t in column.to_list()], dtype=pl.String
    )


@function("strftime", least=2, most=2, returns="string", family=FAMILY, zone=True)
def strftime(call: Invocation) -> Value:
    moment, form = call.args[0].number(), call.args[1].text()
    tz = call.ctx.timezone
    if form.constant:
        words = form.scalar()
        if words is None:
            return constant(None)
        times.zone(tz)
        return Value(format_times(moment.column, words, tz), constant=moment.constant, kind="string")
    return by_row(
        "string", pl.String, lambda t, f: None if t is None or f is None else times.strftime(t, f, tz), moment, form
    )


@function("strptime", least=2, most=2, returns="number", family=FAMILY, today=True, zone=True)
def strptime(call: Invocation) -> Value:
    tz = call.ctx.timezone
    today = times.to_datetime(call.ctx.now, tz).date()
    return by_row(
        "number", pl.Float64,
        lambda text, form: None if text is None or form is None else times.strptime(text, form, tz, today),
        call.args[0].text(), call.args[1].text(),
    )  # fmt: skip


@function("relative_time", least=2, most=2, returns="number", family=FAMILY, zone=True)
def relative_time(call: Invocation) -> Value:
    """A relative time that cannot be read is an error where it is a literal, else there is no value."""
    tz = call.ctx.timezone
    if call.args[1].constant and (spec := call.fixed(1)) is not None and times.relative_time(0.0, spec, tz) is None:
        raise call.error(f"is no relative time: '{spec}'", 1)
    return by_row(
        "number", pl.Float64,
        lambda t, spec: None if t is None or spec is None else times.relative_time(t, spec, tz),
        call.args[0].number(), call.args[1].text(),
    )  # fmt: skip
