"""Receivers of event data on the management port: `receivers/simple`; `receivers/stream` is taken by `protocol.py`."""

from __future__ import annotations

from caltrop.splunkd.intake.receivers import origin_of
from caltrop.splunkd.rest.collection import route
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import dump_json, escape
from caltrop.splunkd.wire.http import JSON, XML, Args, Request, Response

UNTOLD = "unknown-too_small"  # the source type that splunkd tells where none was given


@route("receivers/simple", "POST")
@route("receivers/stream", "POST")
def simple(wings: Wings, request: Request) -> Response:
    """The body is event text, whatever its Content-Type; index, host, source and sourcetype are in the query."""
    body, request.body = request.body, b""
    request.args = Args()
    request.read_args()
    origin = origin_of(wings.state.store, request)
    wings.intake.ingest.raw(body, origin, lone=True)
    index = request.args.get("index") or "default"
    told = {
        "bytes": len(body),
        "host": origin.host,
        "source": origin.source,
        "sourcetype": request.args.get("sourcetype") or UNTOLD,
    }
    if request.json:
        return Response(200, dump_json({"index": index, **told}), JSON)
    fields = {"_index": index, **told}
    inner = "".join(f"<field><name>{k}</name><value>{escape(str(v))}</value></field>" for k, v in fields.items())
    return Response(200, f"<response><results><result>{inner}</result></results></response>".encode(), XML)
