"""What Splunk's REST API does not have, below `caltrop/`: for editors of searches, and for files that come with the request."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from caltrop.analysis.known import vocabulary
from caltrop.engine import registry
from caltrop.index import importers
from caltrop.index.importers.options import Problem
from caltrop.spl.commands import declaration_of
from caltrop.splunkd.rest.collection import route
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import dump_json
from caltrop.splunkd.wire.http import JSON, ApiError, Args, Request, Response
from caltrop.splunkd.wire.results import time_text

SHOWN = 200  # events of a preview
SHOWN_LENGTH = 4_000  # characters of one of them


@route("caltrop/analysis", "GET", "POST")
def analysis(wings: Wings, request: Request) -> Response:
    """What is wrong or surprising in the search `q` and where, its macros expanded, its stages; JSON"""
    owner, app = request.place()
    return Response(200, dump_json(wings.searching.jobs.judge(request.args.required("q"), app, owner)), JSON)


@route("caltrop/vocabulary", "GET")
def words(wings: Wings, request: Request) -> Response:
    """The commands with their options and clauses, and the functions with how many arguments they take; JSON"""
    owner, app = request.place()
    known = vocabulary()
    commands = [
        {
            "name": name,
            "kind": entry.kind,
            "options": sorted(declaration_of(name).options),
            "clauses": sorted(declaration_of(name).clauses),
        }
        for name, entry in sorted(registry.commands.items())
    ]
    custom = [
        {"name": name, "kind": "custom", "options": [], "clauses": []}
        for name in sorted(wings.searching.jobs.custom_commands(app, owner))
    ]
    functions = [
        {"name": name, "least": least, "most": most} for name, (least, most) in sorted(known.functions.items())
    ]
    document = {"commands": [*commands, *custom], "functions": functions, "aggregations": sorted(known.aggregations)}
    return Response(200, dump_json(document), JSON)


@route("caltrop/upload", "POST")
def upload(wings: Wings, request: Request) -> Response:
    """The body is a file called `name` (log, CSV, JSON, EVTX, archive): its events go to `index`, or with `preview=1` are only shown; JSON"""
    body, request.body = request.body, b""
    request.args = Args()
    request.read_args()
    args, state = request.args, wings.state
    name = args.required("name").replace("\\", "/").rpartition("/")[2]
    preview = args.flag("preview")
    index = args.get("index") if preview else args.required("index")
    if not body:
        raise ApiError(400, "The file is empty")
    if not preview and index not in state.store:
        raise ApiError(400, f"supplied index '{index}' missing", "WARN")
    problems: list[Problem] = []
    given = {key: args.get(key) or None for key in ("host", "source", "sourcetype")}
    options = replace(
        state.instance.import_options(index=index or None, on_problem=problems.append, **given), now=state.now()
    )
    told: dict[str, Any]
    if preview:
        told = _previewed(io.BytesIO(body), replace(options, batch_rows=SHOWN), name)
    else:
        told = {"events": state.instance.add_file(io.BytesIO(body), options, name=name), "index": index}
    told["problems"] = [str(problem) for problem in problems[:50]]
    return Response(200, dump_json(told), JSON)


def _previewed(file: io.BytesIO, options: importers.ImportOptions, name: str) -> dict[str, Any]:
    """The first events as they would be, and whether there are more."""
    rows: list[dict[str, Any]] = []
    more = False
    for frame in importers.read(file, options, name=name):
        for row in frame.iter_rows(named=True):
            if len(rows) == SHOWN:
                more = True
                break
            raw = str(row["_raw"])
            rows.append(
                {
                    "time": None if row["_time"] is None else time_text(row["_time"]),
                    "raw": raw[:SHOWN_LENGTH] + ("…" if len(raw) > SHOWN_LENGTH else ""),
                    "lines": raw.count("\n") + 1,
                }
                | {key: row[key] for key in ("host", "source", "sourcetype")}
            )
        if more:
            break
    return {"rows": rows, "more": more}
