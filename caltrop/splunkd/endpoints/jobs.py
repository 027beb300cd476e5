"""Search jobs: `search/jobs`, `search/v2/jobs` and what lies below a job."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from caltrop.dialect.moments import time_bound
from caltrop.engine import questions
from caltrop.engine.table import Table
from caltrop.spl import unparse
from caltrop.splunkd.rest import releases
from caltrop.splunkd.rest.collection import Collection, action, collection_action, method_refused, register
from caltrop.splunkd.searching import overview as summaries
from caltrop.splunkd.searching.jobs import Job, SearchSpec, as_rest_search, fields_of
from caltrop.splunkd.searching.judged import stages_of
from caltrop.splunkd.wire import results
from caltrop.splunkd.wire.atom import Acl, Entry, dump_json, entry_json, escape, iso_time, render_entry, render_fields
from caltrop.splunkd.wire.http import JSON, TEXT, XML, ApiError, Args, Request, Response

PATIENCE = 0.25  # seconds between two looks at whether the client of a running search is still there
MODES = ("normal", "blocking", "oneshot")
LONGEST_WAIT = 10.0  # seconds that an answer waits for news
MAX_STAGE_ROWS = 1_000  # that are kept of a stage


@register
class JobsCollection(Collection):
    path = "search/jobs"
    title = "jobs"
    noun = "job"
    sort_key = ""  # newest first, as kept
    messaged = False

    def handle(self, request: Request, rest: list[str]) -> Response:
        """An answer that is addressed through a job links back to it, relative to what was asked for."""
        response = self._handle(request, rest)
        if rest and rest[0] not in self.collection_actions:
            response.headers.append(("Link", f"<{'../' * (len(rest) - 1)}{rest[0]}>; rel=info"))
        return response

    def _handle(self, request: Request, rest: list[str]) -> Response:
        """Creating a job needs a search, not a name; a job in XML is a bare entry."""
        self._check_verb(request, rest)
        if not rest and request.method == "POST":
            return self._create(request)
        if not rest:
            return self._list(request)
        if len(rest) == 1 and request.method == "GET" and rest[0] not in self.collection_actions:
            return self._one(request, self.one(request, rest[0]))
        return super().handle(request, rest)

    def _check_verb(self, request: Request, rest: list[str]) -> None:
        """The verb is judged before the job is looked for."""
        if len(rest) == 1 and rest[0] in self.collection_actions:
            methods, _ = self.collection_actions[rest[0]]
            if rest[0] == "export" and not releases.exports_by_get(self.state.version):
                methods -= {"GET"}
            if request.method not in methods:
                raise method_refused(methods, "The method is not allowed.", "FATAL")
        if len(rest) == 2 and rest[1] in self.entry_actions:
            methods, _ = self.entry_actions[rest[1]]
            if request.method not in methods:
                raise method_refused(methods, "Method Not Allowed", "FATAL")
        if len(rest) <= 1 and request.method == "DELETE" and not rest:
            raise method_refused({"GET", "POST"}, "Method Not Allowed", "FATAL")

    def _list(self, request: Request) -> Response:
        """Sorting is by as many directions as keys."""
        if len(request.args.all("sort_key")) != len(request.args.all("sort_dir")):
            raise ApiError(400, "Number of sort_key and sort_dir arguments do not match.", "FATAL")
        self._check_mode(request)
        return self.listing(request)

    def _check_mode(self, request: Request) -> None:
        mode = request.args.maybe("output_mode")
        if mode is not None and mode.lower() not in {"json", "xml"}:
            raise ApiError(400, "Invalid output_mode.", "FATAL")

    def feed_links(self) -> Sequence[tuple[str, str]]:
        return ()

    # -- creating ------------------------------------------------------------------------------------------------------

    def _spec(self, request: Request) -> SearchSpec:
        args = request.args
        user = request.account
        app = args.get("namespace") or (request.app if request.app not in (None, "-") else None) or user.defaultApp
        if app not in self.state.config.apps():
            app = "search"
        now = args.get("now")
        try:
            pinned = float(now) if now else None
        except ValueError:
            raise ApiError(400, f"now must be epoch seconds, not {now!r}") from None
        buckets = args.integer("status_buckets", 0)
        return SearchSpec(
            search=as_rest_search(_search_text(args)),
            owner=user.name,
            app=app,
            earliest=args.maybe("earliest_time") or None,
            latest=args.maybe("latest_time") or None,
            now=pinned,
            sid=args.maybe("id") or None,
            ttl=args.integer("timeout", 600),
            priority=args.integer("priority", 5),
            max_time=max(args.integer("max_time", 0), 0),
            auto_cancel=max(args.integer("auto_cancel", 0), 0),
            preview=args.flag("preview", buckets > 0),
            buckets=buckets,
            sample=min(max(args.integer("stage_rows", 0), 0), MAX_STAGE_ROWS),
            custom={k: v for k, v in args.pairs if k.startswith("custom.")},
        )

    def _create(self, request: Request) -> Response:
        mode = request.args.get("exec_mode", "normal")
        if mode not in MODES:
            raise ApiError(400, f"exec_mode must be one of {', '.join(MODES)}, not {mode!r}")
        if mode == "oneshot":
            return self.oneshot(request)
        job = self.searching.start(self._spec(request))
        if mode == "blocking":
            self._finish(request, job)
        return render_fields({"sid": job.sid}, as_json=request.json, status=201)

    @collection_action("export", "GET", "POST")
    def export(self, request: Request) -> Response:
        """Run and send rows; the job is not kept. By GET as releases before 10 did, where such a one is claimed."""
        job = self.searching.start(replace(self._spec(request), preview=False))
        try:
            self._finish(request, job)
            table = self.searching.rows(job.table)
            table = results.choose_fields(table, fields_of(request.args.all("f") + request.args.all("field_list")))
            return results.render_export(table, job.messages, request.args.get("output_mode", "xml"))
        finally:
            self.searching.jobs.remove(job)

    @collection_action("oneshot", "POST")
    def oneshot(self, request: Request) -> Response:
        """As `exec_mode=oneshot`. The reference does not name this path; published clients (splunk-as among them) post to it."""
        return results.after_head(self._once(request))

    def _once(self, request: Request) -> Response:
        """The results of a search that nobody else asks for; it goes with its answer, also with one that nobody waits for."""
        job = self.searching.start(replace(self._spec(request), preview=False))
        try:
            self._finish(request, job)
            return self._results(request, job, job.table)
        finally:
            self.searching.jobs.remove(job)

    def _finish(self, request: Request, job: Job) -> None:
        """Wait for the end. What failed while it ran is told among the messages: splunkd answers 200, measured on 10.4.2.

        A search whose client has gone is cancelled: nobody else knows its id.
        """
        while not job.over.wait(PATIENCE):
            job.seen = self.state.now()
            if request.gone():
                self.searching.jobs.remove(job)
        if job.cancelled or (job.failed and not job.messages):
            raise ApiError(400, "The search was cancelled.", "FATAL")

    # -- entries -------------------------------------------------------------------------------------------------------

    def _may_see(self, request: Request, job: Job) -> bool:
        return job.spec.owner == request.account.name or self.state.permissions.is_admin(request.account)

    def entries(self, request: Request) -> Iterable[Entry]:
        return (self.entry(job) for job in self.searching.jobs.all() if self._may_see(request, job))

    def find(self, request: Request, names: Sequence[str]) -> list[Entry]:
        for name in names:
            job = self.searching.jobs.get(name)
            if job is not None and self._may_see(request, job):
                job.seen = self.state.now()
                return [self.entry(job)]
        return []

    def missing(self, request: Request, names: Sequence[str]) -> ApiError:
        return ApiError(404, "Unknown sid.", "FATAL")

    def job(self, entry: Entry) -> Job:
        job = self.searching.jobs.get(entry.name)
        if job is None:
            raise ApiError(404, "Unknown sid.", "FATAL")
        return job

    def entry(self, job: Job) -> Entry:
        spec = job.spec
        acl = Acl(spec.app, spec.owner, "global", (spec.owner,), (spec.owner,))
        below = {n: n for n in ("search.log", "events", "results", "results_preview", "timeline", "summary", "control")}
        return Entry(
            job.sid, self.path, job_content(job, self.state.now()), acl, job.updated,
            links=(), extra_links=below, title=spec.search, access=_access(job, acl),
        )  # fmt: skip

    def _one(self, request: Request, entry: Entry) -> Response:
        self._check_mode(request)
        host = request.address
        if request.json:
            document = {
                "links": {},
                "origin": f"https://{host}/services/{self.path}",
                "updated": iso_time(self.state.now()),
                "entry": [entry_json(entry, host)],
                "paging": {"total": 1, "perPage": 0, "offset": 0},
                "messages": [],
            }
            return Response(200, dump_json(document), JSON)
        return render_entry(entry, host)

    def update(self, request: Request, entry: Entry) -> Response:
        """Only custom.* properties of a job may be set."""
        job = self.job(entry)
        wanted = request.args.without("output_mode")
        if not all(key.startswith("custom.") for key in wanted):
            raise ApiError(400, "Only custom.* properties of a job can be changed")
        job.custom.update(wanted)
        return self._one(request, self.entry(job))

    def delete(self, request: Request, entry: Entry) -> None:
        self.searching.jobs.remove(self.job(entry))

    # -- what lies below a job -----------------------------------------------------------------------------------------

    @action("control", "POST")
    def control(self, request: Request, entry: Entry) -> Response:
        job, name = self.job(entry), request.args.required("action")
        now = self.state.now()
        if name == "cancel":
            self.searching.jobs.remove(job)
            return _said(request, f"Search job cancelled: {job.sid}")
        if name in {"pause", "unpause"}:
            job.pause(name == "pause")
        elif name == "finalize":
            job.finalize()
        elif name == "touch":
            job.touch(now)
        elif name == "setttl":
            job.ttl = request.args.integer("ttl", job.ttl)
            job.touch(now)
        elif name == "setpriority":
            job.priority = request.args.integer("priority", job.priority)
        elif name in {"enablepreview", "disablepreview"}:
            job.preview = name == "enablepreview"
        elif name in {"save", "unsave"}:
            job.saved = name == "save"
        else:
            raise ApiError(400, f"Unknown action {name!r}")
        return _said(request, f"Search job {name} done: {job.sid}")

    @action("results", "GET", "POST")
    def results(self, request: Request, entry: Entry) -> Response:
        job = self.job(entry)
        if not job.done.is_set():
            return Response(204)
        return self._results(request, job, job.table, post=request.args.get("search"))

    @action("results_preview", "GET", "POST")
    def results_preview(self, request: Request, entry: Entry) -> Response:
        job = self.job(entry)
        return self._results(request, job, job.table, post=request.args.get("search"), preview=not job.done.is_set())

    @action("events", "GET", "POST")
    def events(self, request: Request, entry: Entry) -> Response:
        job = self.job(entry)
        return self._results(request, job, _shown_events(job), post=request.args.get("search"))

    def _results(self, request: Request, job: Job, table: Table, *, post: str = "", preview: bool = False) -> Response:
        """A page of a job's rows in the output mode asked for, `post` being a search to run over them first."""
        if job.failed:
            table = Table.empty()
        args = request.args
        table = self.searching.jobs.post_process(job, table, post)
        offset, count = args.integer("offset", 0), args.integer("count", 100)
        shown = self.searching.rows(table, offset, max(count, 0))
        shown = results.choose_fields(shown, fields_of(args.all("f") + args.all("field_list")))
        return results.render_results(
            shown, job.messages, args.get("output_mode", "xml"), offset=max(offset, 0), preview=preview,
            post_processed=len(table) if post.strip() else None,
        )  # fmt: skip

    @action("summary", "GET", "POST")
    def summary(self, request: Request, entry: Entry) -> Response:
        """Of the events that the job keeps: `top_count`, `min_freq`, `f`, `earliest_time`, `latest_time`, `search`."""
        self._check_mode(request)
        job, args = self.job(entry), request.args
        events = self.searching.jobs.post_process(
            job, _within(_kept_events(job), args, self.state.now()), args.get("search")
        )
        only = fields_of(args.all("f") + args.all("field_list"))
        told = summaries.field_summary(
            events, args.integer("top_count", 10), least=args.number("min_freq", 0.0), only=only
        )
        if request.json:
            return Response(200, dump_json(told), JSON)
        return Response(200, summaries.summary_xml(told).encode(), XML)

    @action("timeline", "GET", "POST")
    def timeline(self, request: Request, entry: Entry) -> Response:
        """Counts of the events that the job keeps, in no more buckets than its `status_buckets`."""
        self._check_mode(request)
        job = self.job(entry)
        told = summaries.timeline(_kept_events(job), job.spec.buckets, request.args.get("output_time_format"))
        if request.json:
            return Response(200, dump_json(told), JSON)
        return Response(200, summaries.timeline_xml(told).encode(), XML)

    @action("stages", "GET")
    def stages(self, request: Request, entry: Entry) -> Response:
        """The commands of the search, each with the rows that it gave so far; with `stage=N` the first rows of that one, where the
        search was started with `stage_rows`. Splunk has no such thing."""
        job = self.job(entry)
        if "stage" not in request.args:
            return Response(200, dump_json(_stages(job)), JSON)
        number = request.args.integer("stage", 0)
        kept = job.stages[number - 1].sample if 0 < number <= len(job.stages) else None
        if kept is None:
            raise ApiError(
                404, f"No rows of stage {number} are kept: start the search with stage_rows, and wait for the stage"
            )
        offset, count = request.args.integer("offset", 0), request.args.integer("count", 100)
        shown = self.searching.rows(kept.table, offset, max(count, 0))
        return results.render_results(shown, [], request.args.get("output_mode", "json"), preview=not job.done.is_set())

    @action("progress", "GET")
    def progress(self, request: Request, entry: Entry) -> Response:
        """The job's status keys and its stages, and `changes`, the number of its news so far. With `changes=N` the answer waits until
        there are other news than that number, for `wait` seconds, ten at most; JSON. Splunk has no such thing: there one asks again
        and again."""
        job = self.job(entry)
        if "changes" in request.args:
            self._wait(request, job, request.args.integer("changes", 0))
        changes = job.changes  # first: what comes after it is news
        told = {"changes": changes, "content": job_content(job, self.state.now()), **_stages(job)}
        return Response(200, dump_json(told), JSON)

    def _wait(self, request: Request, job: Job, changes: int) -> None:
        until = time.monotonic() + min(max(request.args.number("wait", LONGEST_WAIT), 0.0), LONGEST_WAIT)
        while not job.done.is_set() and not job.wait(changes, min(until - time.monotonic(), PATIENCE)):
            job.seen = self.state.now()
            if time.monotonic() >= until or request.gone():
                return

    @action("search.log", "GET")
    def search_log(self, request: Request, entry: Entry) -> Response:
        job = self.job(entry)
        stamp = time.strftime("%m-%d-%Y %H:%M:%S.000", time.gmtime(job.created))
        lines = [
            f"{stamp} INFO  dispatchRunner - search={job.text}",
            f"{stamp} INFO  SearchParser - PARSING: {unparse(job.search.pipeline)}",
        ]
        lines += [f"{stamp} {m.severity:<5} SearchMessages - {m.text}" for m in (*job.messages, *job.explanation)]
        return Response(200, "\n".join([*lines, ""]).encode(), TEXT)

    @action("acl", "GET", "POST")
    def access(self, request: Request, entry: Entry) -> Response:
        return self._one(request, entry)


