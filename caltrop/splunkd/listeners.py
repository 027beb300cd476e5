"""The doors of a server, answered: uvicorn over its applications, TLS at those that speak it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from caltrop.splunkd.wire import tls
from caltrop.splunkd.wire.asgi import AsgiApp
from caltrop.splunkd.wire.http import Application, Request, Sink
from caltrop.splunkd.wire.protocol import protocol_class

BACKLOG = 512  # connections that wait


@dataclass(frozen=True, slots=True)
class Door:
    """A bound socket, and who answers there."""

    application: Application
    socket: socket.socket
    encrypted: bool = True


class Listeners:
    """`auth` holds, or gets, the certificate; handlers run in `pool`. Nothing is answered before `run`, which ends after `stop`."""

    def __init__(
        self,
        doors: Sequence[Door],
        open_stream: Callable[[Request], Sink | None],
        pool: ThreadPoolExecutor,
        auth: Path,
    ) -> None:
        context = tls.server_context(auth)
        self._sockets = [door.socket for door in doors]
        self._servers = []
        for door in doors:
            port = door.socket.getsockname()[1]
            config = uvicorn.Config(
                AsgiApp(door.application, port, pool),
                http=protocol_class(open_stream, port),
                interface="asgi3",
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                proxy_headers=False,
                backlog=BACKLOG,
                timeout_keep_alive=20,
                timeout_graceful_shutdown=2,
                ssl_context_factory=(lambda config, default: context) if door.encrypted else None,
            )
            self._servers.append(uvicorn.Server(config))

    @property
    def started(self) -> bool:
        return all(server.started for server in self._servers)

    def stop(self) -> None:
        """Answer what is under way, and no more."""
        for server in self._servers:
            server.should_exit = True

    def run(self) -> None:
        async def serve() -> None:
            pairs = zip(self._servers, self._sockets, strict=True)
            await asyncio.gather(*(server.serve([sock]) for server, sock in pairs))

        asyncio.run(serve())
