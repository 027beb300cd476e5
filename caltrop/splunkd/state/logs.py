"""The server's own log, as events: `index=_internal` (splunkd, splunkd_access, scheduler) and `index=_audit`.

Lines are kept in memory and written together: before a search runs, when many wait, and once a second by the daemon.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from caltrop.index import frames

if TYPE_CHECKING:
    from caltrop.splunkd.wire.http import Request

MAX_WAITING = 5_000
LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "CRIT", "FATAL")
COMPONENTS = (
    "AlertActions", "ApplicationManager", "ArchiveProcessor", "AuditLogger", "HttpInputDataHandler", "HttpListener",
    "IndexProcessor", "SavedSplunker", "ShutdownHandler", "loader",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Line:
    time: float
    raw: str
    source: str
    sourcetype: str
    index: str


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


class Logs:
    """Thread-safe. `append` stores an event frame; `host` is the server's name."""

    def __init__(
        self, append: Callable[[pl.DataFrame], None], folder: str, host: str, clock: Callable[[], float]
    ) -> None:
        self._append = append
        self._folder = folder
        self._host = host
        self._clock = clock
        self._lock = threading.Lock()
        self._storing = threading.RLock()  # storing may log
        self._waiting: list[_Line] = []
        self.levels = dict.fromkeys(COMPONENTS, "INFO")  # a component says nothing below its level

    def info(self, component: str, text: str) -> None:
        self._splunkd("INFO", component, text)

    def warn(self, component: str, text: str) -> None:
        self._splunkd("WARN", component, text)

    def error(self, component: str, text: str) -> None:
        self._splunkd("ERROR", component, text)

    def _splunkd(self, level: str, component: str, text: str) -> None:
        if LEVELS.index(level) < LEVELS.index(self.levels.get(component, "INFO")):
            return
        now = self._clock()
        stamp = datetime.fromtimestamp(now, UTC).strftime("%m-%d-%Y %H:%M:%S.%f")[:-3]
        raw = f"{stamp} +0000 {level:<5} {component} - {_one_line(text)}"
        self._add(_Line(now, raw, f"{self._folder}/splunkd.log", "splunkd", "_internal"))

    def access(self, request: Request, status: int, started: float) -> None:
        """One line for each request answered, in the form of a web server's access log."""
        now = self._clock()
        stamp = datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S.%f")[:-3]
        user = request.user.name if request.user else "-"
        agent = _one_line(request.headers.get("user-agent", "-")).replace('"', "'")
        target = _one_line(request.target).replace('"', "'")
        raw = (
            f'127.0.0.1 - {user} [{stamp} +0000] "{request.method} {target} HTTP/1.1" {status} - '
            f'"-" "{agent}" - {round((now - started) * 1000)}ms'
        )
        self._add(_Line(now, raw, f"{self._folder}/splunkd_access.log", "splunkd_access", "_internal"))

    def scheduler(self, text: str) -> None:
        now = self._clock()
        stamp = datetime.fromtimestamp(now, UTC).strftime("%m-%d-%Y %H:%M:%S.%f")[:-3]
        raw = f"{stamp} +0000 INFO  SavedSplunker - {_one_line(text)}"
        self._add(_Line(now, raw, f"{self._folder}/scheduler.log", "scheduler", "_internal"))

    def audit(self, user: str, action: str, **facts: str) -> None:
        if LEVELS.index(self.levels["AuditLogger"]) > LEVELS.index("INFO"):
            return
        now = self._clock()
        stamp = datetime.fromtimestamp(now, UTC).strftime("%m-%d-%Y %H:%M:%S.%f")[:-3]
        more = "".join(f", {key}={_one_line(value)}" for key, value in facts.items())
        raw = f"Audit:[timestamp={stamp}, user={user}, action={action}{more}]"
        self._add(_Line(now, raw, "audittrail", "audittrail", "_audit"))

    def _add(self, line: _Line) -> None:
        with self._lock:
            self._waiting.append(line)
            full = len(self._waiting) >= MAX_WAITING
        if full:
            self.flush()

    def flush(self) -> None:
        """Store what waits; on return it is searchable, also where another thread was about to store it."""
        with self._storing:
            with self._lock:
                lines, self._waiting = self._waiting, []
            if lines:
                self._store(lines)

    def _store(self, lines: list[_Line]) -> None:
        frame = frames.build(
            pl.Series("_raw", [line.raw for line in lines], dtype=pl.String),
            pl.Series("_time", [line.time for line in lines], dtype=pl.Float64),
            host=self._host,
            source=pl.Series([line.source for line in lines], dtype=pl.String),
            sourcetype=pl.Series([line.sourcetype for line in lines], dtype=pl.String),
            index=pl.Series([line.index for line in lines], dtype=pl.String),
            now=self._clock(),
        )
        self._append(frame)
