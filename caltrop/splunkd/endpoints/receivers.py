"""Receivers of event data on the management port: `receivers/simple`; `receivers/stream` is taken by `protocol.py`."""

from __future__ import annotations

from caltrop.splunkd.intake.receivers import origin_of
from caltrop.splunkd.rest.collection import route
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import dump_json, escape
from caltrop.splunkd.wire.http import JSON, XML, Args, Request, Response


@route("receivers/simple", "POST")
@route("receivers/stream", "POST")
def simple(wings: Wings, request: Request) -> Response:
    """The body is event text, whatever its Content-Type; index, host, source and sourcetype are in the query."""
    body, request.body = request.body, b""
    request.args = Args()
    request.read_args()
    origin = origin_of(wings.state.store, request)
    size = wings.intake.ingest.raw(body, origin, lone=True)
    if request.json:
        return Response(200, dump_json({"bytes": len(body), "events": size}), JSON)
    fields = {
        "_index": origin.index,
        "bytes": len(body),
        "host": origin.host,
        "source": origin.source,
        "sourcetype": origin.sourcetype,
    }
    inner = "".join(f"<field><name>{k}</name><value>{escape(str(v))}</value></field>" for k, v in fields.items())
    return Response(200, f"<response><results><result>{inner}</result></results></response>".encode(), XML)
