"""The wire by itself: ASGI without a server, the head of a connection, certificates, names of pages."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Scope
from uvicorn.config import Config
from uvicorn.server import ServerState

from caltrop.errors import CaltropError
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.server import Server
from caltrop.splunkd.wire import asgi, tls
from caltrop.splunkd.wire.http import TEXT, ApiError, Request, Response, Sink
from caltrop.splunkd.wire.protocol import SplunkdProtocol, protocol_class
from tests.patience import PATIENCE


class Echo:
    """Answers with what it got."""

    receives = Request
    most = 200_000

    def admit(self, request: Request) -> int | Response:
        return Response(401, b"who are you", TEXT) if request.segments == ["secret"] else self.most

    def handle(self, request: Request) -> Response:
        if request.segments == ["pieces"]:
            return Response(200, iter([b"one ", b"two"]), TEXT)
        if request.segments == ["nothing"]:
            return Response(204)
        return Response(200, b"|".join([request.method.encode(), request.query.encode(), request.body]), TEXT)

    def refuse(self, error: ApiError) -> Response:
        return Response(error.status, error.text.encode(), TEXT)


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def asked(pool: ThreadPoolExecutor, path: str, *pieces: bytes, gone: bool = False, **headers: str) -> list[Message]:
    """What an application sends back for a body that comes in pieces; with `gone` the client hangs up after them."""
    waiting: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    waiting.append({"type": "http.disconnect"} if gone else {"type": "http.request", "body": b""})
    sent: list[Message] = []

    async def receive() -> Message:
        while not waiting:  # as a client that waits for its answer
            await asyncio.sleep(60)
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    target, _, query = path.partition("?")
    scope: Scope = {
        "type": "http", "method": "POST", "raw_path": target.encode(), "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    asyncio.run(asgi.AsgiApp(Echo(), 8089, pool)(scope, receive, send))
    return sent


def test_a_body_in_pieces_is_one_body(pool: ThreadPoolExecutor) -> None:
    start, body = asked(pool, "/services/x?a=1", b"one ", b"two")
    assert (start["status"], body["body"]) == (200, b"POST|a=1|one two")
    assert (b"content-length", b"16") in start["headers"]
    assert asked(pool, "/services/x", gzip.compress(b"packed"), content_encoding="gzip")[1]["body"].endswith(b"packed")


def test_an_answer_in_pieces(pool: ThreadPoolExecutor) -> None:
    start, *bodies = asked(pool, "/services/pieces")
    assert b"content-length" not in dict(start["headers"])
    assert [(m["body"], m["more_body"]) for m in bodies] == [(b"one ", True), (b"two", True), (b"", False)]
    assert b"content-length" not in dict(asked(pool, "/services/nothing")[0]["headers"])


def test_half_a_body_is_no_request(pool: ThreadPoolExecutor) -> None:
    assert asked(pool, "/services/x", b"half", gone=True) == []


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/elsewhere", b"", {}, 404),
        ("/services/x", b"x", {"content_encoding": "br"}, 415),
        ("/services/x", b"not gzip", {"content_encoding": "gzip"}, 400),
        ("/services/x", b"x", {"content_length": str(Echo.most + 1)}, 413),
        ("/services/secret", b"x", {"content_length": str(asgi.UNKNOWN + 1)}, 401),
        ("/services/secret", b"not gzip", {"content_encoding": "gzip"}, 401),
        ("/services/secret", b"x" * (asgi.UNKNOWN + 1), {}, 401),
        ("/services/x", gzip.compress(b"x" * (Echo.most + 1)), {"content_encoding": "gzip"}, 413),
    ],
)
def test_what_never_becomes_a_request(
    pool: ThreadPoolExecutor, path: str, body: bytes, headers: dict[str, Any], status: int
) -> None:
    start, _ = asked(pool, path, body, **headers)
    assert start["status"] == status
    assert (b"connection", b"close") in start["headers"], "the rest of the body is not the next request"


def test_a_body_that_grows_too_large(pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "UNKNOWN", 2)
    monkeypatch.setattr(Echo, "most", 5)
    assert asked(pool, "/services/x", b"123", b"456")[0]["status"] == 413
    assert asked(pool, "/services/x", b"123", b"45")[0]["status"] == 200
    assert asked(pool, "/services/secret", b"123", b"45")[0]["status"] == 401
    assert asked(pool, "/services/secret", b"12")[0]["status"] == 200, "little is read of anybody"


# --- the head of a connection -------------------------------------------------------------------------------------------


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed, self.paused = b"", False, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class Kept:
    def __init__(self) -> None:
        self.data, self.closed = b"", False

    def feed(self, data: bytes) -> None:
        if data == b"fail":
            raise CaltropError("the index is gone")
        self.data += data

    def close(self) -> None:
        self.closed = True


def connection(pieces: list[bytes], sink: Sink | None) -> tuple[Transport, list[Request]]:
    """A connection that gets these bytes and then the end; what it wrote, and the requests for streams it saw."""
    seen: list[Request] = []

    def open_stream(request: Request) -> Sink | None:
        seen.append(request)
        return sink

    async def run() -> Transport:
        config = Config(
            asgi.AsgiApp(Echo(), 8089, ThreadPoolExecutor(1)), interface="asgi3", log_config=None, access_log=False
        )
        config.load()
        made: type[SplunkdProtocol] = protocol_class(open_stream, 8089)
        protocol = made(config, ServerState(), {}, asyncio.get_running_loop())
        transport = Transport()
        protocol.connection_made(transport)
        for piece in pieces:
            protocol.data_received(piece)
            await asyncio.sleep(0)
        protocol.eof_received()
        async with asyncio.timeout(PATIENCE):
            while protocol.tasks:
                await asyncio.sleep(0.01)
        protocol.shutdown()
        protocol.connection_lost(None)
        return transport

    return asyncio.run(run()), seen


HEAD = b"POST /services/receivers/stream?source=s HTTP/1.1\r\nHost: x\r\nX-Mark: y\r\n\r\n"


@pytest.mark.parametrize("cut", [0, 3, 20, len(HEAD) - 1, len(HEAD)])
def test_a_stream_goes_to_its_sink_however_it_is_cut(cut: int) -> None:
    sink = Kept()
    transport, (request,) = connection([HEAD[:cut], HEAD[cut:] + b"one ", b"two"], sink)
    assert (sink.data, sink.closed) == (b"one two", True)
    assert (request.segments, request.query, request.headers["x-mark"]) == (["receivers", "stream"], "source=s", "y")
    assert transport.written == b"", "nobody reads an answer"


def test_a_stream_that_may_not_be(daemon: Daemon, admin: Client) -> None:
    transport, _ = connection([HEAD + b"data"], None)
    assert transport.written.startswith(b"HTTP/1.1 401") and transport.closed
    transport, _ = connection([HEAD, b"fail", b"more"], Kept())
    assert transport.closed
    request = Request("POST", "/services/receivers/stream", "source=streamed", dict(admin.headers))
    sink = daemon.management.open_stream(request)
    assert sink is not None
    sink.feed(b"an event\n")
    sink.close()
    assert daemon.management.open_stream(Request("POST", "/services/receivers/stream")) is None
    nowhere = Request("POST", "/services/receivers/stream", "index=nowhere", dict(admin.headers))
    assert daemon.management.open_stream(nowhere) is None


@pytest.mark.parametrize(
    "data",
    [
        b"POST /services/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /services/receivers/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        b"GET /services/x HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_any_other_request_is_answered(data: bytes) -> None:
    transport, streams = connection([data], None)
    assert transport.written.startswith(b"HTTP/1.1 200") and not streams


# --- the rest -----------------------------------------------------------------------------------------------------------


def test_a_certificate_is_made_once_and_again_before_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, key = tls.certificate(tmp_path / "auth")
    first = cert.read_bytes()
    assert key.stat().st_mode & 0o077 == 0, "nobody else reads the key"
    tls.certificate(tmp_path / "auth")
    assert cert.read_bytes() == first
    assert isinstance(tls.server_context(tmp_path / "auth"), ssl.SSLContext)
    monkeypatch.setattr(tls, "LIFETIME", timedelta(days=6))
    cert.unlink()
    short = tls.certificate(tmp_path / "auth")[0].read_bytes()
    assert tls.certificate(tmp_path / "auth")[0].read_bytes() != short, "within a week of its end"


@pytest.mark.parametrize("host", ["0.0.0.0", "example.org", "::"])
def test_loopback_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(CaltropError, match="loopback only"):
        Server(tmp_path, host=host)


def test_a_failure_inside_is_an_answer(admin: Client, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon.state.bulletins, "all", lambda: 1 / 0)
    answer = admin.get("messages")
    assert (answer.status, answer.messages) == (500, ["Internal server error: ZeroDivisionError"])


def test_background_work_goes_on_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    made = Daemon(tmp_path, password="x", addons=())
    monkeypatch.setattr(made.state.logs, "flush", lambda: 1 / 0)
    monkeypatch.setattr(made.searching.jobs, "reap", lambda: ran.append("reap"))
    monkeypatch.setattr(made._stop, "wait", lambda seconds: len(ran) >= 2)
    made._tick()
    assert ran == ["reap", "reap"]
    monkeypatch.undo()
    made.stop()
