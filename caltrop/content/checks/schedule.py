"""Schedules: cron that parses, and windows that leave no gap between two runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from caltrop.content.checks.finding import Finding, of
from caltrop.content.document import Path
from caltrop.content.model import Baseline, Catalogue, Detection, Item, Schedule
from caltrop.dialect import cron
from caltrop.dialect.moments import is_real_time, relative_time, time_bound
from caltrop.dialect.zones import TimeError

_SAME_EVERY_DAY = re.compile(r"now|[-+]\d+[smhd](?:@[smhd])?")  # so far from the run, whatever the day (all in UTC)
_START = 1_767_225_600.0  # 2026-01-01: where runs are looked at from, the same every day


def check(catalogue: Catalogue) -> Iterator[Finding]:
    for deployment in catalogue.deployments:
        yield from _schedule(deployment, deployment.schedule, ("scheduling",))
    searches: tuple[Detection | Baseline, ...] = (*catalogue.detections, *catalogue.baselines)
    for item in searches:
        if item.schedule:
            path: Path = ("custom_schedule",) if item.schema == "flat" else ("deployment", "scheduling")
            yield from _schedule(item, item.schedule, path)


def _schedule(item: Item, schedule: Schedule, path: Path) -> Iterator[Finding]:
    try:
        runs = cron.parse(schedule.cron_schedule)
    except TimeError as error:
        hint = "five fields: minute hour day-of-month month day-of-week"
        yield of(item, (*path, "cron_schedule"), "bad-cron", f"cron schedule {schedule.cron_schedule!r}: {error}", hint)
        return
    bad = False
    for key, text in (("earliest_time", schedule.earliest_time), ("latest_time", schedule.latest_time)):
        try:
            if text.strip() and not is_real_time(text):
                time_bound(text, _START)
        except TimeError as error:
            bad = True
            yield of(item, (*path, key), "bad-time", f"{key}: {error}", error.hint or "")
    gap = None if bad else _gap(runs, schedule.earliest_time, schedule.latest_time.strip() or "now")
    if gap is not None:
        apart, window = map(_words, gap)
        message = f"runs up to {apart} apart, but each looks at {window}: events in between are never seen"
        yield of(
            item,
            (*path, "earliest_time"),
            "schedule-gap",
            message,
            f"set earliest_time {apart} before latest_time",
        )


@lru_cache(maxsize=1024)
def _gap(runs: cron.Cron, earliest: str, latest: str) -> tuple[float, float] | None:
    """Of the two runs that leave most unseen between their windows: how far they are apart, and how far the later one
    looks; None where nothing stays unseen, or where a bound is no relative time."""
    if relative_time(_START, earliest) is None or relative_time(_START, latest) is None:
        return None  # all time, an absolute time or real time: nothing to say
    most, found = 0.0, None
    alike = bool(_SAME_EVERY_DAY.fullmatch(earliest) and _SAME_EVERY_DAY.fullmatch(latest))
    for before, after in runs.neighbours(_START, alike=alike):
        begin, end, seen = (
            relative_time(moment, bound) or 0.0
            for moment, bound in ((after, earliest), (after, latest), (before, latest))
        )
        if begin - seen > most:
            most, found = begin - seen, (after - before, end - begin)
    return found


def _words(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0 and seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return f"{seconds:g}s"
