"""A saved search as the scheduler and the alert actions read it.

Settings and defaults follow savedsearches.conf.spec.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from caltrop.dialect import cron
from caltrop.dialect.spans import seconds_of
from caltrop.dialect.words import truth
from caltrop.dialect.zones import TimeError
from caltrop.knowledge.configuration import NOBODY, SYSTEM
from caltrop.splunkd.wire.http import ApiError

_PERIODS = re.compile(r"(\d+)\s*p")
TTL = 600  # seconds that the job of an unscheduled search is kept
_ACTION = re.compile(r"action\.([^.]+)")
_COMMAND = re.compile(r"search\s", re.IGNORECASE)


@dataclass(frozen=True)
class SavedSearch:
    """One stanza of savedsearches.conf where it lives."""

    name: str
    app: str
    owner: str
    settings: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.app, self.owner, self.name

    def get(self, key: str, default: str = "") -> str:
        return self.settings.get(key, default)

    @property
    def search(self) -> str:
        """The search with its leading command: in a saved search, `search` is implied."""
        text = self.get("search").strip()
        if not text or text.startswith("|") or _COMMAND.match(text):
            return text
        return f"search {text}"

    @property
    def search_app(self) -> str:
        return "search" if self.app == SYSTEM else self.app

    def runs_as(self, otherwise: str) -> str:
        return otherwise if self.owner == NOBODY else self.owner

    @property
    def enabled(self) -> bool:
        return not truth(self.get("disabled"))

    @property
    def scheduled(self) -> bool:
        return truth(self.get("enableSched", self.get("is_scheduled"))) and bool(self.get("cron_schedule").strip())

    @property
    def ttl(self) -> int:
        """Seconds that its jobs are kept; `2p` is two periods of its schedule ("Extending job lifetimes")."""
        text = self.get("dispatch.ttl", "2p").strip().lower()
        periods = _PERIODS.fullmatch(text)
        if periods is None:
            return int(seconds_of(text, TTL))
        schedule = self.schedule
        if schedule is None:
            return TTL
        first = schedule.after(time.time())
        return int(int(periods[1]) * (schedule.after(first) - first))

    @cached_property
    def schedule(self) -> cron.Cron | None:
        """When it runs; None for a search that is not scheduled, or whose schedule cannot be read."""
        try:
            return cron.parse(self.get("cron_schedule")) if self.scheduled else None
        except TimeError:
            return None

    @cached_property
    def actions(self) -> list[str]:
        """Names of the enabled alert actions."""
        named = [part.strip() for part in self.get("actions").split(",") if part.strip()]
        for key, value in self.settings.items():
            match = _ACTION.fullmatch(key)
            if match:
                if truth(value):
                    named.append(match[1])
                elif match[1] in named:
                    named.remove(match[1])
        return list(dict.fromkeys(named))

    def action(self, name: str) -> dict[str, str]:
        """Settings of one action, below `action.<name>.`."""
        prefix = f"action.{name}."
        return {k.removeprefix(prefix): v for k, v in self.settings.items() if k.startswith(prefix)}


def expand_arguments(search: str, values: Mapping[str, str]) -> str:
    """Replace `$name$` and `$args.name$` by the arguments of a dispatch."""
    for name, value in values.items():
        search = search.replace(f"$args.{name}$", value).replace(f"${name}$", value)
    return search


def check_cron(text: str) -> None:
    try:
        cron.parse(text)
    except TimeError as error:
        raise ApiError(400, f'Invalid cron_schedule="{text}"') from error
