"""Search jobs: checked when asked for, run in a few worker threads, kept for a while after they end.

States and actions follow "search/jobs" and "search/jobs/{search_id}/control" of the REST API reference.
"""

from __future__ import annotations

import itertools
import logging
import re
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote

from caltrop.dialect import patterns
from caltrop.dialect.moments import time_bound
from caltrop.dialect.words import truth
from caltrop.dialect.zones import TimeError
from caltrop.engine import budget, custom, namespaces, questions, reading, registry
from caltrop.engine.budget import Stop
from caltrop.engine.context import Context, Message
from caltrop.engine.errors import Cancelled, SearchError
from caltrop.engine.execute import Engine, Stage
from caltrop.engine.instance import Instance, SearchResult
from caltrop.engine.previews import Preview, Previews
from caltrop.engine.reading import Reading
from caltrop.engine.table import Table
from caltrop.errors import CaltropError
from caltrop.explained import explained
from caltrop.spl.ast import Command
from caltrop.spl.errors import QueryError
from caltrop.splunkd.access.accounts import SYSTEM_USER
from caltrop.splunkd.searching.judged import custom_commands, judged
from caltrop.splunkd.searching.pool import Pool
from caltrop.splunkd.searching.shelf import Shelf
from caltrop.splunkd.wire.http import ApiError

log = logging.getLogger(__name__)
State = Literal["QUEUED", "PARSING", "RUNNING", "PAUSED", "FINALIZING", "DONE", "FAILED"]
WORKERS = 6
MAX_KEPT = 2_000  # finished jobs beyond this go, oldest first
SMALL = 64 << 10  # bytes of results that stay in memory
MUCH = 8 << 20  # bytes whose writing takes longer than anybody waits
LARGE = 64 << 20  # bytes of a search whose end is worth giving memory back
POST_SECONDS = 60.0  # of a search over results
CLOSING = 2.0  # seconds for searches to end with the server
MAX_BYTES = 1 << 30  # and so do those whose results do not fit beside the newer ones
TTL = 600
SOON = 0.2  # seconds of a search in which nobody is told of its stages: most end before
SCAN = 0.9  # of the progress of a search is that of reading its events
SID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.@:\-]{1,200}")  # also the name of a folder


@dataclass(frozen=True, slots=True)
class SearchSpec:
    """What to run and for whom. Times are as a client writes them; None is no bound."""

    search: str
    owner: str
    app: str = "search"
    earliest: str | None = None
    latest: str | None = None
    now: float | None = None
    sid: str | None = None
    label: str = ""  # name of the saved search, if it is one
    saved_app: str = ""
    saved_owner: str = ""
    provenance: str = "rest:jobs"
    scheduled: bool = False
    ttl: int = TTL
    priority: int = 5
    max_time: int = 0  # seconds after which it is finalized; 0: never
    auto_cancel: int = 0  # seconds without a request for it after which it is cancelled; 0: never
    preview: bool = False
    buckets: int = 0
    sample: int = 0  # rows that are kept of every stage
    delegate: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)  # custom.* arguments, shown as they came


