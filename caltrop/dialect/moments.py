"""Moments: relative times, snapping, and the bounds of a search (Search Reference: "Time modifiers").

Epoch seconds are floats; every function takes the name of the time zone that calendars are read in, and raises TimeError
for a zone that does not exist and for moments outside the years 1 to 9999.
"""

from __future__ import annotations

import calendar
import math
import re
from datetime import UTC, datetime, timedelta

from caltrop.dialect.spans import MONTHS, SECONDS, unit_of
from caltrop.dialect.strptime import strptime
from caltrop.dialect.zones import TimeError, zone

_RELATIVE = re.compile(r"([+-]?)(\d*)([A-Za-z]+)|@([A-Za-z]+[0-7]?)")
_WHOLE = re.compile(f"(?:{_RELATIVE.pattern})+")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_WEEKDAY = re.compile(r"(?:w|week|weeks)([0-7])?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What an absolute time may look like where no format is given.
_ABSOLUTE = ("%m/%d/%Y:%H:%M:%S.%Q", "%Y-%m-%dT%H:%M:%S.%Q", "%Y-%m-%dT%H:%M:%S.%Q%z", "%Y-%m-%d %H:%M:%S.%Q", "%Y-%m-%d",
             "%m/%d/%Y")  # fmt: skip


def local(epoch: float, tz: str = "UTC") -> datetime:
    """Aware local time, rounded to microseconds."""
    try:
        return (_EPOCH + timedelta(microseconds=round(epoch * 1e6))).astimezone(zone(tz))
    except (OverflowError, ValueError) as error:
        raise TimeError(f"time {epoch} is out of range") from error


def relative_time(now: float, spec: str, tz: str = "UTC") -> float | None:
    """`-1d@d+2h`, `@w1`, `+1mon`, `now`: offsets and snaps applied from left to right. None when it is not one."""
    text = spec.strip()
    if text in ("now", "now()"):
        return now
    if not _WHOLE.fullmatch(text):
        return None
    moment = now
    sign = 1
    for found in _RELATIVE.finditer(text):
        if found[4]:
            snapped = snap(moment, found[4], tz)
            if snapped is None:
                return None
            moment = snapped
            continue
        unit = unit_of(found[3])
        if unit is None:
            return None
        sign = {"-": -1, "+": 1, "": sign}[found[1]]
        moment = shift(moment, sign * int(found[2] or 1), unit, tz)
    return moment


STEADY_FROM = 1e8  # since 1973 every zone is off by whole quarters of an hour
_QUARTER = 900


def steady(spec: str) -> int | None:
    """Seconds (a divisor of an hour) within which all times from `STEADY_FROM` on have the same relative time, counted from the
    epoch; None where every time has its own, or that cannot be told.

    Days begin and clocks change at quarters of an hour, in whatever zone. So what is rounded down to the hour or more, and is
    moved by whole quarters before, is the same for a quarter of an hour.
    """
    width = 0
    for found in _RELATIVE.finditer(spec.strip()):
        if found[4]:
            unit = "d" if _WEEKDAY.fullmatch(found[4].lower()) else unit_of(found[4]) or ""
            size = 60 if unit == "m" else _QUARTER if unit in ("h", "d", "w") or unit in MONTHS else 0
            width = math.gcd(width, size) if size else 0
            return width if width >= 60 else None
        unit = unit_of(found[3]) or ""
        if unit in SECONDS and unit not in ("d", "w"):
            moved = int(found[2] or 1) * SECONDS[unit]
            if moved != int(moved):
                return None
            width = math.gcd(width, int(moved))
    return None


def shift(epoch: float, count: int, unit: str, tz: str = "UTC") -> float:
    """Move by `count` units; days and longer keep the wall clock, a day that a month lacks becomes its last."""
    if unit not in ("d", "w") and unit in SECONDS:
        return epoch + count * SECONDS[unit]
    here = local(epoch, tz)
    try:
        if unit in MONTHS:
            year, month = divmod(here.year * 12 + here.month - 1 + count * MONTHS[unit], 12)
            day = min(here.day, calendar.monthrange(year, month + 1)[1])
            moved = here.replace(tzinfo=None, year=year, month=month + 1, day=day)
        else:
            moved = here.replace(tzinfo=None) + timedelta(days=count * (7 if unit == "w" else 1))
        return moved.replace(tzinfo=here.tzinfo).timestamp()
    except (OverflowError, ValueError) as error:
        raise TimeError("the relative time is out of range") from error


def snap(epoch: float, unit: str, tz: str = "UTC") -> float | None:
    """Round down to the unit; w0 to w7 are weekdays (0 and 7 Sunday), w alone is w0. None for an unknown unit."""
    weekday = _WEEKDAY.fullmatch(unit.lower())
    name = "w" if weekday else unit_of(unit)
    if name is None:
        return None
    if SECONDS.get(name, 60) <= 1:
        return math.floor(epoch / SECONDS[name]) * float(SECONDS[name])
    here = local(epoch, tz).replace(microsecond=0)
    if name == "m":
        return here.replace(second=0).timestamp()
    if name == "h":
        return here.replace(minute=0, second=0).timestamp()
    day = here.replace(hour=0, minute=0, second=0, fold=0)
    if weekday:
        back = (day.isoweekday() - int(weekday[1] or 0)) % 7
        day = (day.replace(tzinfo=None) - timedelta(days=back)).replace(tzinfo=day.tzinfo)
    elif name == "mon":
        day = day.replace(day=1)
    elif name == "q":
        day = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    elif name == "y":
        day = day.replace(month=1, day=1)
    return day.timestamp()


def is_real_time(text: str) -> bool:
    """Whether a bound asks for a real-time search: `rt`, `rt-5m`."""
    return text.strip().lower().startswith("rt")


def time_bound(text: str, now: float, tz: str = "UTC", form: str | None = None) -> float:
    """earliest= and latest=: epoch seconds, a relative time, or an absolute one (in `form` first, where it is given).

    Raises TimeError for a real-time bound and for what is no time.
    """
    text = text.strip()
    if is_real_time(text):
        raise TimeError(f"real-time searches are not supported: '{text}'", hint="use a relative time such as -1h")
    if form is not None:
        absolute = strptime(text, form, tz)
        if absolute is not None:
            return absolute
    if _NUMBER.fullmatch(text):
        return float(text)
    relative = relative_time(now, text, tz)
    if relative is not None:
        return relative
    for known in _ABSOLUTE:
        absolute = strptime(text, known, tz, whole=True)
        if absolute is not None:
            return absolute
    raise TimeError(f"'{text}' is no time", hint='write -1h@h, epoch seconds, or "MM/DD/YYYY:HH:MM:SS"')
