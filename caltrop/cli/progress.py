"""How far something is, on a terminal; nothing at all where stderr is none."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")


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
