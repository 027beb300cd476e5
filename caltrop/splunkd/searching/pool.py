"""Threads that searches run in. They never hold up the end of the process: one that does not end is left behind."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)


class Pool:
    """At most `most` tasks at once, in the order in which they came."""

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._free = 0
        self._lock = threading.Lock()

    def submit(self, task: Callable[[], None]) -> None:
        with self._lock:
            self._free -= 1
            if self._free < 0 and len(self._threads) < self._most:
                number = len(self._threads) + 1
                thread = threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._tasks.put(task)

    def _work(self) -> None:
        with self._lock:
            self._free += 1
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except Exception:
                log.exception("a task failed")
            with self._lock:
                self._free += 1

    def close(self, seconds: float) -> bool:
        """Take nothing more; False where a task has not ended in that time."""
        for _ in self._threads:
            self._tasks.put(None)
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)