def _access(job: Job, acl: Acl) -> dict[str, Any]:
    """A job's access says how long it is kept, and nothing of sharing: jobs do not move."""
    return {
        "app": acl.app,
        "can_write": True,
        "modifiable": True,
        "owner": acl.owner,
        "perms": {"read": list(acl.read or ()), "write": list(acl.write or ())},
        "sharing": acl.sharing,
        "ttl": str(job.ttl),
    }


@register
class JobsV2(JobsCollection):
    path = "search/v2/jobs"


def _search_text(args: Args) -> str:
    """The search of a dispatch; 400 in splunkd's words without one."""
    text = args.get("search")
    if not text:
        raise ApiError(
            400,
            "The required 'search' parameter for the Splunk platform REST API search/jobs endpoint is not specified. "
            "Specify the required 'search' parameter for the POST request on the endpoint and then retry your request.",
            "FATAL",
        )
    return text


def _shown_events(job: Job) -> Table:
    """What `events` shows: of a search that reports, its events are kept where `status_buckets` asks for them."""
    result = job.result
    reports = result.is_transforming if result else questions.reporting_from(job.search.pipeline) is not None
    return Table.empty() if reports and job.spec.buckets <= 0 else job.events


def _kept_events(job: Job) -> Table:
    """What the summary and the time line are made of: nothing where `status_buckets` asks for none."""
    return job.events if job.spec.buckets > 0 else Table.empty()