class Job:
    """One search, read when it was asked for: what was checked is what runs, at the `moment` it was read at.

    `done` is set once it will not change any more.
    """

    def __init__(self, sid: str, spec: SearchSpec, search: Reading, moment: float, created: float) -> None:
        self.sid = sid
        self.spec = spec
        self.search = search
        self.moment = moment
        self.created = created
        self.updated = created
        self.finished = 0.0
        self.size = 0  # bytes of results and events, once it is done
        self.ttl = spec.ttl
        self.priority = spec.priority
        self.preview = spec.preview
        self.state: State = "QUEUED"
        self.max_time = spec.max_time
        self.auto_cancel = spec.auto_cancel
        self.seen = self.began = created  # asked for last; begun, where `time` counts
        self.running_since = 0.0  # the same by the clock that only goes forward
        self.stop = Stop()
        self.paused = False
        self.saved = False
        self.progress = 0.0
        self.rows = 0  # of the latest stage
        self.glimpse: Preview | None = None  # what it has found so far, while it runs
        self.previews = 0  # how many there were
        self.changes = 0  # times that somebody who waits for news was told of some
        self._news = threading.Condition()
        self.messages: list[Message] = []
        self.explanation: list[Message] = []  # why nothing is left; shown with the job and its log, never with results
        self.said: list[Message] = []  # while it runs
        self.shelf: Shelf | None = None  # what it has found
        self.stages: list[Stage] = []  # those that have ended, while it runs and after it failed
        self.result: SearchResult | None = None  # without its tables
        self.done = threading.Event()
        self.over = threading.Event()  # done, or nobody's any more
        self.custom: dict[str, str] = dict(spec.custom)

    @property
    def text(self) -> str:
        return self.spec.search

    @property
    def failed(self) -> bool:
        return self.state == "FAILED"

    @property
    def shown_state(self) -> State:
        return "PAUSED" if self.paused and not self.done.is_set() else self.state

    @property
    def table(self) -> Table:
        """Its results, so far."""
        shelf, seen = self.shelf, self.glimpse
        if shelf is not None:
            return shelf.table
        return seen.table if seen is not None and seen.table is not None else Table.empty()

    @property
    def events(self) -> Table:
        """Its events, so far."""
        shelf, seen = self.shelf, self.glimpse
        return shelf.events if shelf is not None else seen.events if seen is not None else Table.empty()

    def changed(self) -> None:
        """There is news."""
        with self._news:
            self.changes += 1
            self._news.notify_all()

    def wait(self, changes: int, seconds: float) -> bool:
        """Whether there is news since so many changes, within so many seconds."""
        with self._news:
            return self._news.wait_for(lambda: self.changes != changes, seconds)

    def show(self, seen: Preview) -> None:
        """What there is so far."""
        before, self.glimpse = self.glimpse, seen
        if seen.total:
            self.progress = max(self.progress, SCAN * seen.scanned / seen.total)
        if before is None or seen.events is not before.events or seen.table is not before.table:
            self.previews += 1
        self.changed()

    @property
    def finalized(self) -> bool:
        return self.stop.finalized

    @property
    def cancelled(self) -> bool:
        return self.stop.ended

    def touch(self, now: float) -> None:
        self.updated = now

    def expires(self) -> float:
        return self.updated + self.ttl if self.done.is_set() else float("inf")

    def pause(self, paused: bool) -> None:
        self.paused = paused
        self.stop.pause(paused)
        self.changed()

    def finalize(self, why: str = "") -> None:
        """Give what there is, soon."""
        if why and not self.finalized:
            self.said.append(Message("INFO", why))
        self.paused = False
        self.stop.finalize()
        self.changed()


