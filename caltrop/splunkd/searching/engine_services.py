"""What searches ask of the server they run in: the REST API, other jobs, alert actions, a session for custom commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlencode

import polars as pl

from caltrop.dialect.words import fits
from caltrop.engine.errors import SearchError
from caltrop.engine.services import Services
from caltrop.engine.table import Table
from caltrop.splunkd.searching.alerting import Alerting
from caltrop.splunkd.searching.jobs import Job, Jobs
from caltrop.splunkd.state.state import State
from caltrop.splunkd.wire.http import Request, Response

DERIVED = frozenset({"history", "notable", "risk", "summary"})


class ServerServices(Services):
    """Bound to a running server by `attach`, since the server is built over the engine."""

    _state: State
    _jobs: Jobs
    _alerting: Alerting
    _ask: Callable[[Request], Response]

    def attach(self, state: State, jobs: Jobs, alerting: Alerting, ask: Callable[[Request], Response]) -> None:
        """`ask` answers requests of the REST API."""
        self._state, self._jobs, self._alerting, self._ask = state, jobs, alerting, ask

    @property
    def version(self) -> str:  # type: ignore[override]
        return self._state.version

    @property
    def url(self) -> str:  # type: ignore[override]
        return self._state.url

    def session(self, user: str) -> AbstractContextManager[str]:
        return self._state.accounts.session(user)

    def may(self, user: str, capability: str) -> bool:
        return capability in self._state.roles.capabilities(self._roles(user))

    def searchable(self, indexes: Sequence[str], user: str) -> list[str]:
        roles = self._roles(user)
        return [name for name in indexes if self._state.roles.may_search(roles, name)]

    def searched_by_default(self, indexes: Sequence[str], user: str) -> list[str]:
        """The default indexes of the user's roles, and every other index that holds data from outside.

        A Splunk looks into the default indexes of the roles alone. Here a new index is found at once; what searches
        themselves wrote (risk events, notables, summaries) is not, since one detection would then feed the next.
        """
        default = self._state.roles.indexes_default(self._roles(user))
        return [n for n in indexes if n not in DERIVED or any(fits(p, n) for p in default)]

    def search_filter(self, user: str) -> str:
        return self._state.roles.filter(self._roles(user))

    def may_write(self, user: str, index: str) -> bool:
        """Internal indexes are the server's own; with `run_collect` of the role a user writes into the others."""
        return self.may(user, "admin_all_objects") or (not index.startswith("_") and self.may(user, "run_collect"))

    def _roles(self, user: str) -> list[str]:
        """Those of the account; a name without an account holds none, so it may search nothing."""
        account = self._state.accounts.find(user)
        return account.roles if account else []

    def rest(self, path: str, parameters: Mapping[str, str], user: str) -> pl.DataFrame:
        """GET `path` as the user; one row an entry, nested and empty values left out."""
        target = path if path.startswith("/services") else f"/services/{path.lstrip('/')}"
        query = urlencode({"count": "0", **parameters, "output_mode": "json"})
        with self.session(user) as key:
            headers = {"authorization": f"Splunk {key}"}
            response = self._ask(Request("GET", target, query, headers, port=self._state.mgmt_port))
        if response.status != 200:
            raise SearchError(f"rest {path}: the server answered {response.status}")
        document = json.loads(response.read())
        rows = [_flat(entry) for entry in document.get("entry", [])]
        names = list(dict.fromkeys(name for row in rows for name in row))
        return pl.DataFrame([_column(name, [row.get(name) for row in rows]) for name in names])

    def job(self, sid: str, user: str, *, events: bool) -> Table:
        job = self._seen(sid, user)
        if job is None or not job.done.is_set() or job.failed:
            raise SearchError(f"there is no finished job {sid!r}")
        return job.events if events else job.table

    def job_runs(self, sid: str, user: str) -> bool:
        job = self._seen(sid, user)
        if job is None:
            raise SearchError(f"there is no job {sid!r}", hint="it may have expired, or belong to another user")
        return not job.done.is_set()

    def _seen(self, sid: str, user: str) -> Job | None:
        job = self._jobs.get(sid)
        return job if job is not None and (job.spec.owner == user or self.may(user, "admin_all_objects")) else None

    def latest_job(self, saved_search: str, user: str, app: str) -> str:
        for job in self._jobs.all():
            spec = job.spec
            if (
                spec.label == saved_search
                and job.done.is_set()
                and not job.failed
                and app in (spec.app, spec.saved_app)
                and (spec.owner == user or self.may(user, "admin_all_objects"))
            ):
                return job.sid
        raise SearchError(f"no finished run of the saved search {saved_search!r}", hint="dispatch it first")

    def send_alert(self, action: str, parameters: Mapping[str, str], table: Table, user: str, app: str) -> None:
        self._alerting.send(action, parameters, table, user, app)


def _flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"title": entry.get("name"), "id": entry.get("id"), "updated": entry.get("updated")}
    content = entry.get("content")
    row |= content if isinstance(content, dict) else {"value": content}
    row["author"] = entry.get("author")
    for key, value in entry.get("acl", {}).items():
        row[f"eai:acl.{key}"] = value
    perms = row.pop("eai:acl.perms", None)
    if isinstance(perms, dict):
        row |= {f"eai:acl.perms.{key}": value for key, value in perms.items()}
    return {k: v for k, v in row.items() if k not in {"eai:acl", "eai:attributes"}}


def _column(name: str, values: list[Any]) -> pl.Series:
    if any(isinstance(v, list) for v in values):
        lists = [None if not v else [_text(x) for x in (v if isinstance(v, list) else [v])] for v in values]
        return pl.Series(name, lists, dtype=pl.List(pl.String))
    return pl.Series(name, [None if v is None or v == "" else _text(v) for v in values], dtype=pl.String)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else json.dumps(value)
