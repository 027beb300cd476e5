"""What Splunk's REST API does not have, below `caltrop/`: for editors of searches, the console's among them. A login is enough."""

from __future__ import annotations

from caltrop.analysis.known import vocabulary
from caltrop.engine import registry
from caltrop.spl.commands import declaration_of
from caltrop.splunkd.rest.collection import route
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import dump_json
from caltrop.splunkd.wire.http import JSON, Request, Response


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