class Jobs:
    """All jobs of a server. `before` runs before a search of internal indexes: it stores log lines that wait."""

    def __init__(self, instance: Instance, clock: Callable[[], float], before: Callable[[], None]) -> None:
        self._instance = instance
        self._clock = clock
        self._before = before
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(1)
        self._closed = self._large = False
        self._ended = clock()  # the last search that is no more
        self._pool = Pool(WORKERS, "search")
        self._folder = None if instance.data_dir is None else instance.data_dir / "run" / "dispatch"

    # -- asking --------------------------------------------------------------------------------------------------------

    def start(
        self,
        spec: SearchSpec,
        *,
        then: Callable[[Job], None] | None = None,
        ended: Callable[[Job], None] | None = None,
    ) -> Job:
        """Check the search and run it in the background; 400 for one that cannot run.

        `then` runs in the worker when the search has ended well, `ended` however it ended, both before the job is done.
        """
        if self._closed:
            raise ApiError(503, "The server is shutting down.")
        now = self._clock()
        _check_times(spec, now)
        moment = spec.now if spec.now is not None else now
        search = self.check(spec.search, spec.app, spec.owner, moment)
        sid = spec.sid or self._new_sid(spec, now)
        if not SID.fullmatch(sid):
            raise ApiError(400, f"Invalid search id {sid!r}")
        job = Job(sid, spec, search, moment, now)
        with self._lock:
            if sid in self._jobs:
                raise ApiError(409, f"A search job with the id {sid!r} already exists")
            self._jobs[sid] = job
        self._pool.submit(lambda: self._run(job, then, ended))
        return job

    def check(self, search: str, app: str, user: str, moment: float | None = None) -> Reading:
        """Expand macros (as of the moment, else now), parse, and know every command; 400 with the reason otherwise."""
        if not search.strip():
            raise ApiError(400, "Empty search.", "FATAL")
        try:
            context = self._context(app, user, self._clock() if moment is None else moment)
            read = reading.read(search, context)
            with read.placing():
                for command in read.pipeline.commands:
                    self._check_command(command, context)
        except CaltropError as error:
            raise _refusal(error) from None
        return read

    def judge(self, search: str, app: str, user: str) -> dict[str, Any]:
        """What can be said of a search without running it (see `judged`)."""
        return judged(search, self._context(app, user, self._clock()), self._instance.knowledge(app, user))

    def custom_commands(self, app: str, user: str) -> frozenset[str]:
        """The commands that installed apps bring."""
        return custom_commands(self._context(app, user, self._clock()))

    def expect(self, app: str) -> None:
        """Searches that run the commands of this app are to come: their scripts are loaded ahead."""
        context = self._context(app, SYSTEM_USER, self._clock())
        for name, stanza in self._instance.config.stanzas("commands", app).items():
            if stanza.app == app:
                with suppress(SearchError):  # which the search that runs it is told
                    custom.find(name, context)

    def _check_command(self, command: object, context: Context) -> None:
        if not isinstance(command, Command):
            return
        if command.name in registry.commands or custom.find(command.name, context):
            return
        reading.entry(command, context)

    def _context(self, app: str, user: str, moment: float) -> Context:
        return Context(self._instance, Engine(), moment, app=app, user=user)

    def _new_sid(self, spec: SearchSpec, now: float) -> str:
        number = next(self._numbers)
        if not spec.label:
            return f"{int(now)}.{number}"
        kind = "scheduler" if spec.scheduled else spec.owner
        name = quote(spec.label, safe="").replace("%", "").replace("~", "")[:60]
        return f"{kind}__{spec.owner}__{spec.app}__{name}_at_{int(now)}_{number}".replace(" ", "")

    # -- running -------------------------------------------------------------------------------------------------------

    def _run(self, job: Job, then: Callable[[Job], None] | None, ended: Callable[[Job], None] | None) -> None:
        spec = job.spec
        said = job.said
        try:
            job.stop.check()
            job.state, job.began, job.running_since = "RUNNING", self._clock(), time.monotonic()
            if questions.reads_internal(job.search.pipeline):
                self._before()
            result = self._instance.search(
                job.search,
                earliest=spec.earliest,
                latest=spec.latest,
                now=job.moment,
                app=spec.app,
                user=spec.owner,
                sid=job.sid,
                on_progress=lambda stage, stages, rows: _progress(job, stage, stages, rows),
                stop=job.stop,
                messages=said,
                stages=job.stages,
                sample=spec.sample,
                previews=Previews(job.show, lambda: job.preview),
            )
            job.shelf, job.glimpse = Shelf(result.table, result.events), None
            job.messages = list(result.messages)
            if not len(result.table) and not spec.scheduled and self._explains(spec):
                found = explained(self._instance, result, app=spec.app, user=spec.owner)
                if any(finding.subject != "stage" for finding in found.findings):
                    job.explanation = [Message("INFO", line) for line in found.lines()]
            job.result = replace(
                result, table=Table.empty(), events=Table.empty(), emptied=None
            )  # rows that nobody reads any more
            job.state = "FINALIZING"
            if then is not None:
                then(job)
            del result
            job.size = job.shelf.size + sum(len(stage.sample.packed) for stage in job.stages if stage.sample)
            if job.preview and job.size > MUCH:
                job.previews += 1
                job.changed()  # its rows can be seen while they are written
            if job.size > SMALL and self._folder is not None:
                job.shelf.put_away(self._folder / quote(job.sid, safe=""), self._instance.kept)
            job.state = "DONE"
        # Who asks meanwhile is told why before that it failed.
        except Cancelled:
            job.messages = said
            job.state = "FAILED"
        except CaltropError as error:
            job.messages = [*_told(error), *said]
            job.state = "FAILED"
        except Exception as error:
            log.exception("search %s failed", job.sid)
            job.messages = [Message("FATAL", f"internal error: {type(error).__name__}: {error}")]
            job.state = "FAILED"
        finally:
            job.progress = 1.0
            job.finished = job.updated = self._ended = self._clock()
            if ended is not None:
                ended(job)
            self._large = self._large or job.cancelled or max(job.stop.size, job.size) > LARGE
            job.done.set()
            job.over.set()
            job.changed()
            if job.cancelled:
                self._discard(job)

    def _discard(self, job: Job) -> None:
        job.shelf = job.glimpse = None
        self._instance.namespaces.drop(namespaces.job(job.sid))
        if self._folder is not None:
            shutil.rmtree(self._folder / quote(job.sid, safe=""), ignore_errors=True)

    def _explains(self, spec: SearchSpec) -> bool:
        """Whether messages say why nothing is left: `explain` of [caltrop] in limits.conf, on unless set otherwise."""
        if self._instance.services.search_filter(spec.owner):
            return False  # it would tell of events that the user may not see
        stanza = self._instance.config.stanza("limits", "caltrop", spec.app, spec.owner)
        return truth(stanza.get("explain") if stanza is not None else "", True)

    def post_process(self, job: Job, table: Table, search: str) -> Table:
        """The rows after a further search, as the `search` argument of results asks for one."""
        text = search.strip()
        if not text:
            return table
        if not text.startswith("|"):
            text = "| search " + text.removeprefix("search ") if not _is_command(text) else f"| {text}"
        spec = job.spec
        context = Context(self._instance, Engine(), job.moment, app=spec.app, user=spec.owner, sid=job.sid)
        allowed = self._instance.limits
        try:
            with (
                patterns.budget(longest=allowed.value, most=allowed.memory),
                budget.running(Stop(POST_SECONDS), allowed),
            ):
                return context.engine.run_text(text, context, source=table)
        except CaltropError as error:
            raise _refusal(error) from None

    # -- keeping -------------------------------------------------------------------------------------------------------

    def get(self, sid: str) -> Job | None:
        with self._lock:
            return self._jobs.get(sid)

    def all(self) -> list[Job]:
        """Newest first."""
        with self._lock:
            return list(self._jobs.values())[::-1]

    def remove(self, job: Job) -> None:
        """Cancel what runs and forget the job."""
        job.stop.end()
        job.over.set()
        job.changed()
        with self._lock:
            self._jobs.pop(job.sid, None)
        if job.done.is_set():
            self._discard(job)

    def reap(self) -> None:
        """Forget what has expired, and the oldest where there is too much."""
        now = self._clock()
        kept = size = 0
        for job in self.all():
            if job.auto_cancel and now - max(job.seen, job.created) > job.auto_cancel and not job.saved:
                self.remove(job)
                continue
            if not job.done.is_set():
                if job.max_time and job.state == "RUNNING" and now - job.began > job.max_time:
                    job.finalize(
                        f"Search auto-finalized after time limit ({job.max_time} seconds) reached. Results may be incomplete."
                    )
                continue
            if job.saved:
                continue
            kept, size = kept + 1, size + job.size
            if job.expires() < now or kept > MAX_KEPT or (size > MAX_BYTES and kept > 1):
                self.remove(job)

    @property
    def at_once(self) -> int:
        """Searches that run at the same time; others wait."""
        return WORKERS

    def idle(self) -> float:
        """Seconds since a search ran; 0 while one does."""
        jobs = self.all()
        if any(not job.done.is_set() for job in jobs):
            return 0.0
        return self._clock() - max((job.finished for job in jobs), default=self._ended)

    def freed(self) -> bool:
        """Whether a large search has ended since this was asked last: its memory can be given back."""
        large, self._large = self._large, False
        return large

    def end_largest(self, limit: int) -> None:
        """The server has not enough memory for all that runs: the search with the largest table ends."""
        running = [job for job in self.all() if not job.done.is_set() and job.state == "RUNNING"]
        if running:
            job = max(running, key=lambda job: job.stop.size)
            what = f"The search was ended: the server has no more than {limit >> 20} MB for searches."
            job.said.append(Message("ERROR", what))
            job.stop.end()

    def cancel(self) -> None:
        """End all jobs and take no more."""
        self._closed = True
        for job in self.all():
            self.remove(job)

    def close(self, seconds: float = CLOSING) -> None:
        """End all jobs; those that do not end in that time are left to the end of the process."""
        self.cancel()
        self._pool.close(seconds)


