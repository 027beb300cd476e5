"""Time: relative and absolute modifiers, snapping, spans, and the format variables of strftime and strptime.

Search Reference: time modifiers, date and time format variables. Epoch seconds are floats; every function takes the
time zone that calendars are read in.
"""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from caltrop.engine.errors import SearchError

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNITS = {
    **dict.fromkeys(("us", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("cs", "centisecond", "centiseconds"), "cs"),
    **dict.fromkeys(("ds", "decisecond", "deciseconds"), "ds"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
    **dict.fromkeys(("mon", "mons", "month", "months"), "mon"),
    **dict.fromkeys(("q", "qtr", "qtrs", "quarter", "quarters"), "q"),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "y"),
}
_SUBSECOND = {"us": 1e-6, "ms": 1e-3, "cs": 1e-2, "ds": 1e-1}


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: `count` units of us, ms, cs, ds, s, m, h, d, w, mon, q or y."""

    count: int
    unit: str

    @property
    def seconds(self) -> float | None:
        """Its fixed length, None for months, quarters and years, whose length varies."""
        length = SECONDS.get(self.unit) or _SUBSECOND.get(self.unit)
        return None if length is None else self.count * length


def unit_of(word: str) -> str | None:
    """The unit's short name, None for no unit. "M" is a month; all other names are read without case."""
    return "mon" if word == "M" else _UNITS.get(word.lower())


def parse_span(text: str) -> Span | None:
    """`5m`, `1mon`, `d`, `30` (seconds); None for what is no span of time."""
    match = re.fullmatch(r"(\d+)?\s*([A-Za-z]*)", text.strip())
    if match is None or not text.strip():
        return None
    unit = unit_of(match[2]) if match[2] else "s"
    if unit is None:
        return None
    return Span(int(match[1] or 1), unit)


def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SearchError(f"unknown time zone {name!r}") from error


def to_datetime(epoch: float, tz: str = "UTC") -> datetime:
    """Aware local time, microseconds rounded; SearchError outside the years 1 to 9999."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(epoch * 1e6))).astimezone(zone(tz))
    except OverflowError as error:
        raise SearchError(f"time {epoch} is out of range") from error


# --- relative times ---------------------------------------------------------------------------------------------------

_RELATIVE = re.compile(r"([+-]?)(\d*)([A-Za-z]+)|@([A-Za-z]+[0-7]?)")


def relative_time(now: float, spec: str, tz: str = "UTC") -> float | None:
    """`-1d@d+2h`, `@w1`, `+1mon`, `now`: offsets and snaps applied from left to right. None when it is not one."""
    text = spec.strip()
    if text in ("now", "now()", ""):
        return now if text else None
    if not re.fullmatch(f"(?:{_RELATIVE.pattern})+", text):
        return None
    moment = now
    sign = 1
    for match in _RELATIVE.finditer(text):
        if match[4]:
            snapped = snap(moment, match[4], tz)
            if snapped is None:
                return None
            moment = snapped
            continue
        unit = unit_of(match[3])
        if unit is None:
            return None
        sign = {"-": -1, "+": 1, "": sign}[match[1]]
        moment = shift(moment, sign * int(match[2] or 1), unit, tz)
    return moment


def shift(epoch: float, count: int, unit: str, tz: str = "UTC") -> float:
    """Move by `count` units; days and longer keep the wall clock, a day that a month lacks becomes its last."""
    if unit in _SUBSECOND:
        return epoch + count * _SUBSECOND[unit]
    if unit in ("s", "m", "h"):
        return epoch + count * SECONDS[unit]
    local = to_datetime(epoch, tz)
    try:
        if unit in ("d", "w"):
            moved = local.replace(tzinfo=None) + timedelta(days=count * (7 if unit == "w" else 1))
        else:
            months = local.year * 12 + local.month - 1 + count * {"mon": 1, "q": 3, "y": 12}[unit]
            year, month = divmod(months, 12)
            day = min(local.day, calendar.monthrange(year, month + 1)[1])
            moved = local.replace(tzinfo=None, year=year, month=month + 1, day=day)
    except (OverflowError, ValueError) as error:
        raise SearchError("the relative time is out of range") from error
    return moved.replace(tzinfo=local.tzinfo).timestamp()


def snap(epoch: float, unit: str, tz: str = "UTC") -> float | None:
    """Round down to the unit; w0 to w7 are weekdays (0 and 7 Sunday), w alone is w0. None for an unknown unit."""
    weekday = re.fullmatch(r"(?:w|week|weeks)([0-7])?", unit.lower())
    if weekday is None:
        name = unit_of(unit)
        if name is None:
            return None
        if name in _SUBSECOND:
            return math.floor(epoch / _SUBSECOND[name]) * _SUBSECOND[name]
    else:
        name = "w"
    local = to_datetime(epoch, tz).replace(microsecond=0)
    if name == "s":
        return float(math.floor(epoch))
    if name == "m":
        return local.replace(second=0).timestamp()
    if name == "h":
        return local.replace(minute=0, second=0).timestamp()
    day = local.replace(hour=0, minute=0, second=0)
    if name == "w" and weekday is not None:
        wanted = int(weekday[1] or 0) % 7
        day = _days_back(day, (day.isoweekday() - wanted) % 7)
    elif name == "mon":
        day = day.replace(day=1)
    elif name == "q":
        day = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    elif name == "y":
        day = day.replace(month=1, day=1)
    return day.timestamp()


def _days_back(day: datetime, count: int) -> datetime:
    return (day.replace(tzinfo=None) - timedelta(days=count)).replace(tzinfo=day.tzinfo)


def time_bound(text: str, now: float, tz: str = "UTC", timeformat: str | None = None) -> float | None:
    """earliest= and latest=: epoch seconds, a relative time, or an absolute one in `timeformat`. None: no bound (0, "")."""
    text = text.strip()
    if text.lower().startswith("rt"):
        raise SearchError(f"real-time searches are not supported: '{text}'", hint="use a relative time such as -1h")
    if timeformat is not None:
        absolute = strptime(text, timeformat, tz)
        if absolute is not None:
            return absolute
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return float(text)
    relative = relative_time(now, text, tz)
    if relative is not None:
        return relative
    for form in (timeformat, "%m/%d/%Y:%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%Q%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%Q", "%Y-%m-%dT%H:%M:%S",
                 "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%m/%d/%Y"):  # fmt: skip
        absolute = strptime(text, form, tz) if form else None
        if absolute is not None:
            return absolute
    raise SearchError(f"'{text}' is no time", hint='write -1h@h, epoch seconds, or "MM/DD/YYYY:HH:MM:SS"')


# --- strftime ---------------------------------------------------------------------------------------------------------

_VARIABLE = re.compile(r"%(?:([-_0^#]?)([0-9]*)(:{0,3})([A-Za-z%+]))")


@lru_cache(maxsize=65536)
def strftime(epoch: float, form: str, tz: str = "UTC") -> str | None:
    """Format an epoch time with Splunk's variables; None for a time outside the calendar."""
    try:
        moment = to_datetime(epoch, tz)
    except SearchError:
        return None
    return _VARIABLE.sub(lambda m: _format(m, moment, epoch), form)


def _format(match: re.Match[str], t: datetime, epoch: float) -> str:
    flag, width, colons, letter = match.groups()
    if letter in "QN":
        default = 3 if letter == "Q" else 9
        digits = int(width) if width else default
        return f"{t.microsecond:06d}"[:digits].ljust(min(digits, 9), "0") if digits else ""
    if letter == "z" or (colons and letter == "z"):
        return _offset(t, len(colons))
    text = _PLAIN[letter](t, epoch) if letter in _PLAIN else match[0]
    if flag == "-":
        text = text.lstrip("0 ") or "0"
    elif flag == "^":
        text = text.upper()
    return text


def _offset(t: datetime, colons: int) -> str:
    delta = t.utcoffset() or timedelta()
    minutes, sign = abs(int(delta.total_seconds())) // 60, "-" if delta < timedelta() else "+"
    if colons == 3:
        return f"{sign}{minutes // 60:02d}" if minutes % 60 == 0 else f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    seconds = ":00" if colons == 2 else ""
    return f"{sign}{minutes // 60:02d}{':' if colons else ''}{minutes % 60:02d}{seconds}"


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip
_PLAIN: dict[str, Callable[[datetime, float], str]] = {
    "Y": lambda t, e: f"{t.year:04d}", "y": lambda t, e: f"{t.year % 100:02d}", "C": lambda t, e: f"{t.year // 100:02d}",
    "m": lambda t, e: f"{t.month:02d}", "d": lambda t, e: f"{t.day:02d}", "e": lambda t, e: f"{t.day:2d}",
    "H": lambda t, e: f"{t.hour:02d}", "k": lambda t, e: f"{t.hour:2d}",
    "I": lambda t, e: f"{t.hour % 12 or 12:02d}", "l": lambda t, e: f"{t.hour % 12 or 12:2d}",
    "M": lambda t, e: f"{t.minute:02d}", "S": lambda t, e: f"{t.second:02d}",
    "p": lambda t, e: "AM" if t.hour < 12 else "PM", "P": lambda t, e: "am" if t.hour < 12 else "pm",
    "A": lambda t, e: _DAYS[t.weekday()], "a": lambda t, e: _DAYS[t.weekday()][:3],
    "B": lambda t, e: _MONTHS[t.month - 1], "b": lambda t, e: _MONTHS[t.month - 1][:3],
    "h": lambda t, e: _MONTHS[t.month - 1][:3],
    "j": lambda t, e: f"{t.timetuple().tm_yday:03d}", "w": lambda t, e: str(t.isoweekday() % 7), "u": lambda t, e: str(t.isoweekday()),
    "U": lambda t, e: f"{(t.timetuple().tm_yday + 6 - t.isoweekday() % 7) // 7:02d}",
    "W": lambda t, e: f"{(t.timetuple().tm_yday + 6 - t.weekday()) // 7:02d}",
    "V": lambda t, e: f"{t.isocalendar()[1]:02d}", "G": lambda t, e: str(t.isocalendar()[0]), "g": lambda t, e: f"{t.isocalendar()[0] % 100:02d}",
    "F": lambda t, e: f"{t.year:04d}-{t.month:02d}-{t.day:02d}", "D": lambda t, e: f"{t.month:02d}/{t.day:02d}/{t.year % 100:02d}",
    "x": lambda t, e: f"{t.month:02d}/{t.day:02d}/{t.year % 100:02d}",
    "T": lambda t, e: f"{t.hour:02d}:{t.minute:02d}:{t.second:02d}", "X": lambda t, e: f"{t.hour:02d}:{t.minute:02d}:{t.second:02d}",
    "R": lambda t, e: f"{t.hour:02d}:{t.minute:02d}",
    "r": lambda t, e: f"{t.hour % 12 or 12:02d}:{t.minute:02d}:{t.second:02d} {'AM' if t.hour < 12 else 'PM'}",
    "c": lambda t, e: f"{_DAYS[t.weekday()][:3]} {_MONTHS[t.month - 1][:3]} {t.day:2d} {t.hour:02d}:{t.minute:02d}:{t.second:02d} {t.year}",
    "+": lambda t, e: f"{_DAYS[t.weekday()][:3]} {_MONTHS[t.month - 1][:3]} {t.day:2d} {t.hour:02d}:{t.minute:02d}:{t.second:02d} {t.tzname()} {t.year}",
    "v": lambda t, e: f"{t.day:2d}-{_MONTHS[t.month - 1][:3]}-{t.year}",
    "Z": lambda t, e: t.tzname() or "", "s": lambda t, e: str(math.floor(e)), "f": lambda t, e: f"{t.microsecond:06d}",
    "n": lambda t, e: "\n", "t": lambda t, e: "\t", "%": lambda t, e: "%",
}  # fmt: skip


# --- strptime ---------------------------------------------------------------------------------------------------------

_EXPANSIONS = {"T": "%H:%M:%S", "X": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "x": "%m/%d/%y", "F": "%Y-%m-%d",
               "r": "%I:%M:%S %p", "c": "%a %b %e %H:%M:%S %Y", "v": "%e-%b-%Y", "+": "%a %b %e %H:%M:%S %Z %Y"}  # fmt: skip
_READ = {
    "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d{1,2})", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})", "e": r"\s*(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})", "k": r"\s*(?P<H>\d{1,2})", "I": r"(?P<I>\d{1,2})", "l": r"\s*(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{1,2})", "S": r"(?P<S>\d{1,2})", "p": r"(?P<p>[AaPp]\.?[Mm]\.?)", "P": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "A": r"(?P<a>[A-Za-z]+)", "a": r"(?P<a>[A-Za-z]+)", "B": r"(?P<b>[A-Za-z]+)\.?", "b": r"(?P<b>[A-Za-z]+)\.?", "h": r"(?P<b>[A-Za-z]+)\.?",
    "j": r"(?P<j>\d{1,3})", "w": r"\d", "u": r"\d", "U": r"\d{1,2}", "W": r"\d{1,2}", "V": r"\d{1,2}",
    "z": r"(?P<z>Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)", "Z": r"(?P<Z>[A-Za-z][A-Za-z_/+-]*\d*)", "s": r"(?P<s>-?\d+(?:\.\d+)?)",
    "f": r"(?P<f>\d{1,9})", "Q": r"(?P<f>\d{1,9})", "N": r"(?P<f>\d{1,9})", "n": r"\s+", "t": r"\s+", "%": "%",
}  # fmt: skip


