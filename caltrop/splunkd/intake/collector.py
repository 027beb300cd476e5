"""The HTTP Event Collector: events as JSON or raw, tokens, acknowledgement.

Follows "HTTP Event Collector REST API endpoints", "Format events for HTTP Event Collector" and "About HTTP Event Collector
Indexer Acknowledgment"; status codes are those of "Troubleshoot HTTP Event Collector".
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from caltrop.index import UnknownIndex
from caltrop.knowledge.conffile import truth
from caltrop.splunkd.access.authentication import basic_credentials
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.intake.ingest import DEFAULT_INDEX, MAX_FIELDS, Event, Origin
from caltrop.splunkd.wire.atom import dump_json
from caltrop.splunkd.wire.http import JSON, ApiError, Args, Request, Response

MAX_CHANNELS = 10_000
MAX_ACKS = 100_000  # a channel forgets its oldest acknowledgements beyond this
# code -> (HTTP status, text)
CODES: dict[int, tuple[int, str]] = {
    0: (200, "Success"),
    1: (403, "Token disabled"),
    2: (401, "Token is required"),
    3: (401, "Invalid authorization"),
    4: (403, "Invalid token"),
    5: (400, "No data"),
    6: (400, "Invalid data format"),
    7: (400, "Incorrect index"),
    8: (500, "Internal server error"),
    9: (503, "Server is busy"),
    10: (400, "Data channel is missing"),
    11: (400, "Invalid data channel"),
    12: (400, "Event field is required"),
    13: (400, "Event field cannot be blank"),
    14: (400, "ACK is disabled"),
    15: (400, "Error in handling indexed fields"),
    16: (400, "Query string authorization is not enabled"),
    17: (200, "HEC is healthy"),
    18: (503, "HEC is unhealthy, queues are full"),
}


class HecError(Exception):
    """A refusal by code; `number` is the place of the bad event in the body."""

    def __init__(self, code: int, number: int | None = None) -> None:
        super().__init__(CODES[code][1])
        self.code = code
        self.number = number


@dataclass(frozen=True, slots=True)
class HecToken:
    """A token as `inputs.conf` holds it; `indexes` empty means any index."""

    name: str
    token: str
    index: str
    indexes: tuple[str, ...]
    source: str
    sourcetype: str
    host: str
    use_ack: bool
    disabled: bool
    query_authorization: bool


@dataclass(slots=True)
class _Channel:
    next_id: int = 0
    pending: OrderedDict[int, bool] = field(default_factory=OrderedDict)


class CollectorApp:
    """What listens on the HEC port (and, for the same paths, is reachable in process)."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._lock = threading.Lock()
        self._channels: OrderedDict[tuple[str, str], _Channel] = OrderedDict()
        self._tokens: tuple[int, dict[str, HecToken]] = (-1, {})

    def refuse(self, error: ApiError) -> Response:
        if error.status == 404:
            return self._unknown()
        return Response(error.status, dump_json({"text": error.text, "code": 27 if error.status == 413 else 6}), JSON)

    def handle(self, request: Request) -> Response:
        started = self._daemon.clock()
        try:
            response = self._answer(request)
        except HecError as error:
            response = _reply(error.code, number=error.number)
        except ApiError as error:
            response = Response(error.status, dump_json({"text": error.text, "code": 6}), JSON)
        except Exception as error:
            self._daemon.logs.error("HttpInputDataHandler", f"{type(error).__name__}: {error}")
            response = _reply(8)
        self._daemon.logs.access(request, response.status, started)
        return response

    def _answer(self, request: Request) -> Response:
        segments = [s for s in request.segments if s != "1.0"]
        if segments[:1] != ["collector"]:
            return self._unknown()
        request.args = Args()  # the body is never a form, whatever its Content-Type says
        body, request.body = request.body, b""
        request.read_args()
        kind = "/".join(segments[1:]) or "event"
        if kind == "health":
            return _reply(17) if request.method == "GET" else self._not_allowed()
        if kind not in {"event", "raw", "ack"}:
            return self._unknown()
        if request.method != "POST":
            return self._not_allowed()
        token = self._authorize(request)
        channel = request.headers.get("x-splunk-request-channel") or request.args.get("channel")
        if kind == "ack":
            return self._acknowledge(token, channel, body)
        if token.use_ack or kind == "raw":
            self._check_channel(token, channel)
        if not body.strip():
            raise HecError(5)
        if kind == "raw":
            self._store_raw(token, request, body)
        else:
            self._daemon.ingest.events(self._events(token, request, body))
        return _reply(0, ack=self._next_ack(token, channel) if token.use_ack else None)

    # -- tokens --------------------------------------------------------------------------------------------------------

    def tokens(self) -> dict[str, HecToken]:
        """Token value -> token, read again when the configuration changed."""
        config = self._daemon.config
        if self._tokens[0] != config.generation:
            view = config.stanzas("inputs")
            base = view["http"].values() if "http" in view else {}
            found = {}
            for name, stanza in view.items():
                if name.startswith("http://") and stanza.get("token"):
                    values = {"index": "", **{k: v for k, v in base.items() if k in {"index"}}, **stanza.values()}
                    found[values["token"].lower()] = _token(name.removeprefix("http://"), values)
            self._tokens = (config.generation, found)
        return self._tokens[1]

    def _authorize(self, request: Request) -> HecToken:
        header = request.headers.get("authorization", "")
        scheme, _, secret = header.partition(" ")
        in_query = False
        if not header:
            secret = request.args.get("token")
            if not secret:
                raise HecError(2)
            in_query = True
        elif scheme.lower() == "basic":
            secret = basic_credentials(secret.strip())[1]
        elif scheme.lower() != "splunk" or not secret.strip():
            raise HecError(3)
        token = self.tokens().get(secret.strip().lower())
        if token is None:
            raise HecError(4)
        if token.disabled or self._globally_disabled():
            raise HecError(1)
        if in_query and not token.query_authorization:
            raise HecError(16)
        return token

    def _globally_disabled(self) -> bool:
        return truth(self._daemon.config.get("inputs", "http", "disabled"))

    # -- events --------------------------------------------------------------------------------------------------------

    def _store_raw(self, token: HecToken, request: Request, body: bytes) -> None:
        args = request.args
        wanted = {k: args.maybe(k) for k in ("index", "host", "source", "sourcetype")}
        origin = self._origin(token, wanted, 0, kind="raw")
        time = args.maybe("time")
        if not self._daemon.ingest.raw(body, origin, time=_time(time, 0) if time else None):
            raise HecError(5)

    def _origin(self, token: HecToken, wanted: dict[str, Any], number: int, *, kind: str) -> Origin:
        for key, value in wanted.items():
            if value is not None and not isinstance(value, str):
                raise HecError(6, number) if key != "index" else HecError(7, number)
        index = wanted.get("index") or token.index or DEFAULT_INDEX
        if index == "default":
            index = DEFAULT_INDEX
        try:
            self._daemon.ingest.check_index(index)
        except UnknownIndex:
            raise HecError(7, number) from None
        if token.indexes and index not in token.indexes:
            raise HecError(7, number)
        return Origin(
            index,
            wanted.get("host") or token.host or f"127.0.0.1:{self._daemon.hec_port}",
            wanted.get("source") or token.source or f"http:{token.name}",
            wanted.get("sourcetype") or token.sourcetype or f"httpevent{'-raw' if kind == 'raw' else ''}",
        )

    def _events(self, token: HecToken, request: Request, body: bytes) -> list[Event]:
        defaults = {k: request.args.maybe(k) for k in ("index", "host", "source", "sourcetype")}
        found = []
        for number, item in enumerate(json_items(body)):
            if not isinstance(item, dict):
                raise HecError(6, number)
            if "event" not in item:
                raise HecError(12, number)
            event = item["event"]
            if event is None or (isinstance(event, str) and not event.strip()):
                raise HecError(13, number)
            wanted = {k: item.get(k, default) for k, default in defaults.items()}
            origin = self._origin(token, wanted, number, kind="event")
            raw = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False, separators=(",", ":"))
            time = item.get("time")
            found.append(Event(raw, origin, None if time is None else _time(time, number), _fields(item, number)))
        if not found:
            raise HecError(5)
        return found

    # -- acknowledgement -----------------------------------------------------------------------------------------------

    def _check_channel(self, token: HecToken, channel: str) -> None:
        if not channel:
            raise HecError(10)
        if len(channel) > 128 or not all(c.isalnum() or c in "-_" for c in channel):
            raise HecError(11)
        key = (token.token, channel)
        with self._lock:
            if key not in self._channels:
                self._channels[key] = _Channel()
                while len(self._channels) > MAX_CHANNELS:
                    self._channels.popitem(last=False)
            self._channels.move_to_end(key)

    def _next_ack(self, token: HecToken, channel: str) -> int:
        """The number of a request whose events are stored: appending is durable, so it is acknowledged at once."""
        with self._lock:
            state = self._channels.setdefault((token.token, channel), _Channel())
            number = state.next_id
            state.next_id += 1
            state.pending[number] = True
            while len(state.pending) > MAX_ACKS:
                state.pending.popitem(last=False)
            return number

    def _acknowledge(self, token: HecToken, channel: str, body: bytes) -> Response:
        if not token.use_ack:
            raise HecError(14)
        self._check_channel(token, channel)
        try:
            wanted = json.loads(body)["acks"]
            numbers = [int(n) for n in wanted]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise HecError(6) from None
        with self._lock:
            state = self._channels[(token.token, channel)]
            # An acknowledgement is told once and then forgotten.
            answer = {str(n): state.pending.pop(n, False) for n in numbers}
        return Response(200, dump_json({"acks": answer}), JSON)

    def _unknown(self) -> Response:
        return Response(404, dump_json({"text": "The requested URL was not found on this server.", "code": 404}), JSON)

    def _not_allowed(self) -> Response:
        return Response(405, dump_json({"text": "Method Not Allowed", "code": 405}), JSON, [("Allow", "POST")])


