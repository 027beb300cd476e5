"""strftime: epoch seconds written in a format, whole columns at once.

Polars writes most variables as Splunk does; the others are expressions of their own. Names of days and months are the
English ones. An unknown variable stays as it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import polars as pl

from caltrop.dialect.timeformat import Variable, parts
from caltrop.dialect.zones import checked

# Letters that Polars writes the same way. A fraction of 3, 6 or 9 digits is its %3f, %6f, %9f.
_SAME = frozenset("YCymdejBbhAawuHIklMSpPUWVGgZnt")
_FLAGS = frozenset(("", "-", "_", "0"))
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0  # the years 1 to 9999
_TIME = pl.col("time")
_LOCAL = pl.col("local")


def write(times: pl.Series, form: str, tz: str = "UTC") -> pl.Series:
    """Times (numbers, epoch seconds; rounded to microseconds) as text; null outside the years 1 to 9999.

    Raises TimeError for an unknown zone.
    """
    seconds = pl.when(_TIME.is_between(_FIRST, _LAST)).then(_TIME)
    stamp = (seconds * 1e6).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
    local = stamp.dt.replace_time_zone("UTC").dt.convert_time_zone(checked(tz)).alias("local")
    frame = times.cast(pl.Float64).alias("time").to_frame().select(_TIME, local)
    return frame.select(pl.concat_str(_pieces(form)).alias(times.name)).to_series()


@lru_cache(maxsize=8192)
def strftime(epoch: float, form: str, tz: str = "UTC") -> str | None:
    """One time as text; None outside the years 1 to 9999. Raises TimeError for an unknown zone."""
    text: str | None = write(pl.Series([epoch], dtype=pl.Float64), form, tz)[0]
    return text


@lru_cache(maxsize=512)
def _pieces(form: str) -> tuple[pl.Expr, ...]:
    """Expressions whose texts, joined, are the time."""
    found: list[pl.Expr] = []
    run = ""  # what one pass of Polars writes
    for part in parts(form):
        if isinstance(part, str):
            run += part.replace("%", "%%")
            continue
        same = _same(part)
        if same is not None:
            run += same
            continue
        found += [_polars(run)] if run else []
        found.append(_own(part))
        run = ""
    return (*found, _polars(run)) if run or not found else tuple(found)


def _polars(form: str) -> pl.Expr:
    return _LOCAL.dt.strftime(form) if form else pl.when(_LOCAL.is_not_null()).then(pl.lit(""))


def _same(variable: Variable) -> str | None:
    """The variable in Polars' own words, null when it has none for it."""
    letter, width = variable.letter, variable.width
    if letter in ("N", "Q", "f"):
        digits = width if width is not None else {"N": 9, "Q": 3, "f": 6}[letter]
        return f"%{digits}f" if digits in (3, 6, 9) else None
    if letter == "z" and variable.colons < 2:
        return f"%{':' * variable.colons}z"
    if letter in _SAME and variable.flag in _FLAGS and not variable.colons:
        return f"%{variable.flag}{letter}"
    return None


def _own(variable: Variable) -> pl.Expr:
    letter = variable.letter
    if letter in _OWN:
        return _OWN[letter](variable)
    if letter in _SAME and variable.flag in ("^", "#"):
        text = _LOCAL.dt.strftime(f"%{letter}")
        return text.str.to_uppercase() if variable.flag == "^" else text
    return _polars(variable.text.replace("%", "%%"))


def _fraction(variable: Variable) -> pl.Expr:
    digits = min(variable.width or 0, 9)
    micros = _LOCAL.dt.microsecond().cast(pl.String).str.zfill(6)
    return micros.str.pad_end(9, "0").str.head(digits)


def _epoch(variable: Variable) -> pl.Expr:
    return _LOCAL.dt.epoch("us").floordiv(1_000_000).cast(pl.String)


def _minutes() -> pl.Expr:
    """Minutes east of UTC."""
    there = _LOCAL.dt.replace_time_zone(None).dt.epoch("us")
    return (there - _LOCAL.dt.epoch("us")).floordiv(60_000_000)


def _signed(minutes: pl.Expr) -> pl.Expr:
    return pl.when(minutes < 0).then(pl.lit("-")).when(minutes.is_not_null()).then(pl.lit("+"))


def _offset(variable: Variable) -> pl.Expr:
    """`%::z` has seconds, `%:::z` only the hours where there are no minutes."""
    minutes = _minutes()
    hours = pl.concat_str(_signed(minutes), (minutes.abs() // 60).cast(pl.String).str.zfill(2))
    rest = minutes.abs() % 60
    colon = pl.concat_str(pl.lit(":"), rest.cast(pl.String).str.zfill(2))
    if variable.colons == 3:
        return pl.concat_str(hours, pl.when(rest > 0).then(colon).otherwise(pl.lit("")))
    return pl.concat_str(hours, colon, pl.lit(":00"))


def _offset_in_minutes(variable: Variable) -> pl.Expr:
    """`%Ez`, which the manual only calls the time zone in minutes: with a sign, without padding."""
    minutes = _minutes()
    return pl.concat_str(_signed(minutes), minutes.abs().cast(pl.String))


_OWN: dict[str, Callable[[Variable], pl.Expr]] = {
    "N": _fraction, "Q": _fraction, "f": _fraction, "s": _epoch, "z": _offset, "Ez": _offset_in_minutes,
}  # fmt: skip
