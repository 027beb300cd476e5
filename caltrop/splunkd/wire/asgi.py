"""ASGI around the synchronous applications: reads the body (bounded), runs the handler in a worker thread, sends."""

from __future__ import annotations

import asyncio
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.types import Receive, Scope, Send

from caltrop.splunkd.wire.http import ApiError, Application, Request, Response

UNKNOWN = 64 << 10  # bytes of a body that are read of anybody; more of it from those who may send it only
MAX_MEMBERS = 64  # of one gzip body; each costs a copy of what follows it
STEP = 1 << 20  # bytes that are inflated at once
IDLE_SECONDS = 30.0  # between two pieces of a body
BODY_SECONDS, BODY_RATE = 60.0, 64 << 10  # a body may take that long, and a second more for so many bytes
DRAIN_BYTES, DRAIN_SECONDS = 256 << 20, 10.0  # of a refused body, thrown away so that the client reads the answer


class AsgiApp:
    """One listener's ASGI application. `pool` bounds how many handlers run at once."""

    def __init__(self, application: Application, port: int, pool: ThreadPoolExecutor) -> None:
        self._application = application
        self._port = port
        self._pool = pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}; {value}" if name == "cookie" and name in headers else value
        gone = threading.Event()
        body = _Body(receive, headers)
        try:
            request = self._application.receives(
                scope["method"],
                scope["raw_path"].decode("latin-1"),
                scope["query_string"].decode("latin-1"),
                headers,
                port=self._port,
                gone=gone.is_set,
            )
            response = await self._read(request, body)
        except ApiError as error:
            response = self._application.refuse(error)
        except ConnectionError:
            return
        if response is not None:
            await body.drain()
            # What is left of the body would be taken for the next request.
            response.headers.append(("connection", "close"))
        else:
            watch = asyncio.create_task(_watch(receive, gone))
            try:
                response = await _in_pool(self._pool, self._application.handle, request)
            finally:
                watch.cancel()
        await _send(self._pool, response, send)

    async def _read(self, request: Request, body: _Body) -> Response | None:
        """Give the request its body; the answer instead where the caller may not send it."""
        if not body.compressed and (body.length or 0) <= UNKNOWN and await body.read(UNKNOWN):
            request.body = body.taken()
            return None
        allowed = await _in_pool(self._pool, self._application.admit, request)
        if isinstance(allowed, Response):
            return allowed
        most: int = allowed
        if body.length is not None and body.length > most:
            raise ApiError(413, f"Content-Length of {body.length} too large (maximum is {most})")
        if not await body.read(most):
            raise ApiError(413, f"Request body is too large (maximum is {most})")
        data = body.taken()
        request.body = await _in_pool(self._pool, inflate, data, most) if body.compressed else data
        return None


class _Body:
    """The body of a request as it comes. Raises ApiError for one that cannot be read, ConnectionError when the client went away
    before its end."""

    def __init__(self, receive: Receive, headers: Mapping[str, str]) -> None:
        self._receive = receive
        encoding = headers.get("content-encoding", "").strip().lower()
        self._encoding = encoding
        self.compressed = encoding == "gzip"
        length = headers.get("content-length", "")
        self.length = int(length) if length.isdigit() and len(length) < 20 else None
        self._parts: list[bytes] = []
        self._size = 0
        self._began = time.monotonic()
        self._ended = False

    async def read(self, most: int) -> bool:
        """Read on to the end; False as soon as there are more bytes than that, which are kept."""
        if self._encoding not in {"", "identity", "gzip"}:
            raise ApiError(415, f"Content-Encoding {self._encoding} is not supported (gzip is)")
        while not self._ended:
            if self._size > most:
                return False
            part = await self._next(min(IDLE_SECONDS, self._left()))
            self._size += len(part)
            if part:
                self._parts.append(part)
        return self._size <= most

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data

    async def drain(self) -> None:
        """Throw away what still comes, within limits."""
        self._parts.clear()
        until = time.monotonic() + DRAIN_SECONDS
        left = DRAIN_BYTES
        try:
            while not self._ended and left > 0 and (seconds := until - time.monotonic()) > 0:
                left -= len(await self._next(seconds))
        except (ApiError, ConnectionError):
            return

    def _left(self) -> float:
        return self._began + BODY_SECONDS + self._size / BODY_RATE - time.monotonic()

    async def _next(self, seconds: float) -> bytes:
        try:
            message = await asyncio.wait_for(self._receive(), max(seconds, 0.0))
        except TimeoutError:
            self._ended = True
            raise ApiError(408, "The body of the request did not come in time") from None
        if message["type"] == "http.disconnect":
            raise ConnectionError
        self._ended = not message.get("more_body", False)
        part: bytes = message.get("body", b"")
        return part


async def _watch(receive: Receive, gone: threading.Event) -> None:
    """Notice that the client goes away while its request is answered."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            gone.set()
            return


async def _in_pool(pool: ThreadPoolExecutor, function: Any, *args: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(pool, function, *args)


def inflate(data: bytes, most: int) -> bytes:
    """Gunzip all members, a bounded step at a time; 400 for damaged data, 413 for data that would not stop."""
    parts: list[bytes] = []
    left = most
    members = 0
    while data or not members:
        if members == MAX_MEMBERS:
            raise ApiError(413, f"The body has more than {MAX_MEMBERS} gzip members")
        members += 1
        machine = zlib.decompressobj(wbits=31)
        while not machine.eof:
            try:
                part = machine.decompress(data, STEP)
            except zlib.error:
                raise ApiError(400, "The body is not valid gzip data") from None
            data = machine.unconsumed_tail
            left -= len(part)
            if left < 0:
                raise ApiError(413, f"The body inflates to more than {most} bytes")
            if part:
                parts.append(part)
            elif not machine.eof and not data:
                raise ApiError(400, "The gzip data ends too early")
        data = machine.unused_data
    return b"".join(parts)


async def _send(pool: ThreadPoolExecutor, response: Response, send: Send) -> None:
    headers = [(b"content-type", response.content_type.encode("latin-1"))]
    headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    body = response.body
    if isinstance(body, bytes):
        if response.status != 204:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    while True:
        part = await _in_pool(pool, _next, body)
        await send({"type": "http.response.body", "body": part or b"", "more_body": part is not None})
        if part is None:
            return


def _next(body: Iterator[bytes]) -> bytes | None:
    return next(body, None)
