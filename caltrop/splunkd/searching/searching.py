"""Searches of all kinds, over one state: jobs, saved searches, their schedules and alerts."""

from __future__ import annotations

from collections.abc import Callable

from caltrop.engine.table import Table
from caltrop.splunkd.intake.ingest import Ingest
from caltrop.splunkd.searching.alerting import Alerting
from caltrop.splunkd.searching.jobs import Job, Jobs, SearchSpec
from caltrop.splunkd.searching.rows import with_origin
from caltrop.splunkd.searching.savedsearches import SavedSearch
from caltrop.splunkd.searching.scheduler import Scheduler, spec_of
from caltrop.splunkd.state.state import State


class Searching:
    """`ingest` takes the events that alert actions write."""

    def __init__(self, state: State, ingest: Ingest) -> None:
        self._state = state
        self.jobs = Jobs(state.instance, state.clock, state.logs.flush)
        self.alerting = Alerting(state, self.jobs, ingest)
        self.scheduler = Scheduler(state, self.dispatch)

    def start(
        self,
        spec: SearchSpec,
        *,
        then: Callable[[Job], None] | None = None,
        ended: Callable[[Job], None] | None = None,
    ) -> Job:
        job = self.jobs.start(spec, then=then, ended=ended)
        self._state.logs.audit(
            spec.owner,
            "search",
            info="granted",
            exec_time=str(int(job.created)),
            search_id=f"'{job.sid}'",
            search=f"'{spec.search}'",
        )
        return job

    def rows(self, table: Table, offset: int = 0, count: int = 0) -> Table:
        """A page of a job's rows as they are sent (`page`)."""
        return with_origin(table, self._state.instance.server_name, self._state.guid, offset, count)

    def dispatch(
        self, saved: SavedSearch, user: str, *, now: float | None = None, trigger: bool = False, scheduled: bool = False,
        search: str | None = None, ended: Callable[[Job], None] | None = None,
    ) -> Job:  # fmt: skip
        """Run a saved search; with `trigger` its alert conditions and actions follow, before the job is done. `ended` is told
        of it last."""
        spec = spec_of(saved, user, now=now, scheduled=scheduled, search=search)

        def then(job: Job) -> None:
            self.alerting.after(saved, job, self._state.now() if now is None else now)

        return self.start(spec, then=then if trigger else None, ended=ended)

    def close(self) -> None:
        self.jobs.close()
