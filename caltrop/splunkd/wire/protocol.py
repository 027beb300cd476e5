"""HTTP/1.1 as uvicorn speaks it, and the one request that HTTP/1.1 does not know.

`POST receivers/stream` has neither a length nor chunks: after its head come raw event bytes until the client hangs up,
and nobody reads an answer (see "receivers/stream" in the REST API reference). The connection is watched until the end of
its first head; if that is such a request, all further bytes go to a sink, else everything is handed to uvicorn unchanged.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from caltrop.errors import CaltropError
from caltrop.splunkd.wire.http import Request, Sink

MAX_HEAD = 64 * 1024
HEAD_SECONDS = 20.0  # for the head of a request, once it has begun
WRITE_SECONDS = 60.0  # for a client to take what was sent to it
MAX_CONNECTIONS = 256  # of one peer to one listener
MAX_WAITING = 64  # pieces of a stream that may wait to be stored before the sender has to
log = logging.getLogger(__name__)
_STREAM = re.compile(rb"POST [^ ]*/receivers/stream/?(?:\?[^ ]*)? HTTP/1\.[01]\r\n")


class SplunkdProtocol(H11Protocol):
    """`open_stream` (set by `protocol_class`) gives the sink of a stream request, or None to refuse it."""

    open_stream: Callable[[Request], Sink | None]
    port: int
    peers: Counter[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: bytes | None = b""  # what has come of the first head; None once it is decided
        self._queue: asyncio.Queue[bytes | None] | None = None
        self._peer = ""
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        address = transport.get_extra_info("peername")
        self._peer = address[0] if address else "?"
        self.peers[self._peer] += 1
        if self.peers[self._peer] > MAX_CONNECTIONS:
            log.warning("%s has more than %d connections", self._peer, MAX_CONNECTIONS)
            transport.abort()
            return
        self._reading = self.loop.call_later(HEAD_SECONDS, transport.abort)

    def _head_has_come(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _read_on(self, data: bytes) -> None:
        """What uvicorn reads; a head that is begun and not finished has its time, also the second of a connection."""
        super().data_received(data)
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy or not self.conn.trailing_data[0]:
            self._head_has_come()
        elif self._reading is None:
            self._reading = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._writing is None:
            self._writing = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def data_received(self, data: bytes) -> None:
        if self._queue is not None:
            self._queue.put_nowait(data)
            if self._queue.qsize() > MAX_WAITING:
                self.transport.pause_reading()
        elif self._head is None:
            self._read_on(data)
        else:
            self._head += data
            self._decide()

    def _decide(self) -> None:
        assert self._head is not None
        end = self._head.find(b"\r\n\r\n")
        if end < 0 and len(self._head) < MAX_HEAD and self._head[:5] == b"POST "[: len(self._head)]:
            return
        head, self._head = self._head, None
        if end < 0 or not _STREAM.match(head) or _sized(head[:end]):
            self._read_on(head)
            return
        self._head_has_come()
        self._unset_keepalive_if_required()
        self._queue = asyncio.Queue()
        self._queue.put_nowait(head[end + 4 :])
        task = self.loop.create_task(self._drain(_request(head[:end], self.port), self._queue))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _drain(self, request: Request, queue: asyncio.Queue[bytes | None]) -> None:
        """Move bytes to the sink in a worker thread, in the order they came."""
        sink = await self.loop.run_in_executor(None, type(self).open_stream, request)
        if sink is None:
            self.transport.write(b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            self.transport.close()
            return
        try:
            while (data := await queue.get()) is not None:
                if queue.empty() and not self.transport.is_closing():
                    self.transport.resume_reading()
                if data:
                    await self.loop.run_in_executor(None, sink.feed, data)
            await self.loop.run_in_executor(None, sink.close)
        except CaltropError as error:  # the index is gone, say; there is nobody to tell
            log.warning("receivers/stream ended: %s", error)
            self.transport.close()

    def eof_received(self) -> None:
        if self._queue is not None:
            self._queue.put_nowait(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._queue is not None:
            self._queue.put_nowait(None)
        self.peers[self._peer] -= 1
        if not self.peers[self._peer]:
            del self.peers[self._peer]
        for timer in (self._reading, self._writing):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """At the end of the server an idle connection is dropped: TLS would wait for the client to say goodbye."""
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.transport.get_write_buffer_size() == 0:
            self.transport.abort()
        else:
            super().shutdown()


def protocol_class(open_stream: Callable[[Request], Sink | None], port: int) -> type[SplunkdProtocol]:
    """A protocol for one listener."""
    own = {"open_stream": staticmethod(open_stream), "port": port, "peers": Counter()}
    return type("ListenerProtocol", (SplunkdProtocol,), own)


def _sized(head: bytes) -> bool:
    """Whether a length or chunks are announced: then it is an ordinary request."""
    names = [line.split(b":", 1)[0].strip().lower() for line in head.split(b"\r\n")[1:]]
    return b"content-length" in names or b"transfer-encoding" in names


def _request(head: bytes, port: int) -> Request:
    lines = head.decode("latin-1").split("\r\n")
    target, _, query = lines[0].split(" ")[1].partition("?")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Request("POST", target, query, headers, port=port)
