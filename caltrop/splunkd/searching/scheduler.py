"""Runs saved searches on their cron schedules: as their owner, those of an app as the server itself.

Follows "Schedule a search" settings of savedsearches.conf.spec: the times of a run are relative to its scheduled minute.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from caltrop.dialect.words import quoted
from caltrop.knowledge.configuration import NOBODY, SYSTEM
from caltrop.splunkd.access.accounts import SYSTEM_USER
from caltrop.splunkd.searching.jobs import Job, SearchSpec
from caltrop.splunkd.searching.savedsearches import SavedSearch
from caltrop.splunkd.state.places import Home, homes
from caltrop.splunkd.state.state import State
from caltrop.splunkd.wire.http import ApiError

CONF = "savedsearches"


class Dispatch(Protocol):
    """Starts a saved search, and tells `ended` when it is over."""

    def __call__(
        self, saved: SavedSearch, user: str, *, now: float, trigger: bool, scheduled: bool, ended: Callable[[Job], None]
    ) -> Job: ...


class Scheduler:
    """Call `run_due` with the time, as often as wanted."""

    def __init__(self, state: State, dispatch: Dispatch) -> None:
        self._state = state
        self._dispatch = dispatch
        self._lock = threading.Lock()
        self._since = state.now()
        self._scheduled: tuple[object, list[SavedSearch]] = (None, [])
        self._again: dict[tuple[str, str, str], float] = {}  # when a search runs besides its schedule
        self._running: dict[tuple[str, str, str], Job] = {}
        self.stopped = False  # what becomes due meanwhile is left out

    def saved_searches(self, places: Iterable[Home]) -> Iterator[SavedSearch]:
        """Every saved search that lives in these folders."""
        config = self._state.config
        for app, owner in places:
            view = config.stanzas(CONF, None if app == SYSTEM else app, owner)
            base = view["default"].values() if "default" in view else {}
            for stanza in view.values():
                if (stanza.app, stanza.owner) == (app, owner) and stanza.name != "default":
                    yield SavedSearch(stanza.name, app, owner, {**base, **stanza.values()})

    def _active(self) -> list[SavedSearch]:
        """The searches with a schedule, read again only when a savedsearches.conf changed."""
        config = self._state.config
        found = homes(config, CONF)
        enabled = tuple(sorted(home for home in found if home[0] == SYSTEM or config.enabled(home[0])))
        mark = (enabled, tuple(found.values()))
        if self._scheduled[0] != mark:
            self._scheduled = (mark, [s for s in self.saved_searches(enabled) if s.enabled and s.scheduled])
        return self._scheduled[1]

    def reschedule(self, saved: SavedSearch, at: float) -> None:
        """Run a scheduled search at that time too."""
        with self._lock:
            self._again[saved.key] = at

    def run_due(self, now: float) -> list[Job]:
        """Start every search that became due since the last call; each at most once however long that was."""
        with self._lock:
            since, self._since = self._since, now
            started = []
            for saved in () if self.stopped else self._active():
                due = saved.schedule.at_or_before(now) if saved.schedule else since
                asked = self._again.get(saved.key, now + 1)
                if asked <= now:
                    del self._again[saved.key]
                    due = max(due, asked) if due > since else asked
                if due > since or asked <= now:
                    job = self._start(saved, due)
                    if job is not None:
                        started.append(job)
            return started

    def _may(self, owner: str) -> bool:
        """Searches of an app are the server's own; those of a user run while the user may schedule."""
        if owner == NOBODY:
            return True
        account = self._state.accounts.find(owner)
        return account is not None and "schedule_search" in self._state.permissions.capabilities(account)

    def _start(self, saved: SavedSearch, due: float) -> Job | None:
        if not self._may(saved.owner):
            self._say(saved, due, "skipped", reason="its owner lacks the capability schedule_search")
            return None
        running = self._running.get(saved.key)
        if running is not None and not running.done.is_set():
            self._say(saved, due, "skipped", reason="still running")
            return None
        began = self._state.now()
        try:
            job = self._dispatch(
                saved,
                SYSTEM_USER,
                now=due,
                trigger=True,
                scheduled=True,
                ended=lambda job: self._ended(saved, due, began, job),
            )
        except ApiError as error:
            self._say(saved, due, "failed", reason=error.text)
            return None
        self._running[saved.key] = job
        return job

    def _ended(self, saved: SavedSearch, due: float, began: float, job: Job) -> None:
        """One line for each run that has come to its end, in the fields of Splunk's scheduler.log."""
        facts: dict[str, object] = {"dispatch_time": int(began), "run_time": f"{max(job.finished - began, 0.0):.3f}"}
        if job.failed:
            reason = next((message.text for message in job.messages if message.severity in ("FATAL", "ERROR")), "")
            self._say(saved, due, "failed", reason=reason, **facts, sid=job.sid)
        else:
            facts |= {"result_count": len(job.table), "alert_actions": ",".join(saved.actions)}
            self._say(saved, due, "success", **facts, sid=job.sid)

    def _say(self, saved: SavedSearch, due: float, status: str, **facts: object) -> None:
        """A line of scheduler.log: which search, how it went, and more facts; texts in quotes, numbers and status bare."""
        named: dict[str, object] = {
            "savedsearch_id": f"{saved.owner};{saved.app};{saved.name}", "search_type": "scheduled", "user": saved.owner,
            "app": saved.app, "savedsearch_name": saved.name, "status": status, "scheduled_time": int(due), **facts,
        }  # fmt: skip
        bare = {"status", "run_time"}
        self._state.logs.scheduler(
            ", ".join(
                f"{name}={value}" if isinstance(value, int) or name in bare else f"{name}={quoted(str(value))}"
                for name, value in named.items()
            )
        )


def spec_of(
    saved: SavedSearch, user: str, *, now: float | None, scheduled: bool, search: str | None = None
) -> SearchSpec:
    """The search to run for a saved search; a dispatched one is relative to `now` too."""
    return replace(
        SearchSpec(saved.search if search is None else search, saved.runs_as(user)),
        app=saved.search_app,
        earliest=saved.get("dispatch.earliest_time") or None,
        latest=saved.get("dispatch.latest_time") or None,
        now=now,
        label=saved.name,
        saved_app=saved.app,
        saved_owner=saved.owner,
        provenance="scheduler" if scheduled else "rest",
        scheduled=scheduled,
        ttl=saved.ttl,
        max_time=_whole(saved, "dispatch.max_time"),
        auto_cancel=_whole(saved, "dispatch.auto_cancel"),
        buckets=_whole(saved, "dispatch.buckets"),
    )


def _whole(saved: SavedSearch, key: str) -> int:
    """A whole number that is not negative; 0 for any other text."""
    text = saved.get(key).strip()
    return int(text) if text.isdecimal() else 0
