"""ASGI around the synchronous applications: reads the body (bounded), runs the handler in a worker thread, sends."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

from caltrop.splunkd.wire.http import ApiError, Request, Response

MAX_BODY = 512 * 1024 * 1024  # as sent; splunkd's default for its listener is of this order
MAX_INFLATED = 1024 * 1024 * 1024
MAX_MEMBERS = 64  # of one gzip body; each costs a copy of what follows it


class Application(Protocol):
    def handle(self, request: Request) -> Response: ...

    def refuse(self, error: ApiError) -> Response:
        """The answer to a request that never became one (unknown root, body too large)."""
        ...


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
        try:
            body = await _read_body(receive, headers)
            if body is None:
                return
            request = Request(
                scope["method"],
                scope["raw_path"].decode("latin-1"),
                scope["query_string"].decode("latin-1"),
                headers,
                body,
                self._port,
            )
        except ApiError as error:
            response = self._application.refuse(error)
            # What is left of the body would be taken for the next request.
            response.headers.append(("connection", "close"))
        else:
            response = await _in_pool(self._pool, self._application.handle, request)
        await _send(self._pool, response, send)


async def _in_pool(pool: ThreadPoolExecutor, function: Any, *args: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(pool, function, *args)


async def _read_body(receive: Receive, headers: dict[str, str]) -> bytes | None:
    """The whole body as it was before any compression; None when the client went away before its end."""
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip"}:
        raise ApiError(415, f"Content-Encoding {encoding} is not supported (gzip is)")
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > MAX_BODY:
        raise ApiError(413, f"Content-Length of {length} too large (maximum is {MAX_BODY})")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise ApiError(413, f"Request body is too large (maximum is {MAX_BODY})")
        if part:
            parts.append(part)
        if not message.get("more_body", False):
            break
    body = b"".join(parts)
    return inflate(body) if encoding == "gzip" else body


def inflate(data: bytes, limit: int = MAX_INFLATED) -> bytes:
    """Gunzip all members; 400 for damaged data, 413 for data that would not stop."""
    parts: list[bytes] = []
    left = limit
    while data or not parts:
        if len(parts) == MAX_MEMBERS:
            raise ApiError(413, f"The body has more than {MAX_MEMBERS} gzip members")
        machine = zlib.decompressobj(wbits=31)
        try:
            parts.append(machine.decompress(data, left + 1))  # 0 would mean no limit
        except zlib.error:
            raise ApiError(400, "The body is not valid gzip data") from None
        left -= len(parts[-1])
        if left < 0 or machine.unconsumed_tail:
            raise ApiError(413, f"The body inflates to more than {limit} bytes")
        if not machine.eof:
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