@lru_cache(maxsize=512)
def _reader(form: str) -> re.Pattern[str] | None:
    form = re.sub(r"%([TXRDxFrcv+])", lambda m: _EXPANSIONS[m[1]], form)
    out: list[str] = []
    seen: set[str] = set()
    at = 0
    for match in _VARIABLE.finditer(form):
        out.append(_literal(form[at : match.start()]))
        letter, width = match[4], match[2]
        if letter not in _READ:
            return None
        piece = _READ[letter]
        if letter in "QNf" and width:
            piece = r"(?P<f>\d{1,9})"
        name = re.search(r"\?P<(\w)>", piece)
        if name and name[1] in seen:
            piece = piece.replace(f"?P<{name[1]}>", "?:")
        elif name:
            seen.add(name[1])
        if letter in "QNf" and out[-1].endswith(r"\."):  # a time without its fraction fits too
            out[-1] = out[-1].removesuffix(r"\.")
            piece = rf"(?:\.{piece})?"
        out.append(piece)
        at = match.end()
    out.append(_literal(form[at:]))
    return re.compile("".join(out))


def _literal(text: str) -> str:
    return re.sub(r"(?:\\?\s)+", lambda _: r"\\s+".replace("\\\\", "\\"), re.escape(text)) if text else ""


@lru_cache(maxsize=65536)
def strptime(text: str, form: str, tz: str = "UTC", today: date | None = None) -> float | None:
    """Read a time; text after the end of the format is ignored. None when the text does not fit.

    What the format leaves out comes from `today` as long as what is left out is larger: a time of day is today's, a day
    and month this year's. A month without a day is no time.
    """
    reader = _reader(form)
    match = reader.match(text.strip()) if reader else None
    if match is None:
        return None
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    fraction = float(f"0.{found['f']}") if "f" in found else 0.0
    if "s" in found:
        return float(found["s"]) + fraction
    try:
        moment = _assemble(found, today)
        if moment is None:
            return None
        return _localize(moment, found, tz) + fraction
    except (ValueError, OverflowError):
        return None


