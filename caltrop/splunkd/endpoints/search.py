"""About searches, without running them: `search/parser`, `search/typeahead`, `search/timeparser`, `search/fields`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from caltrop.dialect.moments import time_bound
from caltrop.dialect.strftime import strftime
from caltrop.dialect.zones import TimeError
from caltrop.engine import registry
from caltrop.splunkd.rest import releases
from caltrop.splunkd.rest.collection import route
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.searching.jobs import as_rest_search
from caltrop.splunkd.searching.parsed import described
from caltrop.splunkd.wire.atom import dump_json, escape, iso_time, xml_value
from caltrop.splunkd.wire.http import JSON, XML, ApiError, Request, Response
from caltrop.splunkd.wire.results import CSV, csv_lines

METADATA = ("host", "source", "sourcetype")
MAX_SUGGESTIONS = 1_000


def _check_mode(request: Request) -> None:
    mode = request.args.maybe("output_mode")
    if mode is not None and mode.lower() not in {"json", "xml"}:
        raise ApiError(400, "Invalid output_mode.", "FATAL")


@route("search/parser", "GET", "POST")
@route("search/v2/parser", "GET", "POST")
def parser(wings: Wings, request: Request) -> Response:
    """The commands of a search; 400 for one that cannot be parsed."""
    owner, app = request.place()
    _check_mode(request)
    query = request.args.get("q")
    if not query.strip():
        raise ApiError(400, "Invalid query.", "FATAL")
    document = described(wings.searching.jobs.check(as_rest_search(query), app, owner))
    if request.args.get("output_mode", "json" if "v2" in request.segments else "xml") == "json":
        return Response(200, dump_json(document), JSON)
    return Response(
        200,
        f'<?xml version="1.0"?>\n<response xmlns:s="http://dev.splunk.com/ns/rest">{xml_value(document)}</response>'.encode(),
        XML,
    )


@route("search/typeahead", "GET", "POST")
def typeahead(wings: Wings, request: Request) -> Response:
    """What may follow a prefix: `field=value` of the default fields, with counts; else commands. CSV where no mode is asked for."""
    mode = request.args.get("output_mode", "csv").lower()
    if mode not in {"csv", "json", "xml"}:
        raise ApiError(400, "Invalid output_mode.", "FATAL")
    prefix, count = request.args.get("prefix"), request.args.integer("count", 30)
    field, equals, begun = prefix.partition("=")
    found: list[dict[str, Any]]
    if equals:
        values = _values(wings, request, field.strip())
        wanted = begun.strip().strip('"').lower()
        found = [
            {"content": f'{field}="{value}"', "count": size, "operator": field.strip() == "index"}
            for value, size in values
            if value.lower().startswith(wanted)
        ]
    else:
        names = [*METADATA, "index", *registry.commands]
        found = [
            {"content": n, "count": 0, "operator": n in registry.commands}
            for n in names
            if n.startswith(prefix.lower())
        ]
    shown = sorted(found, key=lambda f: (-f["count"], f["content"]))[: max(0, min(count, MAX_SUGGESTIONS))]
    if not shown:
        return Response(204)
    if mode == "json":
        return Response(200, dump_json({"results": shown}), JSON)
    if mode == "csv":
        names = ["content", "count", "operator"]
        rows = [{name: _word(item[name]) for name in names} for item in shown]
        return Response(200, b"".join(csv_lines(names, rows)), CSV)
    inner = "".join(
        f"<result offset='{n}'>"
        + "".join(f"<field k='{k}'><value><text>{escape(str(v))}</text></value></field>" for k, v in item.items())
        + "</result>"
        for n, item in enumerate(shown)
    )
    return Response(
        200, f"<?xml version='1.0' encoding='UTF-8'?>\n<results preview='0'>{inner}</results>".encode(), XML
    )


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _values(wings: Wings, request: Request, field: str) -> Iterable[tuple[str, int]]:
    state = wings.state
    allowed = [i for i in state.store.indexes() if state.roles.may_search(request.account.roles, i)]
    if state.roles.filter(request.account.roles):  # counts are of what the caller may see
        rows = state.instance.search(f'| typeahead prefix="{_plain(field)}=" count={MAX_SUGGESTIONS} index=* index=_*',
                                     user=request.account.name).table.frame  # fmt: skip
        texts = zip(rows["content"], rows["count"], strict=True) if rows.height else ()
        return [(text.partition("=")[2], size) for text, size in texts]
    if field == "index":
        return [(name, wings.state.store.info(name).count) for name in allowed]
    if field in METADATA:
        return [(value, tally[0]) for value, tally in wings.state.store.metadata(field, allowed).items()]
    return []


def _plain(field: str) -> str:
    return field if field in (*METADATA, "index") else ""


@route("search/timeparser", "GET", "POST")
def timeparser(wings: Wings, request: Request) -> Response:
    """The `time` argument as ISO 8601, or in `output_time_format`, as of `now`; 400 unless it can be read."""
    _check_mode(request)
    form = request.args.get("output_time_format")
    times = request.args.all("time")
    try:
        if not times or (len(times) > 1 and not releases.parses_several_times(wings.state.version)):
            raise ApiError(400, "Invalid time.", "FATAL")
        asked = request.args.get("now").strip()
        now = time_bound(asked, wings.state.now()) if asked else wings.state.now()
        epochs = {text: time_bound(text, now) for text in times}
    except TimeError:
        raise ApiError(400, "Invalid time.", "FATAL") from None
    answers = {text: (strftime(t, form) or "") if form else iso_time(t) for text, t in epochs.items()}
    if request.json:
        return Response(200, dump_json(answers), JSON)
    inner = f'<response xmlns:s="http://dev.splunk.com/ns/rest">{xml_value(answers)}</response>'
    return Response(200, f'<?xml version="1.0" encoding="UTF-8"?>\n{inner}'.encode(), XML)