def _within(events: Table, args: Args, now: float) -> Table:
    """The events of `earliest_time` to `latest_time`, where they are given."""
    if "_time" not in events.fields:
        return events
    column, frame = pl.col("_time").cast(pl.Float64, strict=False), events.frame
    if args.get("earliest_time"):
        frame = frame.filter(column >= time_bound(args.get("earliest_time"), now))
    if args.get("latest_time"):
        frame = frame.filter(column < time_bound(args.get("latest_time"), now))
    return events.with_frame(frame)


def _said(request: Request, text: str) -> Response:
    if request.json:
        return Response(200, dump_json({"messages": [{"type": "INFO", "text": text}]}), JSON)
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<response><messages><msg type="INFO">{escape(text)}</msg></messages></response>'
    return Response(200, body.encode(), XML)


def job_content(job: Job, now: float) -> dict[str, Any]:
    """The status keys of a job."""
    spec, result = job.spec, job.result
    reporting = questions.reporting_from(job.search.pipeline)
    transforming = result.is_transforming if result else reporting is not None
    shelf, seen = job.shelf, job.glimpse
    event_count, result_count = (shelf.event_count, shelf.result_count) if shelf else (0, 0)
    event_fields, preview_count = len(shelf.event_fields) if shelf else 0, result_count
    if shelf is None and seen is not None:
        event_count, event_fields = len(seen.events), len(seen.events.fields)
        preview_count = len(seen.table) if seen.table is not None else 0
    available = 0 if transforming and spec.buckets <= 0 else event_count
    commands = [unparse(c) for c in job.search.pipeline.commands]
    earliest, latest = (result.earliest, result.latest) if result else (None, None)
    ended = job.finished if job.done.is_set() else now
    content: dict[str, Any] = {
        "canSummarize": transforming,
        "cursorTime": iso_time(earliest or 0),
        "custom": {k.removeprefix("custom."): v for k, v in job.custom.items()},
        "defaultSaveTTL": "604800",
        "defaultTTL": "600",
        "delegate": spec.delegate or ("scheduler" if spec.scheduled else None),
        "diskUsage": job.size,
        "dispatchState": job.shown_state,
        "doneProgress": int(job.progress) if float(job.progress).is_integer() else round(job.progress, 5),
        "dropCount": 0,
        "earliestTime": iso_time(earliest or 0),
        "eventAvailableCount": available,
        "eventCount": event_count,
        "eventFieldCount": event_fields,
        "eventIsStreaming": True,
        "eventIsTruncated": False,
        "eventSearch": commands[0] if commands else "",
        "eventSorting": "desc",
        "isBatchModeSearch": True,
        "isDone": job.done.is_set(),
        "isEventsPreviewEnabled": job.preview,
        "isFailed": job.failed,
        "isFinalized": job.finalized,
        "isPaused": job.paused,
        "isPreviewEnabled": job.preview,
        "isRealTimeSearch": False,
        "isRemoteTimeline": False,
        "isSaved": job.saved,
        "isSavedSearch": bool(spec.label),
        "isTimeCursored": True,
        "isZombie": False,
        "keywords": "",
        "label": spec.label or None,
        "latestTime": iso_time(latest if latest is not None else now),
        "messages": _messages(job),
        "modifiedTime": iso_time(job.updated),
        "normalizedSearch": " | ".join(commands),
        "numPreviews": job.previews,
        "optimizedSearch": "".join(f"| {c} " for c in commands).strip(),
        "performance": {},
        "phase0": commands[0] if commands else "",
        "pid": "",
        "priority": job.priority,
        "provenance": spec.provenance,
        "published": iso_time(job.created),
        "remoteSearch": commands[0] if commands else "",
        "reportSearch": " | ".join(commands[1:]) if transforming else "",
        "resultCount": result_count,
        "resultIsStreaming": not transforming,
        "resultPreviewCount": preview_count,
        "runDuration": f"{result.duration if result else max(ended - job.created, 0.0):.3f}",
        "sampleRatio": "1",
        "sampleSeed": "0",
        "scanCount": result.events_scanned if result else seen.scanned if seen else 0,
        "search": spec.search,
        "searchCanBeEventType": not transforming and len(commands) == 1,
        "searchEarliestTime": f"{earliest or 0:.6f}",
        "searchLatestTime": f"{latest if latest is not None else now:.6f}",
        "searchProviders": ["caltrop"],
        "searchTotalBucketsCount": 0,
        "searchTotalEliminatedBucketsCount": 0,
        "sid": job.sid,
        "statusBuckets": spec.buckets,
        "ttl": max(int(job.expires() - now), 0) if job.done.is_set() else job.ttl,
    }
    content["request"] = {"search": spec.search, "earliest_time": spec.earliest or "", "latest_time": spec.latest or ""}
    content["runtime"] = {"auto_cancel": str(job.auto_cancel), "auto_pause": "0"}
    return content


def _stages(job: Job) -> dict[str, Any]:
    """Stages that have not ended have no numbers yet; `start` and `end` are places in `search`."""
    found = []
    for number, stage in enumerate(stages_of(job.search)):
        ended = job.stages[number] if number < len(job.stages) else None
        kept = ended.sample if ended else None
        found.append(
            {"number": number + 1, **stage, "rows": ended.rows if ended else None}
            | {"seconds": round(ended.seconds, 6) if ended else None, "fields": list(kept.fields) if kept else None}
            | {"kept": min(ended.rows, job.spec.sample) if ended else 0}
        )
    return {"search": job.text, "isDone": job.done.is_set(), "stages": found}


def _messages(job: Job) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for message in (*job.messages, *job.explanation):
        found.setdefault(message.severity.lower(), []).append(message.text)
    return found
