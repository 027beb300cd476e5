"""What happens when a saved search has run: does it trigger, is it throttled, and what is done about it.

Conditions, throttling and tracking follow savedsearches.conf.spec and "Configure alert trigger conditions" and "Throttle
alerts" of the Alerting Manual.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from caltrop.dialect.spans import seconds_of
from caltrop.dialect.words import truth
from caltrop.engine.errors import SearchError
from caltrop.engine.table import Table
from caltrop.errors import CaltropError
from caltrop.splunkd.intake.ingest import Ingest
from caltrop.splunkd.searching import findings, scripted
from caltrop.splunkd.searching.jobs import Job, Jobs
from caltrop.splunkd.searching.run import Action, Run
from caltrop.splunkd.searching.savedsearches import SavedSearch
from caltrop.splunkd.state.state import State
from caltrop.splunkd.wire.results import Row, rows_of

RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "greater than": lambda a, b: a > b,
    "less than": lambda a, b: a < b,
    "equal to": lambda a, b: a == b,
    "not equal to": lambda a, b: a != b,
}
CHANGES = {"rises by": 1, "drops by": -1}
MAX_TRIGGERED = 10_000


@dataclass(frozen=True, slots=True)
class Triggered:
    """A fired alert, as `alerts/fired_alerts` lists it."""

    saved: tuple[str, str, str]
    sid: str
    time: float
    expires: float
    severity: int
    actions: tuple[str, ...]
    alert_type: str
    digest: bool
    count: int


@dataclass(slots=True)
class _Memory:
    """What is remembered of a saved search between runs."""

    last_count: float | None = None
    suppressed: dict[tuple[str, ...], float] = field(default_factory=dict)  # field values -> until (epoch seconds)


class Alerting:
    """Thread-safe; remembers throttling and fired alerts while the server runs."""

    def __init__(self, state: State, jobs: Jobs, ingest: Ingest) -> None:
        self._state = state
        self._jobs = jobs
        self._ingest = ingest
        self._lock = threading.RLock()
        self._memory: dict[tuple[str, str, str], _Memory] = {}
        self._fired: list[Triggered] = []

    # -- after a run ---------------------------------------------------------------------------------------------------

    def after(self, saved: SavedSearch, job: Job, now: float) -> None:
        """Trigger conditions, throttling, tracking, then each action; an action that fails does not stop the others."""
        digest = truth(saved.get("alert.digest_mode"), True)
        if not self.triggers(saved, job):
            return
        rows = self._unsuppressed(saved, list(enumerate(rows_of(job.table))), now)
        if rows is None:
            return
        self._track(saved, job, now, len(rows), digest)
        run = Run(saved, job.sid, now, job.table, rows, _info(job, now))
        for name in saved.actions:
            self._perform(name, run)

    def _perform(self, name: str, run: Run) -> None:
        logs = self._state.logs
        action = self._action(name, run.saved.search_app)
        if action is None:
            logs.warn("AlertActions", f'action={name} of search="{run.saved.name}" is not performed by this server')
            return
        try:
            action(run)
        except CaltropError as error:
            logs.error("AlertActions", f'action={name} of search="{run.saved.name}" sid={run.sid} failed: {error}')
        else:
            logs.info("AlertActions", f'action={name} search="{run.saved.name}" sid={run.sid} results={len(run.rows)}')

    def send(self, name: str, parameters: Mapping[str, str], table: Table, user: str, app: str) -> None:
        """What `sendalert` asks for: one action over these results, without conditions. Raises where it fails."""
        action = self._action(name, app)
        if action is None:
            raise SearchError(
                f"there is no alert action {name!r}", hint=f"known: {', '.join(sorted(findings.ACTIONS))}"
            )
        settings = {f"action.{name}.{key}": value for key, value in parameters.items()}
        now = self._state.now()
        info = {"info_min_time": "0.000", "info_max_time": "+Infinity", "info_search_time": f"{now:.3f}"}
        saved = SavedSearch(parameters.get("search_name", "sendalert"), app, user, settings)
        action(Run(saved, "", now, table, list(enumerate(rows_of(table))), info))

    def _action(self, name: str, app: str) -> Action | None:
        """What the server itself does, else what an app brings."""
        own = findings.ACTIONS.get(name)
        return partial(own, self._ingest) if own else scripted.find(self._state, app, name)

    def triggers(self, saved: SavedSearch, job: Job) -> bool:
        kind = saved.get("counttype", "always").strip().lower() or "always"
        count = self._count(kind, job)
        with self._lock:
            memory = self._memory.setdefault(saved.key, _Memory())
            before, memory.last_count = memory.last_count, count
        if kind == "always":
            return True
        if kind == "custom":
            return len(self._jobs.post_process(job, job.table, saved.get("alert_condition"))) > 0
        relation = saved.get("relation", "greater than").strip().lower()
        try:
            quantity = float(saved.get("quantity", "0") or 0)
        except ValueError:
            return False
        if relation in RELATIONS:
            return RELATIONS[relation](count, quantity)
        if relation in CHANGES and before is not None:
            return (count - before) * CHANGES[relation] >= quantity
        return False

    def _count(self, kind: str, job: Job) -> float:
        fields = {"number of hosts": "host", "number of sources": "source"}
        if kind in fields:
            table = job.table if fields[kind] in job.table.fields else job.events
            return _distinct(table, fields[kind])
        return len(job.table)

    # -- throttling ----------------------------------------------------------------------------------------------------

    def _unsuppressed(
        self, saved: SavedSearch, rows: list[tuple[int, Row]], now: float
    ) -> list[tuple[int, Row]] | None:
        """The rows that may alert; None when the whole alert is throttled.

        Without `alert.suppress.fields` one alert silences the search; with them each combination of values by itself.
        """
        if not truth(saved.get("alert.suppress")):
            return rows
        period = seconds_of(saved.get("alert.suppress.period"), 0)
        names = [n.strip().strip('"') for n in saved.get("alert.suppress.fields").split(",") if n.strip()]
        with self._lock:
            memory = self._memory.setdefault(self._group(saved), _Memory())
            held = memory.suppressed = {k: t for k, t in memory.suppressed.items() if t > now}
            if not names:
                if () in held:
                    return None
                held[()] = now + period
                return rows
            free = []
            for number, row in rows:
                key = tuple(_value(row, n) for n in names)
                if key not in held:
                    held[key] = now + period
                    free.append((number, row))
            return free or (None if rows else rows)

    def _group(self, saved: SavedSearch) -> tuple[str, str, str]:
        group = saved.get("alert.suppress.group_name")
        return (saved.app, "", f"group:{group}") if group else saved.key

    def suppression(self, saved: SavedSearch, now: float) -> float:
        """Seconds that the search stays silent, 0 when it does not."""
        with self._lock:
            memory = self._memory.get(self._group(saved))
            return max((t - now for t in memory.suppressed.values()), default=0.0) if memory else 0.0

    def suppress(self, saved: SavedSearch, seconds: float, now: float) -> None:
        with self._lock:
            memory = self._memory.setdefault(self._group(saved), _Memory())
            memory.suppressed.clear()
            if seconds > 0:
                memory.suppressed[()] = now + seconds

    # -- fired alerts --------------------------------------------------------------------------------------------------

    def _track(self, saved: SavedSearch, job: Job, now: float, count: int, digest: bool) -> None:
        wanted = saved.get("alert.track", "auto").strip().lower()
        if not (bool(saved.actions) if wanted == "auto" else truth(wanted)):
            return
        expires = now + seconds_of(saved.get("alert.expires"), 86400)
        severity = saved.get("alert.severity", "3")
        fired = Triggered(
            saved.key, job.sid, now, expires, int(severity) if severity.isdigit() else 3, tuple(saved.actions),
            saved.get("counttype", "always"), digest, count if digest else 1,
        )  # fmt: skip
        with self._lock:
            self._fired.extend([fired] if digest else [fired] * count)
            del self._fired[:-MAX_TRIGGERED]

    def fired(self, now: float, key: tuple[str, str, str] | None = None) -> list[Triggered]:
        with self._lock:
            self._fired = [t for t in self._fired if t.expires > now]
            return [t for t in self._fired if key is None or t.saved == key]

    def acknowledge(self, key: tuple[str, str, str]) -> None:
        """Forget the fired alerts of a search, and its throttling."""
        self.forget(key)
        with self._lock:
            self._memory.pop(key, None)

    def forget(self, key: tuple[str, str, str], sid: str | None = None) -> None:
        with self._lock:
            self._fired = [t for t in self._fired if t.saved != key or (sid is not None and t.sid != sid)]


def _value(row: Row, name: str) -> str:
    value = row.get(name, "")
    return value if isinstance(value, str) else "\n".join(value)


def _distinct(table: Table, name: str) -> int:
    return table.frame.get_column(name).drop_nulls().n_unique() if name in table.fields else 0


def _info(job: Job, now: float) -> dict[str, str]:
    result = job.result
    earliest = result.earliest if result and result.earliest is not None else 0.0
    latest = f"{result.latest:.3f}" if result and result.latest is not None else "+Infinity"
    return {"info_min_time": f"{earliest:.3f}", "info_max_time": latest, "info_search_time": f"{now:.3f}"}
