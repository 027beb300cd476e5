"""Cron schedules, in UTC (Alerting Manual: "Use cron expressions for alert scheduling").

Five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday). Where both days
are limited, one of them is enough, as in every cron. What croniter reads beyond that (seconds, L, #, @daily) is no schedule here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from croniter import CroniterBadDateError, croniter

from caltrop.dialect.zones import TimeError

_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_FIELD = re.compile(r"(?:\*|\w+(?:-\w+)?)(?:/\d+)?(?:,(?:\*|\w+(?:-\w+)?)(?:/\d+)?)*")
_WORD = re.compile(r"\d+|[A-Za-z]{3}")
_RANGE = re.compile(r"(\d+)-(\d+)")
_DAY = 86400
_YEAR = 366 * _DAY
_DAYS, _YEARS = 400, 5 * 366 * _DAY  # how far neighbours are looked for: a year of days, a leap day and the next


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule that can be read and that runs at some time."""

    text: str

    def at_or_before(self, moment: float) -> float:
        """The latest scheduled minute that is not after the moment."""
        try:
            return float(self._walk(moment + 1).get_prev(float))
        except CroniterBadDateError:  # croniter finds no 29 February behind it
            return self._looking_ahead(moment)

    def _looking_ahead(self, moment: float) -> float:
        """The same, from far enough before: the runs of a schedule of few days, day after day."""
        run = next(first for years in (9, 50) if (first := self.after(moment - years * _YEAR)) <= moment)
        while (following := self.after(run - run % _DAY + _DAY - 1)) <= moment:
            run = following
        return list(self.between(run, moment))[-1]

    def after(self, moment: float) -> float:
        """The first scheduled minute after the moment."""
        return float(self._walk(moment).get_next(float))

    def between(self, earliest: float, latest: float) -> Iterator[float]:
        """Scheduled minutes in [earliest, latest], in order."""
        walk = self._walk(earliest - 1)
        while (moment := float(walk.get_next(float))) <= latest:
            yield moment

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
        walk = self._walk(first)
        for _ in range(1 if alike and self.text.split()[2:] == ["*", "*", "*"] else _DAYS):
            following = float(walk.get_next(float, start_time=datetime.fromtimestamp(day + _DAY - 1, UTC)))
            yield day + last, following
            day = following - following % _DAY
            if day > start + _YEARS:
                return

    def _walk(self, moment: float) -> croniter:
        return croniter(self.text, datetime.fromtimestamp(moment, UTC))


def parse(text: str) -> Cron:
    """Raises TimeError that says which field is wrong, or that the schedule never runs."""
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise TimeError(f"{len(fields)} fields instead of 5")
    for written, name in zip(fields, _FIELDS, strict=True):
        words = re.findall(r"\w+", written)
        backwards = any(int(low) > int(high) for low, high in _RANGE.findall(written))
        if not _FIELD.fullmatch(written) or backwards or not all(_WORD.fullmatch(word) for word in words):
            raise TimeError(f"{written!r} in the {name}")
    try:
        found = Cron(" ".join(fields))
        found.after(0.0)
    except ValueError as error:
        raise TimeError(_reason(fields, error)) from error
    return found


def _reason(fields: list[str], error: Exception) -> str:
    for place, (written, name) in enumerate(zip(fields, _FIELDS, strict=True)):
        alone = ["*"] * len(_FIELDS)
        alone[place] = written
        if not croniter.is_valid(" ".join(alone)):
            return f"{written!r} in the {name}"
    return f"it never runs ({error})"
