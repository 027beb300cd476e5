"""What only a server around the engine can do; an engine without one says so by name.

The embedded server hands its own implementation to `Instance.services`. This keeps the arrow: splunkd imports engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import polars as pl

from caltrop.engine.errors import SearchError
from caltrop.engine.table import Table


class Services:
    """The defaults, for an engine that runs on its own."""

    url = ""
    version = "9.4.0"

    def session(self, user: str) -> AbstractContextManager[str]:
        """The key of a session for a custom command that calls back; it ends with the command."""
        return nullcontext("")

    def may(self, user: str, capability: str) -> bool:
        """Whether a role of the user holds the capability."""
        return True

    def searchable(self, indexes: Sequence[str], user: str) -> list[str]:
        """Which of these indexes the user may search."""
        return list(indexes)

    def searched_by_default(self, indexes: Sequence[str], user: str) -> list[str]:
        """Which of these indexes a search of the user looks into when it names none."""
        return list(indexes)

    def search_filter(self, user: str) -> str:
        """A search expression that each event has to match for the user to see it; empty: any event."""
        return ""

    def may_write(self, user: str, index: str) -> bool:
        """Whether searches of the user may write events into the index."""
        return True

    def rest(self, path: str, parameters: Mapping[str, str], user: str) -> pl.DataFrame:
        """Entries of a GET, a row each (`rest` command)."""
        raise SearchError("'rest' needs a server", hint="run the search against `caltrop serve`")

    def job(self, sid: str, user: str, *, events: bool) -> Table:
        """Results (or events) of a finished job that the user may see (`loadjob`)."""
        raise SearchError(f"there is no job {sid!r} here", hint="jobs live in a server: `caltrop serve`")

    def job_runs(self, sid: str, user: str) -> bool:
        """Whether a job that the user may see still runs. Raises SearchError where there is none."""
        raise SearchError(f"there is no job {sid!r} here", hint="jobs live in a server: `caltrop serve`")

    def latest_job(self, saved_search: str, user: str, app: str) -> str:
        """The sid of the newest finished run of a saved search (`loadjob savedsearch=`)."""
        raise SearchError("saved searches run in a server only", hint="run the search against `caltrop serve`")

    def send_alert(self, action: str, parameters: Mapping[str, str], table: Table, user: str, app: str) -> None:
        """Run an alert action over results (`sendalert`)."""
        raise SearchError(f"alert action {action!r} needs a server", hint="run the search against `caltrop serve`")
