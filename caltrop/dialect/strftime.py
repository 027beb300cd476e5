"""strftime: epoch seconds written in a format, whole columns at once.

Polars writes most variables as Splunk does; the others are expressions of their own. Names of days and months are the
English ones. An unknown variable stays as it is written. A few times in a format of common variables are written one by one,
which is far cheaper than to set up a query.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import polars as pl

from caltrop.dialect.timeformat import Variable, parts
from caltrop.dialect.zones import checked, zone

# Letters that Polars writes the same way. A fraction of 3, 6 or 9 digits is its %3f, %6f, %9f.
_SAME = frozenset("YCymdejBbhAawuHIklMSpPUWVGgZnt")
_FLAGS = frozenset(("", "-", "_", "0"))
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0  # the years 1 to 9999
_TIME = pl.col("time")
_LOCAL = pl.col("local")
_FRACTIONS = {"N": 9, "Q": 3, "f": 6}  # how many digits they have where the format does not say
_NAMES = frozenset("BbhAapPZnt")  # not numbers: nothing to pad
_FEW = 16  # times that are written faster one by one


def write(times: pl.Series, form: str, tz: str = "UTC") -> pl.Series:
    """Times (numbers, epoch seconds; rounded to microseconds) as text; null outside the years 1 to 9999.

    Raises TimeError for an unknown zone.
    """
    if len(times) <= _FEW:
        texts = [None if time is None else strftime(time, form, tz) for time in times.cast(pl.Float64)]
        return pl.Series(times.name, texts, dtype=pl.String)
    return _column(times, form, tz)


def _column(times: pl.Series, form: str, tz: str) -> pl.Series:
    seconds = pl.when(_TIME.is_between(_FIRST, _LAST)).then(_TIME)
    stamp = (seconds * 1e6).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
    local = stamp.dt.replace_time_zone("UTC").dt.convert_time_zone(checked(tz)).alias("local")
    frame = times.cast(pl.Float64).alias("time").to_frame().select(_TIME, local)
    return frame.select(pl.concat_str(_pieces(form)).alias(times.name)).to_series()


@lru_cache(maxsize=8192)
def strftime(epoch: float, form: str, tz: str = "UTC") -> str | None:
    """One time as text; None outside the years 1 to 9999. Raises TimeError for an unknown zone."""
    if not _FIRST <= epoch <= _LAST:
        checked(tz)
        return None
    text = _simple(epoch, form, tz)
    return _column(pl.Series([epoch], dtype=pl.Float64), form, tz)[0] if text is None else text


# --- one time in common variables --------------------------------------------------------------------------------------

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SURE = range(1970, 2037)  # the years for which every table of zones has the same rules
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_PLAIN: dict[str, Callable[[datetime], str]] = {
    "Y": lambda t: f"{t.year:04}", "m": lambda t: f"{t.month:02}", "d": lambda t: f"{t.day:02}", "e": lambda t: f"{t.day:2}",
    "H": lambda t: f"{t.hour:02}", "k": lambda t: f"{t.hour:2}", "I": lambda t: f"{(t.hour + 11) % 12 + 1:02}",
    "l": lambda t: f"{(t.hour + 11) % 12 + 1:2}", "M": lambda t: f"{t.minute:02}", "S": lambda t: f"{t.second:02}",
    "y": lambda t: f"{t.year % 100:02}", "j": lambda t: f"{t.timetuple().tm_yday:03}",
    "A": lambda t: _DAYS[t.weekday()], "a": lambda t: _DAYS[t.weekday()][:3],
    "B": lambda t: _MONTHS[t.month - 1], "b": lambda t: _MONTHS[t.month - 1][:3], "h": lambda t: _MONTHS[t.month - 1][:3],
    "p": lambda t: "PM" if t.hour > 11 else "AM", "P": lambda t: "pm" if t.hour > 11 else "am",
    "s": lambda t: str((t - _EPOCH) // timedelta(seconds=1)),
}  # fmt: skip


def _simple(epoch: float, form: str, tz: str) -> str | None:
    """The time as text; None where the format or the zone asks for what only whole columns write."""
    moment = _EPOCH + timedelta(microseconds=round(epoch * 1e6))
    there = zone(tz)
    if there.key != "UTC":
        if moment.year not in _SURE:
            return None
        moment = moment.astimezone(there)
    out = []
    for part in parts(form):
        if isinstance(part, str):
            out.append(part)
        elif part.letter in _FRACTIONS:
            width = _FRACTIONS[part.letter] if part.width is None else min(part.width, 9)
            out.append(f"{moment.microsecond:06}000"[:width])
        elif part.letter == "z" and part.colons < 2:
            out.append(_east(moment, ":" * part.colons))
        elif part.letter in _PLAIN and not part.flag and not part.colons:
            out.append(_PLAIN[part.letter](moment))
        else:
            return None
    return "".join(out)


def _east(moment: datetime, colon: str) -> str:
    offset = moment.utcoffset() or timedelta()
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{'-' if offset < timedelta() else '+'}{minutes // 60:02}{colon}{minutes % 60:02}"


# --- columns ------------------------------------------------------------------------------------------------------------


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
    if letter in _FRACTIONS:
        digits = width if width is not None else _FRACTIONS[letter]
        return f"%{digits}f" if digits in (3, 6, 9) else None
    if letter == "z" and variable.colons < 2:
        return f"%{':' * variable.colons}z"
    if letter in _SAME and variable.flag in _FLAGS and not variable.colons:
        return f"%{'' if letter in _NAMES else variable.flag}{letter}"
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
