"""One embedded server, composed: the state, the wings over it, the applications that answer, and what runs on its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from caltrop.splunkd.app import ManagementApp
from caltrop.splunkd.intake.intake import Intake
from caltrop.splunkd.rest.edited import EditedContent
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.searching.engine_services import ServerServices
from caltrop.splunkd.searching.searching import Searching
from caltrop.splunkd.state import memory
from caltrop.splunkd.state.settings import Settings
from caltrop.splunkd.state.state import State
from caltrop.splunkd.wire.http import VERSION

JUMP_SECONDS = 3600.0  # more than this between two looks at the clock is no passing of time
TICKER_SECONDS = 2.0  # for what it does to end with the server
IDLE_SECONDS = 30.0  # without a search, after which what is kept for the next one goes
log = logging.getLogger(__name__)


class Daemon:
    """Nothing here knows sockets. The arguments are those of `State`, and `content`, a repository that is edited beside it.

    `management` and `collector` answer requests; `start` begins what runs on its own, `stop` ends everything.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        password: str | None = None,
        addons: Sequence[Path] | None = None,
        clock: Callable[[], float] = time.time,
        version: str = VERSION,
        settings: Settings | None = None,
        content: EditedContent | None = None,
    ) -> None:
        services = ServerServices()
        self.state = State(
            data_dir, services, password=password, addons=addons, clock=clock, version=version, settings=settings
        )
        self.intake = Intake(self.state)
        self.searching = Searching(self.state, self.intake.ingest)
        self.management = ManagementApp(Wings(self.state, self.searching, self.intake, content))
        self.collector = self.intake.collector
        services.attach(self.state, self.searching.jobs, self.searching.alerting, self.management.handle)
        self._rested = False
        self._seen, self._trusted = (self.state.now(), time.monotonic()), 0.0
        self._stop = threading.Event()
        self._ticker: threading.Thread | None = None

    def start(self) -> None:
        self.state.logs.info("loader", "server started")
        self._ticker = threading.Thread(target=self._tick, name="splunkd-ticker", daemon=True)
        self._ticker.start()

    def cancel(self) -> None:
        """End all searches, and take no new ones: the first step of a stop."""
        self.searching.jobs.cancel()

    def stop(self) -> None:
        self._stop.set()
        if self._ticker is not None:
            self._ticker.join(TICKER_SECONDS)
        self.intake.close()
        self.searching.close()
        self.state.logs.info("ShutdownHandler", "server stopped")
        self.state.close()

    def _retain(self) -> None:
        """Retention, but for a while after the clock has jumped: a wrong date must not take events away."""
        wall, steady = self.state.now(), time.monotonic()
        jump = (wall - self._seen[0]) - (steady - self._seen[1])
        self._seen = wall, steady
        if abs(jump) > JUMP_SECONDS:
            self._trusted = steady + JUMP_SECONDS
            text = f"The clock has jumped by {jump:+.0f} seconds; no events are removed for their age in the next hour."
            self.state.logs.warn("TimeKeeper", text)
            self.state.bulletins.add("clock_jumped", text, "warn", wall)
        if steady >= self._trusted:
            self.state.retain()

    def _rest(self) -> None:
        """Give memory back where nobody searches, or where there is too much of it."""
        jobs, kept, most = self.searching.jobs, self.state.instance.kept, self.state.settings.memory
        idle = jobs.idle()
        if 0 < most < memory.taken():
            kept.clear()
            memory.give_back()
            if memory.taken() > most:
                jobs.end_largest(most)
        elif idle > IDLE_SECONDS and not self._rested:
            kept.clear()
            memory.give_back()
        elif jobs.freed():
            memory.give_back()
        self._rested = idle > IDLE_SECONDS

    def _tick(self) -> None:
        """Once a second; a duty that fails is reported and does not stop the others, or itself the next time."""
        state, searching = self.state, self.searching
        duties = (
            state.logs.flush,
            searching.jobs.reap,
            self._rest,
            self._retain,
            lambda: searching.scheduler.run_due(state.now()),
        )
        while not self._stop.wait(1.0):
            for duty in duties:
                try:
                    duty()
                except Exception:
                    log.exception("background work failed")
