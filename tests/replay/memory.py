"""A target in memory: it takes events, runs one saved search over them and writes what its alert actions would.

Every way in which a Splunk could get this wrong is a switch, so that a proof can be shown something broken on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from caltrop.replay.target import Job, Row, Source, TargetError
from caltrop.replay.verdict import AddOn

APP = "proof_app"
SEARCH = "Proof - Odd Login - Rule"
MACRO = "odd_login_filter"
UNTUNED = "search *"
_PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|(\S+))')
_EXCLUSION = re.compile(r"search NOT (\w+) IN \((.*)\)")


def same(events: list[Row]) -> list[Row]:
    return events


@dataclass
class MemoryJob:
    sid: str
    rows: list[Row]


@dataclass
class MemoryTarget:
    """`Target`. A hit is an event with action=odd; its row has the event's other fields."""

    url: str = "memory:"
    prompt: bool = False
    hits: Callable[[list[Row]], list[Row]] = same
    risk: Callable[[list[Row]], list[Row]] = same
    notables: Callable[[list[Row]], list[Row]] = same
    filtered: bool = True  # the search ends in its filter macro
    loses_reset: bool = False  # a macro that was tuned stays tuned
    keeps_local: bool = True  # what was edited survives an installation
    installed: bool = True
    refuses: str = ""  # what it says to a dispatch
    hint: str | None = None  # and what to do about it
    late: int = 0  # how often it is asked before everything is searchable, and before actions have written
    loses: int = 0  # events that never arrive
    runs_schedules: bool = True
    content: dict[str, Any] = field(
        default_factory=lambda: {
            "action.risk": "1",
            "action.notable": "1",
            "cron_schedule": "0 * * * *",
            "disabled": "1",
            "dispatch.earliest_time": "-70m@m",
            "dispatch.latest_time": "-10m@m",
        }
    )
    # what it was told
    macros: dict[str, str] = field(default_factory=lambda: {MACRO: UNTUNED})
    indexes: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    installs: list[Path] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    times: list[float] = field(default_factory=list)  # of all events ever sent
    events: list[Row] = field(default_factory=list)
    written: dict[str, list[Row]] = field(default_factory=lambda: {"risk": [], "notable": []})
    jobs: list[MemoryJob] = field(default_factory=list)
    asked: int = 0
    scheduled: int = 0  # runs by the schedule

    def version(self) -> str:
        return "1.2.3"

    def install(self, package: Path) -> None:
        self.installs.append(package)
        if not self.keeps_local:
            self.macros[MACRO] = UNTUNED

    def addons(self) -> list[AddOn]:
        return [AddOn("TA_acme", "1.2.0"), AddOn(APP, "0.1.0")]

    def has_app(self, name: str) -> bool:
        return self.installed and name == APP

    def ensure_index(self, name: str) -> None:
        self.indexes.append(name)

    def allow(self, *indexes: str) -> None:
        self.allowed += indexes

    def send(self, source: Source, events: Iterable[Mapping[str, Any]]) -> int:
        found = [self._event(str(e["event"]), float(e["time"])) for e in events]
        self._take(source, found)
        return len(found)

    def send_raw(self, source: Source, data: bytes) -> None:
        lines = data.decode().splitlines()
        self._take(source, [self._event(x, datetime.fromisoformat(x.split()[0]).timestamp()) for x in lines])

    def _event(self, raw: str, time: float) -> Row:
        return {"_time": time, **{name: quoted or plain for name, quoted, plain in _PAIR.findall(raw)}}

    def _take(self, source: Source, events: list[Row]) -> None:
        self.sources.append(source)
        self.times += [event["_time"] for event in events]
        self.events += events[self.loses :]
        self.asked = 0

    def search(self, spl: str, **arguments: Any) -> list[Row]:
        if spl.endswith("| delete"):
            self.events.clear()
            return []
        self.asked += 1
        if "| stats count" in spl:
            seen = self.events[: max(0, len(self.events) - max(0, self.late + 1 - self.asked))]  # one more each time
            times = [str(event["_time"]) for event in seen] or [""]
            return [{"count": str(len(seen)), "first": min(times), "last": max(times)}]
        indexes = re.findall(r"index=(\w+)", spl)
        assert indexes and f'search_name="{SEARCH}"' in spl
        found = [
            {**event, "index": index}
            for index in indexes
            for event in self.written[index]
            if f'orig_sid="{event["orig_sid"]}"' in spl
        ]
        return [] if self.asked <= self.late else found

    def finish(self, job: Job, *, what: str) -> list[Row]:
        return next(one.rows for one in self.jobs if one.sid == job.sid)

    def saved_search(self, name: str, app: str) -> MemorySearch:
        if (name, app) != (SEARCH, APP):
            raise TargetError(f"no saved search {name!r} in {app!r}")
        return MemorySearch(self)

    def macro(self, name: str, app: str) -> str:
        return self.macros[name]

    def macro_settings(self, name: str, app: str) -> Mapping[str, str] | None:
        return {"definition": self.macros[name]} if name in self.macros else None

    def set_macro(self, name: str, app: str, definition: str) -> None:
        if not (self.loses_reset and definition == UNTUNED):
            self.macros[name] = definition

    def run(self, earliest: float, latest: float, *, actions: bool) -> MemoryJob:
        found = [e for e in self.events if e.get("action") == "odd" and earliest <= e["_time"] < latest]
        rows = self.hits([{k: v for k, v in e.items() if k not in ("action", "_time")} for e in found])
        job = MemoryJob(f"sid-{len(self.jobs)}", self._filter(rows))
        self.jobs.append(job)
        if actions:
            self.asked = 0
            risk = [
                {
                    "risk_object": row.get("dest"),
                    "risk_object_type": "system",
                    "risk_score": "40",
                    "risk_message": f"Odd login of {row.get('user')} on {row.get('dest')}",
                }
                for row in job.rows
            ]
            for index, events in (("risk", self.risk(risk)), ("notable", self.notables([dict(r) for r in job.rows]))):
                self.written[index] += [{**event, "orig_sid": job.sid} for event in events]
        return job

    def _filter(self, rows: list[Row]) -> list[Row]:
        excluded = _EXCLUSION.fullmatch(self.macros[MACRO]) if self.filtered else None
        if excluded is None:
            return rows
        values = re.findall(r'"((?:[^"\\]|\\.)*)"', excluded[2])
        return [row for row in rows if row.get(excluded[1]) not in values]


@dataclass
class MemorySearch:
    """`SavedSearch`."""

    target: MemoryTarget
    name: str = SEARCH

    @property
    def content(self) -> dict[str, Any]:
        return self.target.content

    def dispatch(self, **arguments: str) -> MemoryJob:
        if self.target.refuses:
            raise TargetError(self.target.refuses, hint=self.target.hint)
        assert arguments["force_dispatch"] == "1"
        start, end = (float(arguments[f"dispatch.{edge}_time"]) for edge in ("earliest", "latest"))
        return self.target.run(start, end, actions=arguments["trigger_actions"] == "1")

    def history(self) -> Sequence[MemoryJob]:
        """What the schedule ran; each look at it is a minute later."""
        scheduled = self.content["cron_schedule"] == "* * * * *" and self.content["disabled"] == "0"
        if scheduled and self.target.runs_schedules:
            self.target.scheduled += 1
            self.target.run(float("-inf"), float("inf"), actions=True)
        return list(self.target.jobs)

    def update(self, **settings: Any) -> None:
        self.content.update(settings)

    def enable(self) -> None:
        self.content["disabled"] = "0"

    def disable(self) -> None:
        self.content["disabled"] = "1"
