"""Cron schedules, in UTC (Alerting Manual: "Use cron expressions for alert scheduling").

Five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday). Where both days
are limited, one of them is enough, as in every cron. What some crons read beyond that (seconds, L, #, @daily) is no schedule here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from caltrop.dialect.zones import TimeError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ITEM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?", re.ASCII)
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86400
_DAYS, _YEARS = 400, 5 * 366 * _DAY  # how far neighbours are looked for: a year of days, a leap day and the next
_APART = 9 * 366  # days: two runs are never further from each other than the leap days around 2100


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule that can be read and that runs at some time."""

    text: str
    times: tuple[int, ...]  # seconds of a day, in order
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday

    def at_or_before(self, moment: float) -> float:
        """The latest scheduled minute that is not after the moment."""
        day, second = divmod(moment, _DAY)
        if self._on(int(day)) and (place := bisect_right(self.times, second)):
            return day * _DAY + self.times[place - 1]
        return next(n for n in range(int(day) - 1, int(day) - _APART, -1) if self._on(n)) * _DAY + float(self.times[-1])

    def after(self, moment: float) -> float:
        """The first scheduled minute after the moment."""
        day, second = divmod(moment, _DAY)
        if self._on(int(day)) and (place := bisect_right(self.times, second)) < len(self.times):
            return day * _DAY + self.times[place]
        return next(n for n in range(int(day) + 1, int(day) + _APART) if self._on(n)) * _DAY + float(self.times[0])

    def between(self, earliest: float, latest: float) -> Iterator[float]:
        """Scheduled minutes in [earliest, latest], in order."""
        for day in range(int(earliest // _DAY), int(latest // _DAY) + 1):
            if self._on(day):
                yield from (m for second in self.times if earliest <= (m := float(day * _DAY + second)) <= latest)

    def neighbours(self, start: float, *, alike: bool = False) -> Iterator[tuple[float, float]]:
        """Pairs of runs that follow each other, from `start` on: all pairs within a day, those across days for a year.

        A day's runs are the same on every day that has any, so that no other distance between two runs occurs. `alike`: one pair
        of each distance is enough, whatever its day; of a schedule that runs every day, the first across days has the only one.
        """
        first = self.after(start - 1)
        day = first - first % _DAY
        runs = list(self.between(first, day + _DAY - 1))
        yield from pairwise(runs)
        last = runs[-1] - day
        for _ in range(1 if alike and self.text.split()[2:] == ["*", "*", "*"] else _DAYS):
            following = self.after(day + _DAY - 1)
            yield day + last, following
            day = following - following % _DAY
            if day > start + _YEARS:
                return

    def _on(self, day: int) -> bool:
        """Does it run on this day, counted from 1970?"""
        at = date.fromordinal(_EPOCH + day)
        if at.month not in self.months:
            return False
        on_day, on_weekday = at.day in self.days, at.isoweekday() % 7 in self.weekdays
        either = len(self.days) < 31 and len(self.weekdays) < 7
        return (on_day or on_weekday) if either else (on_day and on_weekday)


def parse(text: str) -> Cron:
    """Raises TimeError that says which field is wrong, or that the schedule never runs."""
    fields = text.split()
    if len(fields) != 5:
        raise TimeError(f"{len(fields)} fields instead of 5")
    minutes = _numbers(fields[0], "minute", 0, 59)
    hours = _numbers(fields[1], "hour", 0, 23)
    days = _numbers(fields[2], "day of month", 1, 31)
    months = _numbers(fields[3], "month", 1, 12, _MONTHS)
    weekdays = frozenset(n % 7 for n in _numbers(fields[4], "day of week", 0, 7, _WEEKDAYS))
    if len(weekdays) == 7 and min(days) > max(_LONGEST_MONTH[month - 1] for month in months):
        raise TimeError(f"it never runs: no month of it has a day {min(days)}")
    return Cron(" ".join(fields), _times(minutes, hours), days, months, weekdays)


@lru_cache(256)
def _times(minutes: frozenset[int], hours: frozenset[int]) -> tuple[int, ...]:
    return tuple(hour * 3600 + minute * 60 for hour in sorted(hours) for minute in sorted(minutes))


def _numbers(field: str, name: str, low: int, high: int, words: tuple[str, ...] = ()) -> frozenset[int]:
    """What a field allows: numbers and names, ranges, steps, lists of these."""
    found: set[int] = set()
    for item in field.split(","):
        match = _ITEM.fullmatch(item)
        step = 0 if match is None else int(match["step"] or 1)
        if match is None or not step:
            raise TimeError(f"{field!r} in the {name}")
        first, last = low, high
        if match["first"]:
            first = _number(match["first"], low, words)
            last = _number(match["last"], low, words) if match["last"] else high if match["step"] else first
            if match["last"] and words is _WEEKDAYS and match["last"].lower() == "sun":
                last = 7  # fri-sun
        if not low <= first <= last <= high:
            raise TimeError(f"{field!r} in the {name}")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(word: str, low: int, words: tuple[str, ...]) -> int:
    """A number, or a name's; one that no field allows for what is neither."""
    if word.isdigit():
        return int(word)
    return words.index(word.lower()) + low if word.lower() in words else -1
