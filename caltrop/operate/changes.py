"""Settings of saved searches as somebody wants them: which have to change, and the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from splunklib.binding import HTTPError, UrlEncoded

from caltrop.dialect import cron
from caltrop.dialect.moments import time_bound
from caltrop.dialect.words import known_truth
from caltrop.dialect.zones import TimeError
from caltrop.errors import CaltropError
from caltrop.operate.installed import Installed, may, needs
from caltrop.replay.remote import RemoteTarget, reason
from caltrop.replay.target import TargetError

ENABLED = {"disabled": "0", "is_scheduled": "1"}
DISABLED = {"disabled": "1"}


@dataclass(frozen=True, slots=True)
class Change:
    """A detection and what is to become of its settings: name -> (as it is, as it is to be). Empty: it is so already."""

    detection: Installed
    settings: Mapping[str, tuple[str, str]]

    def __str__(self) -> str:
        told = ", ".join(f"{name} {before or 'none'} -> {after}" for name, (before, after) in self.settings.items())
        return f"{self.detection.name}: {told or 'unchanged'}"


def plan(detections: Sequence[Installed], wanted: Mapping[str, str]) -> list[Change]:
    """What has to change so that the settings are as wanted. Raises CaltropError for one that would run and has no schedule."""
    out = []
    for one in detections:
        runs = wanted.get("disabled") == "0"
        if runs and not wanted.get("cron_schedule", one.cron):
            raise CaltropError(
                f"{one.name} has no schedule to run by: nothing was changed",
                hint=f"caltrop schedule {one.filter_macro.removesuffix('_filter') or one.name!r} --cron '0 * * * *' --enable",
            )
        held = {name: one.settings.get(name, "") for name in wanted}
        out.append(Change(one, {name: (held[name], to) for name, to in wanted.items() if not _same(held[name], to)}))
    return out


def schedule(cron_schedule: str | None, earliest: str | None, latest: str | None, now: float) -> dict[str, str]:
    """The settings of a schedule and its window. Raises CaltropError for what is no schedule or no time, and for a window that
    ends before it begins."""
    out: dict[str, str] = {}
    if cron_schedule is not None:
        try:
            cron.parse(cron_schedule)
        except TimeError as error:
            raise CaltropError(
                f"--cron: not a schedule: {cron_schedule!r}: {error.message}",
                hint="five fields, minute hour day month weekday: '*/15 * * * *', '0 6 * * 1-5'",
            ) from error
        out |= {"cron_schedule": cron_schedule, "is_scheduled": "1"}
    check_range(earliest, latest, now)
    given = {"dispatch.earliest_time": earliest, "dispatch.latest_time": latest}
    return out | {setting: text for setting, text in given.items() if text is not None}


def check_range(earliest: str | None, latest: str | None, now: float) -> None:
    """Raises CaltropError for what is no time, and for a range that ends before it begins."""
    bounds = []
    for option, text in (("--earliest", earliest), ("--latest", latest)):
        if text is None:
            continue
        try:
            bounds.append(time_bound(text, now))
        except TimeError as error:
            raise CaltropError(
                f"{option}: not a time: {text!r}: {error.message}",
                hint=error.hint or "such as -70m@m, now, or epoch seconds",
            ) from error
    if len(bounds) == 2 and bounds[0] >= bounds[1]:
        raise CaltropError(f"from {earliest} to {latest} there is no time", hint="--earliest lies before --latest")


def check(target: RemoteTarget, changes: Sequence[Change]) -> None:
    """Raises TargetError where this user may not make the changes, as far as the target tells beforehand."""
    changing = [one.detection for one in changes if one.settings]
    if changing:
        may(target.who(), changing, "schedule_search")


def apply(target: RemoteTarget, change: Change) -> None:
    """Write what differs into the app's local settings. Raises TargetError in the target's words."""
    one = change.detection
    path = f"/servicesNS/nobody/{quote(one.app, safe='')}/saved/searches/{quote(one.search, safe='')}"
    try:
        target.service.post(
            UrlEncoded(path, skip_encode=True), **{name: after for name, (_, after) in change.settings.items()}
        )
    except HTTPError as error:
        if error.status == 403:
            raise TargetError(
                f"{target.url} refuses to change {one.search!r}: {reason(error)}", hint=needs(target.who())
            ) from error
        raise TargetError(f"{target.url} did not change {one.search!r}: {reason(error)}") from error


def _same(one: str, other: str) -> bool:
    known = known_truth(one), known_truth(other)
    return known[0] == known[1] if None not in known else one.strip() == other.strip()