def as_rest_search(text: str) -> str:
    """A search as the REST API reads it: the first word is a command, there is no implicit `search`."""
    text = text.strip()
    if text.startswith(("|", "`", "[")) or re.match(r"search\b", text, re.IGNORECASE):
        return text
    return f"| {text}" if text else ""


def _is_command(text: str) -> bool:
    word = re.match(r"[A-Za-z_]\w*", text)
    return word is not None and word[0].lower() in registry.commands and word[0].lower() != "search"


def _progress(job: Job, stage: int, stages: int, rows: int) -> None:
    job.progress = max(job.progress, stage / max(stages, 1))
    job.rows = rows
    if time.monotonic() - job.running_since > SOON:
        job.changed()


def _told(error: CaltropError) -> list[Message]:
    """splunkd's words for a failure, which clients look for, and behind them as a message of its own what we know besides."""
    if not isinstance(error, QueryError):
        return [Message("FATAL", f"{error.message} ({error.hint})" if error.hint else error.message)]
    return [Message("FATAL", error.words), *([Message("INFO", error.account)] if error.account else [])]


def _refusal(error: CaltropError) -> ApiError:
    first, *more = _told(error)
    return ApiError(400, first.text, first.severity, more=[(message.severity, message.text) for message in more])


def _check_times(spec: SearchSpec, now: float) -> None:
    """The bounds beside a search; 400, in splunkd's words, for one that is no time and for a range that is empty or upside down."""
    if spec.earliest:
        try:
            earliest = time_bound(spec.earliest, now)
        except TimeError as error:
            raise ApiError(400, "Invalid earliest_time.", "FATAL", more=[("INFO", str(error))]) from None
    if not spec.latest:
        return
    wrong = "Invalid latest_time: latest_time must be after earliest_time."
    try:
        latest = time_bound(spec.latest, now)
    except TimeError as error:
        raise ApiError(400, wrong, "FATAL", more=[("INFO", str(error))]) from None
    if spec.earliest and latest <= earliest:
        raise ApiError(400, wrong, "FATAL")


def fields_of(arguments: Sequence[str]) -> list[str]:
    """The `f` arguments and comma lists of results."""
    return [name.strip() for text in arguments for name in text.split(",") if name.strip()]
