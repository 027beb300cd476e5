"""Spans of time and their units (Search Reference: "Time modifiers" and the time scale units of bin and timechart)."""

from __future__ import annotations

import re
from dataclasses import dataclass

SECONDS = {"us": 1e-6, "ms": 1e-3, "cs": 1e-2, "ds": 1e-1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
MONTHS = {"mon": 1, "q": 3, "y": 12}
_MONTH = 30 * 86400.0
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
_SPAN = re.compile(r"(\d+)?\s*([A-Za-z]*)")


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: `count` units of us, ms, cs, ds, s, m, h, d, w, mon, q or y."""

    count: int
    unit: str

    @property
    def seconds(self) -> float | None:
        """Its fixed length, None for months, quarters and years, whose length varies."""
        length = SECONDS.get(self.unit)
        return None if length is None else self.count * length

    @property
    def approximate(self) -> float:
        """Its length in seconds; a month counts 30 days."""
        fixed = self.seconds
        return fixed if fixed is not None else self.count * MONTHS[self.unit] * _MONTH


def unit_of(word: str) -> str | None:
    """The unit's short name, None for no unit. "M" is a month; all other names are read without case."""
    return "mon" if word == "M" else _UNITS.get(word.lower())


def seconds_of(text: str, default: float) -> float:
    """The seconds of a setting such as `86400s`, `24h`, `1d`, `90`; `default` for what is no span."""
    span = parse_span(text)
    return default if span is None else span.approximate


def parse_span(text: str) -> Span | None:
    """`5m`, `1mon`, `d`, `30` (seconds); None for what is no span of time."""
    found = _SPAN.fullmatch(text.strip())
    if found is None or not text.strip():
        return None
    unit = unit_of(found[2]) if found[2] else "s"
    return None if unit is None else Span(int(found[1] or 1), unit)
