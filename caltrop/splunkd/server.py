"""The running server: listeners on loopback, in one background thread, over one `Daemon`."""

from __future__ import annotations

import logging
import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from caltrop.engine import onpath
from caltrop.errors import CaltropError
from caltrop.splunkd.console.app import ConsoleApp
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.rest.edited import EditedContent
from caltrop.splunkd.state import leftovers
from caltrop.splunkd.state.settings import Settings
from caltrop.splunkd.wire.http import VERSION

if TYPE_CHECKING:
    from caltrop.splunkd.listeners import Listeners

log = logging.getLogger(__name__)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HANDLER_THREADS = 128  # a blocking search holds one until it ends
START_SECONDS = 30.0
STOP_SECONDS = 2.0  # for answers that are under way


class Server:
    """An embedded Splunk-compatible server.

    Port 0 means that the system chooses one; None (web and HEC) means no such listener. `data_dir` None is a temporary
    directory that is removed at the end. `asleep`: what answers there is loaded for the first that connects. `content`:
    a repository that is edited beside it, for the console. Use as a context manager, or call `start()` and `stop()`.
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
        asleep: bool = False,
        content: EditedContent | None = None,
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
        self.daemon = Daemon(
            folder,
            password=password,
            addons=addons,
            clock=clock,
            version=version,
            settings=settings,
            content=content,
        )
        self.username = "admin"
        self.password = self.daemon.state.password
        self._asleep = asleep
        self._sockets: list[socket.socket | None] = []  # of `_ports`
        self._bell, self._ring = socket.socketpair()  # wakes what waits for the first connection
        self._listeners: Listeners | None = None
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
        """Listen; returns when requests are answered, or will be. What fails leaves nothing open."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        for wanted in self._ports:
            self._sockets.append(None if wanted is None else _bind(self.host, wanted))
        ports = [0 if sock is None else sock.getsockname()[1] for sock in self._sockets]
        state = self.daemon.state
        state.mgmt_port, state.hec_port, state.web_port = ports
        web = f"http://127.0.0.1:{state.web_port}" if state.web_port else ""
        onpath.tell(state.data_dir, uri=state.url, web=web, version=state.version)
        listeners = None if self._asleep else self._open()
        for sock in self._bound:
            sock.listen()
        self._thread = threading.Thread(target=self._run, name="splunkd", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while listeners is not None and not listeners.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise CaltropError("the server did not start")
            time.sleep(0.005)
        self.daemon.start()

    def stop(self) -> None:
        """Cancel searches, answer what else is under way, then stop. Idempotent.

        A thread that does not end holds up nothing: it is left to the end of the process.
        """
        if self._stopped:
            return
        self._stopped = True
        self.daemon.cancel()
        if self._listeners is not None:
            self._listeners.stop()
        self._ring.close()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for sock in (self._bell, *self._bound):
            sock.close()
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

    @property
    def _bound(self) -> list[socket.socket]:
        return [sock for sock in self._sockets if sock is not None]

    def _open(self) -> Listeners:
        """Make what answers. Sockets, TLS and HTTP are loaded here, since a server in its caller's own process may do without."""
        from caltrop.splunkd.listeners import Door, Listeners

        daemon, (management, collector, web) = self.daemon, self._sockets
        assert management is not None
        doors = [Door(daemon.management, management)]
        if collector is not None:
            doors.append(Door(daemon.collector, collector))
        if web is not None:
            doors.append(Door(ConsoleApp(daemon.management, self.port), web, encrypted=False))
        auth = daemon.state.data_dir / "auth"
        listeners = self._listeners = Listeners(doors, daemon.management.open_stream, self._pool, auth)
        if self._stopped:  # meanwhile
            listeners.stop()
        return listeners

    def _run(self) -> None:
        if self._listeners is not None:
            self._listeners.run()
        elif self._woken():
            self._open().run()

    def _woken(self) -> bool:
        """Wait for the first connection; False for the end of the server."""
        with selectors.DefaultSelector() as selector:
            for sock in (self._bell, *self._bound):
                selector.register(sock, selectors.EVENT_READ)
            return self._bell not in [key.fileobj for key, _ in selector.select()]


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
