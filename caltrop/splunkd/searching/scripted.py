"""Alert actions that an app brings: its script, run in a process of its own with a JSON payload on stdin.

Follows "Create a custom alert action" of the Splunk developer guide and alert_actions.conf.spec: the script is
`bin/<action>.py` of the app (or `alert.execute.cmd`), called with `--execute`; it is told the settings, the first result,
and a file with all results. `payload_format = xml`, the older form, is refused by name.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from caltrop import children
from caltrop.dialect.words import truth
from caltrop.engine import onpath
from caltrop.errors import CaltropError
from caltrop.knowledge.configuration import MergedStanza
from caltrop.splunkd.searching.findings import substitute
from caltrop.splunkd.searching.run import Action, Run
from caltrop.splunkd.state.state import ADMIN, SERVER_NAME, State
from caltrop.splunkd.wire.results import Row

SECONDS = 300  # maxtime of alert_actions.conf
TAIL = 2_000  # characters of stderr that a failure shows


def find(state: State, app: str, name: str) -> Action | None:
    """The action of that name as alert_actions.conf of the app's view describes it; None where there is none."""
    stanza = state.config.stanza("alert_actions", name, app)
    if stanza is None or not truth(stanza.get("is_custom")) or truth(stanza.get("disabled")):
        return None
    return lambda run: _run(state, run, name, stanza)


def _run(state: State, run: Run, name: str, stanza: MergedStanza) -> None:
    if not state.settings.scripts:
        raise CaltropError(
            f"alert action {name!r} runs a script, which this server does not", hint="caltrop serve --allow-scripts"
        )
    if stanza.get("payload_format", "xml").strip().lower() != "json":
        raise CaltropError(
            f"alert action {name!r} wants its payload as XML, which is not supported", hint="set payload_format = json"
        )
    filename = stanza.get("alert.execute.cmd") or f"{name}.py"
    if Path(filename).name != filename:
        raise CaltropError(f"alert_actions.conf names a script outside bin/: {filename!r}")
    script = state.config.app_path(stanza.app) / "bin" / filename
    if not script.is_file():
        raise CaltropError(f"the script of alert action {name!r} is missing: {filename}")
    digest = truth(run.saved.get("alert.digest_mode"), True)
    batches = [run.rows] if digest else [[row] for row in run.rows]
    for batch in batches:
        rows = [row for _, row in batch]
        results = _results_file(state, run, rows)
        with state.accounts.session(run.saved.runs_as(ADMIN)) as key:
            _execute(script, name, _payload(state, run, name, stanza, rows[0] if rows else {}, results, key))


def _payload(
    state: State, run: Run, name: str, stanza: MergedStanza, first: Row, results: Path, session_key: str
) -> dict[str, Any]:
    tokens: dict[str, str | list[str]] = {
        **first,
        "name": run.saved.name,
        "app": run.saved.search_app,
        "job.sid": run.sid,
    }
    settings = {k.removeprefix("param."): v for k, v in stanza.values().items() if k.startswith("param.")}
    settings |= {k.removeprefix("param."): v for k, v in run.saved.action(name).items() if k.startswith("param.")}
    return {
        "app": run.saved.search_app,
        "owner": run.saved.runs_as(ADMIN),
        "results_file": str(results),
        "results_link": f"{state.url}/services/search/jobs/{run.sid}/results",
        "server_host": SERVER_NAME,
        "server_uri": state.url,
        "session_key": session_key,
        "sid": run.sid,
        "search_name": run.saved.name,
        "configuration": {key: substitute(value, tokens) for key, value in settings.items()},
        "result": first,
    }


def _results_file(state: State, run: Run, rows: list[Row]) -> Path:
    folder = state.data_dir / "var" / "run" / "dispatch" / re.sub(r"[^\w.@-]", "_", run.sid or "sendalert")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.csv.gz"
    names = list(dict.fromkeys(name for row in rows for name in row))
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([_cell(row.get(name, "")) for name in names] for row in rows)
    return path


def _cell(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "\n".join(value)


def _execute(script: Path, name: str, payload: Mapping[str, Any]) -> None:
    command = [sys.executable, str(script), "--execute"]
    done = children.run(
        command,
        json.dumps(payload).encode(),
        cwd=script.parent,
        environment=onpath.environment(script),
        seconds=SECONDS,
    )
    if done.late:
        raise CaltropError(f"alert action {name!r} did not end within {SECONDS} s")
    if done.code:
        raise CaltropError(f"alert action {name!r} ended with code {done.code}: {done.said[-TAIL:]}")
