"""The HTTP Event Collector: events as JSON or raw, tokens, acknowledgement.

Follows "HTTP Event Collector REST API endpoints", "Format events for HTTP Event Collector" and "About HTTP Event Collector
Indexer Acknowledgment"; status codes are those of "Troubleshoot HTTP Event Collector".
"""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from caltrop.dialect.words import truth
from caltrop.index import UnknownIndex, hec
from caltrop.index.hec import HecError
from caltrop.splunkd.access.authentication import basic_credentials
from caltrop.splunkd.intake.ingest import Event, Ingest
from caltrop.splunkd.intake.origin import DEFAULT_INDEX, Origin
from caltrop.splunkd.state.state import State
from caltrop.splunkd.wire.atom import dump_json
from caltrop.splunkd.wire.http import COLLECTOR_HEAD, JSON, ApiError, Args, Request, Response, dressed, parse_args

MAX_BODY = 256 << 20  # bytes of one request, where limits.conf says no number
MAX_CHANNELS = 10_000
# Data of mobile devices and of forwarders, which are not taken here: what is told of a body that is none, as of any.
ELSEWHERE = {"mint": 5, "s2s": 6}
# What a channel is called: any GUID. Another name is an invalid channel, as the documentation has it.
_GUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
MAX_ACKS = 100_000  # a channel forgets its oldest acknowledgements beyond this


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

    receives = Request

    def __init__(self, state: State, ingest: Ingest) -> None:
        self._state = state
        self._ingest = ingest
        self._lock = threading.Lock()
        self._channels: OrderedDict[tuple[str, str], _Channel] = OrderedDict()
        self._tokens: tuple[int, dict[str, HecToken]] = (-1, {})

    def refuse(self, error: ApiError) -> Response:
        if error.status == 404:
            return dressed(self._unknown(), COLLECTOR_HEAD)
        body = {"text": error.text, "code": 27 if error.status == 413 else 6}
        return dressed(Response(error.status, dump_json(body), JSON), COLLECTOR_HEAD)

    def admit(self, request: Request) -> int | Response:
        """Whether the token is good, before a large body is read: bytes, or the refusal."""

        def ask() -> Response:
            kind = self._kind(request)
            if isinstance(kind, Response):
                return kind
            self._authorize(request)
            return Response()

        response = self._guarded(request, ask, log_access=False)
        return self._most() if response.status == 200 else response

    def _most(self) -> int:
        """Bytes that one request may have, by limits.conf."""
        stanza = self._state.config.stanza("limits", "http_input")
        text = stanza.get("max_content_length") if stanza else ""
        return int(text) if text.isdigit() and int(text) else MAX_BODY

    def handle(self, request: Request) -> Response:
        return self._guarded(request, lambda: self._answer(request), log_access=True)

    def _guarded(self, request: Request, ask: Callable[[], Response], *, log_access: bool) -> Response:
        started = self._state.clock()
        try:
            response = ask()
        except HecError as error:
            response = _reply(error.status, number=error.number)
        except ApiError as error:
            response = Response(error.status, dump_json({"text": error.text, "code": 6}), JSON)
        except Exception as error:
            self._state.logs.error("HttpInputDataHandler", f"{type(error).__name__}: {error}")
            response = _reply(8)
        if log_access or response.status != 200:
            self._state.logs.access(request, response.status, started)
        return dressed(response, COLLECTOR_HEAD)

    def _kind(self, request: Request) -> str | Response:
        """event, raw or ack; anything else is answered at once. Reads the arguments of the query: a body is never a form."""
        segments = [s for s in request.segments if s != "1.0"]
        if segments[:1] != ["collector"]:
            return self._unknown()
        request.args = parse_args(request.query)
        kind = "/".join(segments[1:]) or "event"
        if kind == "health":
            return _reply(17) if request.method == "GET" else self._not_allowed("GET")
        if kind not in {"event", "raw", "ack", *ELSEWHERE}:
            return self._unknown()
        if request.method != "POST":
            return self._not_allowed()
        return kind

    def _answer(self, request: Request) -> Response:
        kind = self._kind(request)
        if isinstance(kind, Response):
            return kind
        body, request.body = request.body, b""
        token = self._authorize(request)
        channel = request.headers.get("x-splunk-request-channel") or request.args.get("channel")
        if kind == "ack":
            return self._acknowledge(token, channel, body)
        if kind in ELSEWHERE:
            raise HecError(ELSEWHERE[kind])
        if token.use_ack or (kind == "raw" and channel):
            self._check_channel(token, channel)
        if not body.strip():
            raise HecError(5)
        if kind == "raw":
            self._store_raw(token, request, body)
        else:
            self._store_events(token, request, body)
        return _reply(0, ack=self._next_ack(token, channel) if token.use_ack else None)

    # -- tokens --------------------------------------------------------------------------------------------------------

    def tokens(self) -> dict[str, HecToken]:
        """Token value -> token, read again when the configuration changed."""
        config = self._state.config
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
        return truth(self._state.config.get("inputs", "http", "disabled"))

    # -- events --------------------------------------------------------------------------------------------------------

    def _store_raw(self, token: HecToken, request: Request, body: bytes) -> None:
        wanted = _wanted(request.args)
        origin = self._origin(token, wanted, hec.Event(""), 0, kind="-raw")
        time = request.args.maybe("time")
        try:
            stored = self._ingest.raw(body, origin, time=hec.time(time) if time else None)
        except UnknownIndex:
            self._lost(origin)
        else:
            if not stored:
                raise HecError(5)

    def _store_events(self, token: HecToken, request: Request, body: bytes) -> None:
        wanted = _wanted(request.args)
        events = [
            Event(event.raw, self._origin(token, wanted, event, number), event.time, event.fields)
            for number, event in enumerate(hec.decode(body))
        ]
        missing = {event.origin for event in events if event.origin.index not in self._state.store}
        for origin in missing:
            self._lost(origin)
        self._ingest.events([event for event in events if event.origin not in missing] if missing else events)

    def _origin(
        self, token: HecToken, wanted: Mapping[str, str | None], event: hec.Event, number: int, *, kind: str = ""
    ) -> Origin:
        """Where an event belongs: what it says itself, then the query, the token, and the collector's defaults.

        A token with a list of indexes refuses any other name, `default` included. Without one any name is taken.
        """
        index = event.index or wanted["index"] or token.index or DEFAULT_INDEX
        if token.indexes and index not in token.indexes:
            raise hec.incorrect_index(number)
        return Origin(
            DEFAULT_INDEX if index == "default" else index,
            event.host or wanted["host"] or token.host or f"127.0.0.1:{self._state.hec_port}",
            event.source or wanted["source"] or token.source or f"http:{token.name}",
            event.sourcetype or wanted["sourcetype"] or token.sourcetype or f"httpevent{kind}",
        )

    def _lost(self, origin: Origin) -> None:
        """Splunk's collector answers before the index is looked for: events for one that is not there are dropped, and
        the server's log says so."""
        self._state.logs.warn(
            "HttpInputDataHandler",
            f"dropped what is for index={origin.index}, which is not there: source={origin.source!r} "
            f"host={origin.host!r} sourcetype={origin.sourcetype!r}",
        )

    # -- acknowledgement -----------------------------------------------------------------------------------------------

    def _check_channel(self, token: HecToken, channel: str) -> None:
        if not channel:
            raise HecError(10)
        if _GUID.fullmatch(channel) is None:
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

    def _not_allowed(self, allowed: str = "POST") -> Response:
        """405, with the body of a path that is not there, as Splunk answers."""
        response = self._unknown()
        response.status = 405
        response.headers.append(("Allow", allowed))
        return response


def _wanted(args: Args) -> dict[str, str | None]:
    return {key: args.maybe(key) for key in ("index", "host", "source", "sourcetype")}


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
    status, text = hec.CODES[code]
    body: dict[str, Any] = {"text": text, "code": code}
    if number is not None:
        body["invalid-event-number"] = number
    if ack is not None:
        body["ackId"] = ack
    return Response(status, dump_json(body), JSON)
