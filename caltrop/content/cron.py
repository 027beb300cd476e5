"""Cron schedules and relative times, as far as a check of a search's schedule needs them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from itertools import pairwise

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_NAMES = {
    name: str(number)
    for names, first in (("jan feb mar apr may jun jul aug sep oct nov dec", 1), ("sun mon tue wed thu fri sat", 0))
    for number, name in enumerate(names.split(), first)
}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "mon": 2592000, "q": 7776000, "y": 31536000}
_SPELLED = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "min": "m", "mins": "m", "minute": "m", "minutes": "m",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "week": "w", "weeks": "w",
    "month": "mon", "months": "mon", "qtr": "q", "quarter": "q", "quarters": "q", "yr": "y", "yrs": "y", "year": "y",
    "years": "y",
}  # fmt: skip
_RELATIVE = re.compile(r"([-+])(\d*)([a-z]+)(@[a-z0-9]+)?", re.I)
_START = datetime.date(2026, 1, 1)
_DAYS, _RUNS = 800, 400  # how far ahead runs are looked at


def parse(cron: str) -> list[frozenset[int]]:
    """The five fields as sets of numbers; raises ValueError that says which field is wrong."""
    parts = cron.split()
    if len(parts) != 5:
        raise ValueError(f"{len(parts)} fields instead of 5")
    return [_field(part, *spec) for part, spec in zip(parts, _FIELDS, strict=True)]


def _field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    out: set[int] = set()
    for item in text.lower().split(","):
        span, slash, step_text = item.partition("/")
        step = int(step_text) if step_text.isdigit() else 1 if not slash else 0
        first, dash, last = (_NAMES.get(p, p) for p in span.partition("-"))
        if span == "*":
            start, end = low, high
        elif first.isdigit() and (not dash or last.isdigit()):
            start = int(first)
            end = int(last) if dash else high if slash else start
        else:
            raise ValueError(f"{item!r} in the {name}")
        if step < 1 or not low <= start <= end <= high:
            raise ValueError(f"{item!r} in the {name}, which goes from {low} to {high}")
        out.update(range(start, end + 1, step))
    if name == "day of week" and 7 in out:
        out.add(0)
    return frozenset(out)


def longest_gap(cron: str) -> int:
    """Seconds between the two runs that lie furthest apart; 0 when it never runs twice."""
    runs = list(_runs(parse(cron), cron.split()))
    return max((b - a for a, b in pairwise(runs)), default=0)


def _runs(fields: list[frozenset[int]], texts: list[str]) -> Iterator[int]:
    minutes, hours, days, months, weekdays = fields
    either = texts[2] != "*" and texts[4] != "*"  # cron: with both given, one of them is enough
    found = 0
    for offset in range(_DAYS):
        date = _START + datetime.timedelta(days=offset)
        by_day, by_weekday = date.day in days, (date.weekday() + 1) % 7 in weekdays
        if date.month not in months or not (by_day or by_weekday if either else by_day and by_weekday):
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                yield (offset * 1440 + hour * 60 + minute) * 60
                found += 1
        if found >= _RUNS:
            return


def seconds_before_now(time: str) -> int | None:
    """How far back a relative time lies, snapping left aside; None for anything else. `now` and empty are 0."""
    text = time.strip().lower()
    if text in ("", "now", "now()", "0"):
        return 0
    match = _RELATIVE.fullmatch(text)
    if not match:
        return None
    unit = _SPELLED.get(match.group(3), match.group(3))
    if unit not in _UNITS:
        return None
    seconds = int(match.group(2) or 1) * _UNITS[unit]
    return seconds if match.group(1) == "-" else -seconds
