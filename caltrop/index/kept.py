"""What is dear to compute, kept for the searches that follow: bounded by the bytes that it costs, whoever keeps it."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Any

MOST = 512 << 20  # bytes; `caltrop serve --keep-memory`
ENTRY = 2_000  # bytes that an entry costs besides its value


class Kept:
    """At most `most` bytes of values; the one that was not asked for longest goes first. Safe to use from several threads.

    A value belongs to something (a segment) and goes with it: nobody can ask for it afterwards.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._gone: deque[Hashable] = deque()  # filled by the garbage collector, which may interrupt any line here
        self._lock = threading.Lock()

    def count(self, kind: str) -> int:
        """How many values are kept whose key, a tuple, begins with `kind`."""
        with self._lock:
            self._bury()
            return sum(isinstance(key, tuple) and key[0] == kind for key in self._values)

    @property
    def size(self) -> int:
        """Bytes, at most `most`."""
        return self._size

    def get(self, key: Hashable) -> Any:
        """The value, None where there is none."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: Any, size: int, of: object) -> None:
        """Keep a value of that many bytes for as long as `of` is there; one that does not fit at all is not kept."""
        with self._lock:
            self._bury()
            known = self._values.pop(key, None)
            if known is not None:
                self._size -= known[1]
            if size + ENTRY > self._most:
                return
            self._values[key] = value, size + ENTRY
            self._size += size + ENTRY
            while self._size > self._most:
                _, (_, gone) = self._values.popitem(last=False)
                self._size -= gone
        if known is None:
            weakref.finalize(of, self._gone.append, key).atexit = False

    def drop(self, stale: Callable[[Any], bool]) -> None:
        """Forget the values whose key `stale` says yes to."""
        with self._lock:
            for key in [key for key in self._values if stale(key)]:
                self._size -= self._values.pop(key)[1]

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self._size = 0

    def _bury(self) -> None:
        while self._gone:
            known = self._values.pop(self._gone.popleft(), None)
            if known is not None:
                self._size -= known[1]
