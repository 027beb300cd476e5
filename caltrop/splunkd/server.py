"""The running server: listeners on loopback, in one background thread, over one `Daemon`."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import uvicorn

from caltrop.errors import CaltropError
from caltrop.splunkd.console.app import ConsoleApp
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.state import leftovers
from caltrop.splunkd.state.settings import Settings
from caltrop.splunkd.wire import tls
from caltrop.splunkd.wire.asgi import Application, AsgiApp
from caltrop.splunkd.wire.http import VERSION
from caltrop.splunkd.wire.protocol import protocol_class

log = logging.getLogger(__name__)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HANDLER_THREADS = 128  # a blocking search holds one until it ends
START_SECONDS = 30.0
STOP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class _Listener:
    server: uvicorn.Server
    socket: socket.socket


class Server:
    """An embedded Splunk-compatible server.

    Port 0 means that the system chooses one; None (web and HEC) means no such listener. `data_dir` None is a temporary
    directory that is removed at the end. Use as a context manager, or call `start()` and `stop()`.
    """

    def __init__(
        self,
        data_dir: Path | str | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        hec_port: int | None = 0,
        web_port: int | None = None,
        password: str | None = None,
        addons: Sequence[Path] | None = None,
        clock: Callable[[], float] = time.time,
        version: str = VERSION,
        settings: Settings | None = None,
    ) -> None:
        if host not in LOOPBACK:
            raise CaltropError(
                f"the embedded server listens on loopback only, not on {host!r}",
                hint="use 127.0.0.1; reach it from elsewhere through a tunnel of your own",
            )
        self._temporary = _temporary() if data_dir is None else None
        folder = Path(self._temporary.name if self._temporary else str(data_dir))
        self.host = "127.0.0.1" if host == "localhost" else host
        self._ports = (port, hec_port, web_port)
        self.daemon = Daemon(folder, password=password, addons=addons, clock=clock, version=version, settings=settings)
        self.username = "admin"
        self.password = self.daemon.state.password
        self._listeners: list[_Listener] = []
        self._thread: threading.Thread | None = None
        self._pool = ThreadPoolExecutor(HANDLER_THREADS, thread_name_prefix="splunkd")
        self._stopped = False

    # -- addresses -----------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        return self.daemon.state.mgmt_port

    @property
    def hec_port(self) -> int:
        return self.daemon.state.hec_port

    @property
    def web_port(self) -> int:
        return self.daemon.state.web_port

    @property
    def url(self) -> str:
        return f"https://{_bracket(self.host)}:{self.port}"

    @property
    def hec_url(self) -> str:
        return f"https://{_bracket(self.host)}:{self.hec_port}"

    # -- preparing (also before start) ---------------------------------------------------------------------------------

    def install(self, package: Path) -> str:
        """Install or update an app from a package or folder; its name."""
        return self.daemon.state.install(package, update=True)

    def create_hec_token(self, name: str, token: str, **settings: str) -> None:
        """Make sure that a collector token of this name and value exists."""
        values = {"token": token, "disabled": "0", **settings}
        self.daemon.state.config.set("inputs", f"http://{name}", values, app="splunk_httpinput")

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self) -> Server:
        """Listen; returns when requests are answered."""
        port, hec_port, web_port = self._ports
        context = tls.server_context(self.daemon.state.data_dir / "auth")
        sockets = [None if wanted is None else _bind(self.host, wanted) for wanted in (port, hec_port, web_port)]
        management, hec, web = sockets
        assert management is not None
        self.daemon.state.mgmt_port = management.getsockname()[1]
        self.daemon.state.hec_port = hec.getsockname()[1] if hec else 0
        self.daemon.state.web_port = web.getsockname()[1] if web else 0
        self._listeners.append(self._listener(self.daemon.management, management, context))
        if hec:
            self._listeners.append(self._listener(self.daemon.collector, hec, context))
        if web:
            console = ConsoleApp(self.daemon.management, management.getsockname()[1])
            self._listeners.append(self._listener(console, web, None))
        self._thread = threading.Thread(target=self._run, name="splunkd", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not all(listener.server.started for listener in self._listeners):
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise CaltropError("the server did not start")
            time.sleep(0.005)
        self.daemon.start()
        return self

    def stop(self) -> None:
        """Cancel searches, answer what else is under way, then stop. Idempotent.

        A thread that does not end holds up nothing: it is left to the end of the process.
        """
        if self._stopped:
            return
        self._stopped = True
        self.daemon.cancel()
        for listener in self._listeners:
            listener.server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.daemon.stop()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _listener(self, app: Application, sock: socket.socket, context: ssl.SSLContext | None) -> _Listener:
        port = sock.getsockname()[1]
        config = uvicorn.Config(
            AsgiApp(app, port, self._pool),
            http=protocol_class(self.daemon.management.open_stream, port),
            interface="asgi3",
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            backlog=512,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=2,
            ssl_context_factory=None if context is None else (lambda config, default: context),
        )
        return _Listener(uvicorn.Server(config), sock)

    def _run(self) -> None:
        async def serve() -> None:
            await asyncio.gather(*(listener.server.serve([listener.socket]) for listener in self._listeners))

        asyncio.run(serve())


def _temporary() -> tempfile.TemporaryDirectory[str]:
    """A data directory for this run; those of servers that were killed go first."""
    for folder in leftovers.sweep():
        log.warning("removed %s, left by a server that was killed", folder)
    return tempfile.TemporaryDirectory(prefix=leftovers.PREFIX, ignore_cleanup_errors=True)


def _bind(host: str, port: int) -> socket.socket:
    # Named as TCP, since asyncio turns off Nagle's algorithm only where it knows: else a body waits 40 ms for its header's ACK.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise CaltropError(
            f"cannot listen on {host} port {port}: {error.strerror}", hint="choose other ports; 0 takes a free one"
        ) from error
    return sock


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host
