"""How far something is, on a terminal; nothing at all where stderr is none."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol, TypeVar

T = TypeVar("T")
PATIENCE, TICK = (
    1.0,
    0.25,
)  # seconds until something is said of work whose end is not known, and between two looks at the clock
_WIPE = "\r\x1b[K"


class Bar(Protocol):
    def advance(self, by: float = 1) -> None:
        """So much more is done."""

    def total(self, total: float | None) -> None:
        """How much there is; None where that is not known."""


class _Silent:
    def advance(self, by: float = 1) -> None:
        return

    def total(self, total: float | None) -> None:
        return


@contextmanager
def bar(what: str, total: float | None, *, unit: str = "count") -> Iterator[Bar]:
    """A bar on stderr that goes when it is done. `unit` is "count" or "bytes"."""
    if not sys.stderr.isatty():
        yield _Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    measure = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), measure, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)

        class _Shown:
            def advance(self, by: float = 1) -> None:
                progress.advance(task, by)

            def total(self, total: float | None) -> None:
                progress.update(task, total=total)

        yield _Shown()


def shown(what: str, items: Iterable[T], total: int) -> Iterator[T]:
    """The items, with a bar that follows them."""
    with bar(what, total) as progress:
        for item in items:
            yield item
            progress.advance()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """What goes on, and for how long by now, once that is over a second.

    Told by a timer of this process and not by a thread: a process with threads cannot fork, and content is read by two.
    """
    timed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not sys.stderr.isatty() or not timed or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return
    began, told = time.monotonic(), False

    def tell(_number: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = True
        sys.stderr.write(f"{_WIPE}{what} … {time.monotonic() - began:.0f} s")
        sys.stderr.flush()

    before = signal.signal(signal.SIGALRM, tell)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if told:
            sys.stderr.write(_WIPE)
            sys.stderr.flush()
