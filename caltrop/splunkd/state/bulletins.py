"""Server-wide messages (`/services/messages`), `restart_required` among them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

RESTART = "restart_required"


@dataclass(frozen=True, slots=True)
class Bulletin:
    name: str
    text: str
    severity: str
    created: float


class Bulletins:
    """Messages by name; a later one of the same name replaces the earlier. In memory: a restart clears them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[str, Bulletin] = {}

    def add(self, name: str, text: str, severity: str, now: float) -> Bulletin:
        bulletin = Bulletin(name, text, severity, now)
        with self._lock:
            self._all[name] = bulletin
        return bulletin

    def remove(self, name: str) -> None:
        with self._lock:
            self._all.pop(name, None)

    def clear(self) -> None:
        with self._lock:
            self._all.clear()

    def all(self) -> list[Bulletin]:
        with self._lock:
            return list(self._all.values())