def json_items(body: bytes) -> list[Any]:
    """Stacked JSON values, or the members of arrays among them; code 6 with the number of the bad one."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HecError(6, 0) from None
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    items: list[Any] = []
    at, end = 0, len(text)
    while True:
        while at < end and text[at] in " \t\r\n,":
            at += 1
        if at >= end:
            return items
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            raise HecError(6, len(items)) from None
        items.extend(value if isinstance(value, list) else [value])


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _time(value: Any, number: int) -> float:
    """Epoch seconds as number or text; larger units are recognised by their size."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise HecError(6, number)
    try:
        time = float(value)
    except (ValueError, OverflowError):
        raise HecError(6, number) from None
    if not 0 <= time < 1e20:
        raise HecError(6, number)
    while time > 1e11:
        time /= 1000.0
    return time


def _fields(item: dict[str, Any], number: int) -> dict[str, str | list[str]]:
    """Indexed fields: flat; a value is text, number, boolean, or a list of those."""
    given = item.get("fields")
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > MAX_FIELDS:
        raise HecError(15, number)
    found: dict[str, str | list[str]] = {}
    for name, value in given.items():
        values = value if isinstance(value, list) else [value]
        if any(isinstance(v, (dict, list)) for v in values) or not name or name.startswith("_"):
            raise HecError(15, number)
        texts = [_text(v) for v in values if v is not None]
        if texts:
            found[name] = texts if len(texts) > 1 else texts[0]
    return found


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)


def _token(name: str, values: dict[str, str]) -> HecToken:
    return HecToken(
        name,
        values["token"],
        values.get("index", ""),
        tuple(i.strip() for i in values.get("indexes", "").replace(";", ",").split(",") if i.strip()),
        values.get("source", ""),
        values.get("sourcetype", ""),
        values.get("host", ""),
        truth(values.get("useACK")),
        truth(values.get("disabled")),
        truth(values.get("allowQueryStringAuth")),
    )


def _reply(code: int, *, ack: int | None = None, number: int | None = None) -> Response:
    status, text = CODES[code]
    body: dict[str, Any] = {"text": text, "code": code}
    if number is not None:
        body["invalid-event-number"] = number
    if ack is not None:
        body["ackId"] = ack
    return Response(status, dump_json(body), JSON)
