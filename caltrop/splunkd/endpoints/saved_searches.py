"""Saved searches: `saved/searches`. Stanzas of savedsearches.conf, run, scheduled, throttled.

See "saved/searches" in "Search endpoint descriptions" of the REST API reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, ClassVar

from caltrop.dialect.moments import time_bound
from caltrop.dialect.spans import seconds_of
from caltrop.dialect.zones import TimeError
from caltrop.splunkd.endpoints.jobs import JobsCollection
from caltrop.splunkd.rest.collection import action, register
from caltrop.splunkd.rest.confobjects import ConfCollection, place_of
from caltrop.splunkd.searching.jobs import Job
from caltrop.splunkd.searching.savedsearches import SavedSearch, check_cron, expand_arguments
from caltrop.splunkd.wire.atom import Entry, Feed, encode_name, iso_time, render_feed, render_fields
from caltrop.splunkd.wire.http import ApiError, Request, Response

COLON_IN_OFFSET = re.compile(r"[+-]\d\d:\d\d$")  # splunkd refuses it, as measured
ACTION = re.compile(r"action\.([^.]+)")
# argument -> setting, where the endpoint and the file use different names
RENAMED = {
    "is_scheduled": "enableSched",
    "alert_type": "counttype",
    "alert_comparator": "relation",
    "alert_threshold": "quantity",
}
DEFAULTS: dict[str, Any] = {
    "action.email": False,
    "action.email.sendresults": None,
    "action.email.to": "",
    "action.populate_lookup": False,
    "action.rss": False,
    "action.script": False,
    "action.summary_index": False,
    "action.summary_index._name": "summary",
    "alert.digest_mode": True,
    "alert.expires": "24h",
    "alert.managedBy": "",
    "alert.severity": 3,
    "alert.suppress": None,
    "alert.suppress.fields": "",
    "alert.suppress.period": "",
    "alert.track": False,
    "alert_comparator": "",
    "alert_condition": "",
    "alert_threshold": "",
    "alert_type": "always",
    "allow_skew": "0",
    "auto_summarize": False,
    "auto_summarize.cron_schedule": "*/10 * * * *",
    "cron_schedule": "",
    "description": "",
    "disabled": False,
    "dispatchAs": "owner",
    "dispatch.auto_cancel": 0,
    "dispatch.auto_pause": 0,
    "dispatch.buckets": 0,
    "dispatch.earliest_time": "",
    "dispatch.index_earliest": "",
    "dispatch.index_latest": "",
    "dispatch.indexedRealtime": False,
    "dispatch.latest_time": "",
    "dispatch.lookups": True,
    "dispatch.max_count": 500000,
    "dispatch.max_time": 0,
    "dispatch.reduce_freq": 10,
    "dispatch.rt_backfill": False,
    "dispatch.spawn_process": True,
    "dispatch.time_format": "%FT%T.%Q%:z",
    "dispatch.ttl": "2p",
    "display.view": "",
    "is_scheduled": False,
    "is_visible": True,
    "max_concurrent": 1,
    "realtime_schedule": True,
    "request.ui_dispatch_app": "",
    "request.ui_dispatch_view": "",
    "restart_on_searchpeer_add": True,
    "run_n_times": 0,
    "run_on_startup": False,
    "schedule_priority": "default",
    "schedule_window": "0",
    "search": "",
    "vsid": "",
    "workload_pool": "",
}


# What a form may hold too: the names of the file, and what an entry shows and clients send back.
FURTHER = (
    "actions", "alert_condition", "defer_scheduled_searchable_idxc", "next_scheduled_time", "qualifiedSearch", "skip_scheduled_realtime_idxc",
    "triggered_alert_count",
)  # fmt: skip
FAMILIES = (
    "action", "alert", "args", "auto_summarize", "dispatch", "display", "durable", "embed", "federated", "request",
)  # fmt: skip
# What a scheduled search has below it, beside what every saved search has.
SCHEDULED = ("acknowledge", "notify", "remove_suppression", "reschedule", "scheduled_times", "suppress")
MAX_TIMES = 10_000  # scheduled times that are listed at once


@register
class SavedSearches(ConfCollection):
    path = "saved/searches"
    title = "savedsearch"
    noun = "saved search"
    conf = "savedsearches"
    create_needs: ClassVar[tuple[str, ...]] = ("search",)
    required: ClassVar[tuple[str, ...]] = ("search",)
    optional = tuple(k for k in DEFAULTS if k != "search")
    unnamed = frozenset({*RENAMED.values(), *FURTHER})
    wildcard = tuple(rf"{word}\..*" for word in FAMILIES)
    strict = True
    defaults: ClassVar[Mapping[str, Any]] = DEFAULTS
    booleans = frozenset({"alert.suppress", "enableSched"})
    listing_args = frozenset({"add_orphan_field", "earliest_time", "latest_time", "listDefaultActionArgs"})

    # -- reading -------------------------------------------------------------------------------------------------------

    def is_boolean(self, request: Request, key: str) -> bool:
        return super().is_boolean(request, key) or ACTION.fullmatch(key) is not None

    def typed(self, request: Request, key: str, text: str) -> Any:
        if key == "alert.track":
            return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)
        return super().typed(request, key, text)

    def complete(self, entry: Entry) -> None:
        content, now = entry.content, self.state.now()
        for argument, setting in RENAMED.items():
            if setting in content:
                content[argument] = content[setting]
        actions = []
        for key in list(content):
            match = ACTION.match(key)
            if match:
                content.setdefault(match[0], False)
                if content[match[0]] is True and match[1] not in actions:
                    actions.append(match[1])
        saved = self.saved(entry)
        content["actions"] = ", ".join(actions)
        content["qualifiedSearch"] = saved.search
        content["triggered_alert_count"] = len(self.searching.alerting.fired(now, saved.key))
        content["next_scheduled_time"] = ""
        if content["is_scheduled"] is True and not content["disabled"]:
            upcoming = saved.schedule
            content["next_scheduled_time"] = iso_time(upcoming.after(now - 1)) if upcoming else ""
        for key in ("eai:appName", "eai:userName"):
            del content[key]
        below = ["dispatch", "embed", "history"]
        if content["is_scheduled"] is True:
            below += SCHEDULED
        entry.extra_links = {**entry.extra_links, **{name: name for name in below}}

    def saved(self, entry: Entry) -> SavedSearch:
        app, owner = place_of(entry)
        config = self.state.config
        stanza = config.stanza(self.conf, entry.name, None if app == "system" else app, owner)
        return SavedSearch(entry.name, app, owner, stanza.values() if stanza else {})

    # -- changing ------------------------------------------------------------------------------------------------------

    def settings(self, request: Request, entry: Entry | None) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, value in super().settings(request, entry).items():
            if key == "actions":
                named = [part.strip() for part in value.split(",") if part.strip()]
                known = [] if entry is None else [ACTION.match(k) for k in entry.content]
                found |= {m[0]: "0" for m in known if m is not None}
                found |= {f"action.{name}": "1" for name in named}
            elif key not in {"qualifiedSearch", "next_scheduled_time", "triggered_alert_count"}:
                found[RENAMED.get(key, key)] = value
        return found

    def check(self, request: Request, name: str, settings: dict[str, str], entry: Entry | None) -> None:
        if "search" in settings and not settings["search"].strip():
            raise ApiError(400, "The search must not be empty")
        if settings.get("cron_schedule", "").strip():
            check_cron(settings["cron_schedule"])
        held = {} if entry is None else entry.content
        if settings.get("enableSched") == "1" and not settings.get("cron_schedule", held.get("cron_schedule", "")):
            raise ApiError(400, "A scheduled search needs a cron_schedule")
        if "alert.severity" in settings and settings["alert.severity"] not in "123456":
            raise ApiError(400, f"alert.severity must be 1 to 6, not {settings['alert.severity']!r}")

    def delete(self, request: Request, entry: Entry) -> None:
        saved = self.saved(entry)
        super().delete(request, entry)
        self.searching.alerting.acknowledge(saved.key)

    # -- actions -------------------------------------------------------------------------------------------------------

    def conflict_text(self, name: str) -> str:
        return f"Unable to create saved search with name '{name}'. A saved search with that name already exists."

    @action("dispatch", "POST")
    def dispatch(self, request: Request, entry: Entry) -> Response:
        """Run it now; `dispatch.*` arguments override settings, `args.*` fill `$…$` in the search."""
        args = request.args
        saved = self.saved(entry)
        overrides = {k: v for k, v in args.pairs if k.startswith("dispatch.") and k != "dispatch.now"}
        saved = replace(saved, settings={**saved.settings, **overrides})
        values = {k.removeprefix("args."): v for k, v in args.pairs if k.startswith("args.")}
        now = args.get("dispatch.now") or args.get("now")
        job = self.searching.dispatch(
            saved,
            request.account.name,
            now=None if not now else time_bound(now, self.state.now()),
            trigger=args.flag("trigger_actions"),
            search=expand_arguments(saved.search, values),
        )
        return render_fields({"sid": job.sid}, as_json=request.json, status=201)

    def jobs_of(self, entry: Entry) -> list[Job]:
        app, owner = place_of(entry)
        return [
            job
            for job in self.searching.jobs.all()
            if (job.spec.label, job.spec.saved_app, job.spec.saved_owner) == (entry.name, app, owner)
        ]

    @action("history", "GET")
    def history(self, request: Request, entry: Entry) -> Response:
        jobs = JobsCollection(self.wings)
        entries = [replace(jobs.entry(job), title=job.sid) for job in self.jobs_of(entry)]
        count, offset = request.args.integer("count", 30), max(request.args.integer("offset", 0), 0)
        shown = entries[offset : offset + count] if count > 0 else entries[offset:]
        feed = Feed("history", f"{self.path}/{encode_name(entry.name)}/history", shown, len(entries), offset, count)
        return render_feed(feed, request)

    @action("scheduled_times", "GET")
    def scheduled_times(self, request: Request, entry: Entry) -> Entry:
        now = self.state.now()
        earliest = time_bound(request.args.get("earliest_time", "now"), now)
        latest = time_bound(request.args.get("latest_time", "+1h"), now)
        schedule = self.saved(entry).schedule
        found = islice(schedule.between(earliest, latest), MAX_TIMES) if schedule else ()
        return replace(entry, content={"scheduled_times": [int(t) for t in found]})

    @action("suppress", "GET", "POST")
    def suppress(self, request: Request, entry: Entry) -> Entry:
        """Read, or set (`expiration`, in seconds or as a span; 0 ends it), for how long the alert is silent."""
        saved, now = self.saved(entry), self.state.now()
        if request.method == "POST":
            self.may_write(request, entry)
            text = request.args.required("expiration")
            seconds = seconds_of(text, -1)
            if seconds < 0:
                raise ApiError(400, f"Cannot read expiration={text!r}")
            self.searching.alerting.suppress(saved, seconds, now)
        return self._silence(entry)

    def _silence(self, entry: Entry) -> Entry:
        """For how long the alert is silent, in place of the entry's content."""
        left = self.searching.alerting.suppression(self.saved(entry), self.state.now())
        return replace(entry, content={"suppressed": left > 0, "expiration": round(left), "suppressionKey": entry.name})

    @action("remove_suppression", "POST")
    def remove_suppression(self, request: Request, entry: Entry) -> Entry:
        """The alert may fire again at once."""
        self.may_write(request, entry)
        self.searching.alerting.suppress(self.saved(entry), 0, self.state.now())
        return entry

    @action("reschedule", "POST")
    def reschedule(self, request: Request, entry: Entry) -> Entry:
        """Run it at `schedule_time` (ISO 8601, its offset without a colon; epoch; relative; now where it is not given), besides its schedule."""
        self.may_write(request, entry)
        saved, now = self.saved(entry), self.state.now()
        if not saved.scheduled:
            raise ApiError(400, f"The search {entry.name!r} has no schedule")
        text = request.args.get("schedule_time", "now").strip()
        try:
            at = None if COLON_IN_OFFSET.search(text) else time_bound(text, now)
        except TimeError:
            at = None
        if at is None:
            raise ApiError(400, "Invalid schedule_time format")
        self.searching.scheduler.reschedule(saved, at)
        return entry

    @action("notify", "POST")
    def notify(self, request: Request, entry: Entry) -> Response:
        """Trigger conditions and actions over a run of the search that has ended: that of `sid`, else the newest."""
        self.may_write(request, entry)
        saved, sid = self.saved(entry), request.args.get("sid")
        ended = [job for job in self.jobs_of(entry) if job.done.is_set() and not job.failed and sid in ("", job.sid)]
        if not ended:
            raise ApiError(404, "Unknown sid.", "FATAL")
        job = max(ended, key=lambda job: job.created)
        self.searching.alerting.after(saved, job, self.state.now())
        return render_fields({"sid": job.sid}, as_json=request.json)

    @action("embed", "POST")
    def embed(self, request: Request, entry: Entry) -> Entry:
        self.may_write(request, entry)
        return self.store(request, entry, {"embed.enabled": "1"})

    @action("unembed", "POST")
    def unembed(self, request: Request, entry: Entry) -> Entry:
        self.may_write(request, entry)
        return self.store(request, entry, {"embed.enabled": "0"})

    @action("acknowledge", "POST")
    def acknowledge(self, request: Request, entry: Entry) -> Entry:
        self.may_write(request, entry)
        self.searching.alerting.acknowledge(self.saved(entry).key)
        return self._silence(entry)
