"""Schedules: cron that parses, and windows that leave no gap between two runs."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.content.checks.finding import Finding, of
from caltrop.content.cron import longest_gap, seconds_before_now
from caltrop.content.document import Path
from caltrop.content.model import Baseline, Catalogue, Detection, Item, Schedule

_SLACK = 60  # seconds that snapping to the minute may take away


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
        gap = longest_gap(schedule.cron_schedule)
    except ValueError as error:
        hint = "five fields: minute hour day-of-month month day-of-week"
        yield of(item, (*path, "cron_schedule"), "bad-cron", f"cron schedule {schedule.cron_schedule!r}: {error}", hint)
        return
    earliest, latest = seconds_before_now(schedule.earliest_time), seconds_before_now(schedule.latest_time)
    if not earliest or latest is None:
        return  # all time, or an absolute time: nothing to say
    window = earliest - latest
    if gap and window + _SLACK < gap:
        message = (
            f"runs up to {_words(gap)} apart, but each looks at {_words(window)}: events in between are never seen"
        )
        yield of(
            item,
            (*path, "earliest_time"),
            "schedule-gap",
            message,
            f"set earliest_time {_words(gap)} before latest_time",
        )


def _words(seconds: int) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0 and seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