def _assemble(found: dict[str, str], today: date | None) -> datetime | None:
    has_year, has_month = bool({"Y", "y"} & found.keys()), bool({"m", "b"} & found.keys())
    has_day = bool({"d", "j"} & found.keys())
    if (has_year or has_month) and not has_day:
        return None
    if not has_year and today is None:
        return None
    base = today or date(1970, 1, 1)
    year = int(found["Y"]) if "Y" in found else base.year
    if "y" in found and "Y" not in found:
        short = int(found["y"])
        year = 1900 + short if short >= 69 else 2000 + short
    month = int(found.get("m", 1 if has_year else base.month))
    if "b" in found:
        numbers = [
            i
            for i, name in enumerate(_MONTHS, 1)
            if name.lower().startswith(found["b"].lower()) and len(found["b"]) >= 3
        ]
        if not numbers:
            return None
        month = numbers[0]
    hour = int(found.get("H", 0))
    if "I" in found:
        hour = int(found["I"]) % 12
        if not 1 <= int(found["I"]) <= 12:
            return None
        if found.get("p", "a")[0] in "pP":
            hour += 12
    second = int(found.get("S", 0))
    moment = datetime(
        year, month, int(found.get("d", 1 if "j" in found else base.day)), hour, int(found.get("M", 0)), min(second, 59)
    )
    if second > 60:
        return None
    if "j" in found:
        moment = moment.replace(month=1, day=1) + timedelta(days=int(found["j"]) - 1)
    return moment + timedelta(seconds=second - min(second, 59))


_ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
          "CET": 1, "CEST": 2, "BST": 1, "WET": 0, "WEST": 1, "EET": 2, "EEST": 3, "MSK": 3, "IST": 5.5, "JST": 9, "KST": 9,
          "AEST": 10, "AEDT": 11, "AKST": -9, "AKDT": -8, "HST": -10, "NZST": 12, "NZDT": 13, "SGT": 8, "HKT": 8}  # fmt: skip


def _localize(moment: datetime, found: dict[str, str], tz: str) -> float:
    if "z" in found:
        digits = re.sub(r"[^\d]", "", found["z"])
        minutes = int(digits[:2] or 0) * 60 + int(digits[2:4] or 0)
        return moment.replace(
            tzinfo=timezone(timedelta(minutes=-minutes if found["z"][0] == "-" else minutes))
        ).timestamp()
    if "Z" in found:
        name = found["Z"]
        if name.upper() in _ZONES:
            return moment.replace(tzinfo=timezone(timedelta(hours=_ZONES[name.upper()]))).timestamp()
        try:
            return moment.replace(tzinfo=ZoneInfo(name)).timestamp()
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(name) from None
    return moment.replace(tzinfo=zone(tz)).timestamp()
