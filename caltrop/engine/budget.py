"""The search that runs in this thread: whether it should stop, and what it may take.

A search works in bounded steps and asks between them (`check`, `steps`): before a command, a segment, a slice of an extraction, an
eval function, every so many rows of a loop. What makes more than it was given asks before it makes it (`rows`, `size`). Outside a
search all of them say yes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from caltrop import children
from caltrop.engine.errors import Cancelled, Finalized, SearchError

T = TypeVar("T")
STEP = 1_024  # rows of a loop between two checks
PART = 65_536  # rows that are worked on at once where each may become many
GRACE = 0.5  # seconds that a finalized search has to go on with what it read
LONGEST = 16 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What one search may make: rows of a table, bytes of all its values, bytes of one value."""

    rows: int = 10_000_000
    memory: int = 1 << 30
    value: int = LONGEST


class Stop:
    """From outside: end, finalize or hold a search. Thread-safe.

    `seconds` is what it may take at most; `size` are the bytes of the table that it made last.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._until = None if seconds is None else time.monotonic() + seconds
        self._asked = False  # anything but to go on: the only thing that `check` looks at
        self._ended = self._paused = False
        self._finalized: float | None = None
        self.children = children.Owner()
        self._condition = threading.Condition()
        self.size = 0

    def end(self) -> None:
        """The search raises `Cancelled` at its next step, and the processes that it waits for are ended."""
        with self._condition:
            self._ended = self._asked = True
            self._condition.notify_all()
        self.children.end()

    def finalize(self) -> None:
        """The search reads no more, and goes on with what it has; soon after, it gives what it has come to."""
        with self._condition:
            self._paused = False
            if self._finalized is None:
                self._finalized, self._asked = time.monotonic(), True
            self._condition.notify_all()

    def pause(self, paused: bool = True) -> None:
        with self._condition:
            self._paused = paused
            self._asked = self._asked or paused
            self._condition.notify_all()

    @property
    def finalized(self) -> bool:
        return self._finalized is not None

    @property
    def ended(self) -> bool:
        return self._ended

    def check(self) -> None:
        """Raises Cancelled or Finalized; waits while the search is paused."""
        if self._until is not None and time.monotonic() > self._until:
            self.end()
        if not self._asked:
            return
        with self._condition:
            while self._paused and not self._ended:
                self._condition.wait(1.0)
        if self._ended:
            raise Cancelled("the search was cancelled")
        if self._finalized is not None and time.monotonic() - self._finalized > GRACE:
            raise Finalized("the search was finalized")


@dataclass(slots=True)
class _Running:
    stop: Stop
    limits: Limits


_running: ContextVar[_Running | None] = ContextVar("running search", default=None)


@contextmanager
def running(stop: Stop, limits: Limits) -> Iterator[None]:
    """What this thread does inside belongs to one search."""
    token = _running.set(_Running(stop, limits))
    try:
        with children.owned(stop.children):
            yield
    finally:
        _running.reset(token)


def check() -> None:
    """Between two steps. Raises Cancelled or Finalized."""
    here = _running.get()
    if here is not None:
        here.stop.check()


def steps(items: Iterable[T]) -> Iterator[T]:
    """The items, with a check every so often."""
    here = _running.get()
    if here is None:
        yield from items
        return
    left = STEP
    for item in items:
        left -= 1
        if not left:
            here.stop.check()
            left = STEP
        yield item


def parts(column: pl.Series) -> Iterator[pl.Series]:
    """A column in parts, with a check before each; one without rows is one part."""
    for start in range(0, max(len(column), 1), PART):
        check()
        yield column.slice(start, PART)


def reads_on() -> bool:
    """False for a search that was finalized: it reads no further events."""
    here = _running.get()
    return here is None or not here.stop.finalized


# --- limits -----------------------------------------------------------------------------------------------------------


def allowed() -> Limits:
    here = _running.get()
    return Limits() if here is None else here.limits


def rows(count: int, columns: int = 1) -> None:
    """Before a table of that many rows and columns is made. Raises SearchError."""
    most = allowed()
    if count > most.rows:
        raise SearchError(
            f"the search makes {count:,} rows, more than the {most.rows:,} that it may",
            hint="filter or summarise before; `caltrop serve --search-rows` allows more",
        )
    size(16 * count * columns)


def size(count: int) -> None:
    """Before that many bytes are made, or as soon as they are known. Raises SearchError."""
    most = allowed()
    if count > most.memory:
        raise SearchError(
            f"the search needs {count >> 20:,} MB for its values, more than the {most.memory >> 20:,} MB that it may",
            hint="keep fewer fields or rows; `caltrop serve --search-memory` allows more",
        )


def made(frame: pl.DataFrame) -> None:
    """A table between two commands. Raises SearchError."""
    here = _running.get()
    if here is None:
        return
    bytes_ = int(frame.estimated_size())
    here.stop.size = bytes_
    rows(frame.height)
    size(bytes_)


def column(made: pl.Series) -> None:
    """A column that was just computed: its bytes, and the length of its values. Raises SearchError."""
    bytes_ = int(made.estimated_size())
    most = allowed().value
    if bytes_ <= most:
        return  # no value of it is longer than all of them
    size(bytes_)
    lengths = made.list.eval(pl.element().str.len_bytes()).list.max() if made.dtype == pl.List(pl.String) else None
    if made.dtype == pl.String:
        lengths = made.str.len_bytes()
    if lengths is not None:
        value(int(str(lengths.max() or 0)))


def value(length: int) -> None:
    """Before a value of that many bytes is made, or as soon as it is known. Raises SearchError."""
    most = allowed().value
    if length > most:
        raise SearchError(
            f"a value would have {length:,} bytes, more than the {most:,} that it may",
            hint="shorten it with substr(); `caltrop serve --value-length` allows more",
        )
